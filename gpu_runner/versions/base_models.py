"""Base models: their slugs, what an AWQ copy is trained on, and where a base is looked for.

A base that can't be found or can't be trained is an error that lists every place; another one is never taken instead.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from gpu_runner.errors import RunnerError
from gpu_runner.model_folder.weight_files import weights_fault
from runtime.artifacts.store import ArtifactError, ArtifactStore, files_below
from schemas.model_name import model_slug
from schemas.reading.json_text import UnreadableJson, read_json

# An AWQ copy can't be trained or merged into (huggingface/peft#1853), so training takes the full-precision base,
# quantised to NF4. Lower-case name to (slug of docs/requirements.md's MinIO paths, training base).
AWQ_COPIES: Final[dict[str, tuple[str, str]]] = {
    "meta-llama/llama-3.1-8b-instruct-awq": ("llama-3.1-8b-instruct-awq", "meta-llama/Llama-3.1-8B-Instruct"),
    "mistralai/mistral-nemo-instruct-2407-awq": ("mistral-nemo-instruct-awq", "mistralai/Mistral-Nemo-Instruct-2407"),
    "google/gemma-3-12b-it-awq": ("gemma-3-12b-it-awq", "google/gemma-3-12b-it"),
}

_REVISION: Final = re.compile(r"^(?P<name>[^@\s]+)@(?P<revision>[0-9a-f]{40})$")
_HUB_NAME: Final = re.compile(r"^[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*$")
_WEIGHTS: Final = (".safetensors", ".bin")


class BaseNotFound(RunnerError):
    """No usable base model; `places` says where it was looked for and what was wrong there."""

    def __init__(self, name: str, places: Sequence[str]) -> None:
        super().__init__(f"base model {name!r} was not found; looked for: " + "; ".join(places))
        self.name = name
        self.places = tuple(places)


@dataclass(frozen=True, slots=True)
class BaseLocation:
    """Where a base lies: a local folder, a folder key of the store, or a hub id with its pinned revision."""

    kind: Literal["folder", "store", "hub"]
    where: str
    revision: str | None = None


def slug_of(base_model: str) -> str:
    """The `model_id` of a base model; raises ValueError for a name that has none.

    >>> slug_of("meta-llama/Llama-3.1-8B-Instruct-AWQ"), slug_of("abhyas/tiny-llama"), slug_of("/models/My Model")
    ('llama-3.1-8b-instruct-awq', 'tiny-llama', 'my-model')
    """
    try:
        return model_slug(base_model)
    except ValueError:
        message = "base_model has no usable name: expected org/name, org/name@<40 hex digits> or a folder"
        raise ValueError(message) from None


def training_base(base_model: str) -> str:
    """The full-precision name that training starts from; every other name is its own.

    >>> training_base("meta-llama/Llama-3.1-8B-Instruct-AWQ")
    'meta-llama/Llama-3.1-8B-Instruct'
    """
    name = _without_revision(base_model)
    return AWQ_COPIES.get(name.lower(), ("", name))[1]


def find_base(base_model: str, *, store: ArtifactStore, models_dir: Path, data_dir: Path) -> BaseLocation:
    """Where the base lies, without fetching anything; raises BaseNotFound with every place."""
    if base_model.startswith(("/", "./", "../")):
        try:
            return _folder_location(base_model, (models_dir, data_dir))
        except (OSError, ValueError) as error:  # too long, or with a NUL in it
            raise BaseNotFound(base_model, [f"this machine (no folder can have that name: {type(error).__name__})"]) from None
    places: list[str] = []
    slugs = dict.fromkeys((slug_of(base_model), slug_of(training_base(base_model))))
    for slug in slugs:
        fault = folder_fault(models_dir / slug)
        if fault is None:
            return BaseLocation("folder", str(models_dir / slug))
        places.append(f"{models_dir / slug} ({fault})")
    for slug in slugs:
        fault = _stored_fault(store, f"base/{slug}")
        if fault is None:
            return BaseLocation("store", f"base/{slug}")
        places.append(f"s3://{store.bucket}/base/{slug}/ ({fault})")
    pinned = _REVISION.match(base_model)
    if pinned and pinned["name"].lower() not in AWQ_COPIES and _HUB_NAME.match(pinned["name"]):
        return BaseLocation("hub", pinned["name"], pinned["revision"])
    places.append(
        f"the hub (not asked: it takes a full-precision name with a pinned revision, {training_base(base_model)}@<40 hex digits>)"
    )
    raise BaseNotFound(base_model, places)


def fetch_from_hub(location: BaseLocation, into: Path, download: Callable[..., str] | None = None) -> Path:
    """Downloads a hub snapshot of the pinned revision into a folder; raises BaseNotFound that says why it could not.

    `download` is huggingface_hub's `snapshot_download`, which comes with the extra `train`; only this path needs it.
    """
    try:
        fetch = download or _hub_download()
        folder = Path(fetch(location.where, revision=location.revision, local_dir=into, ignore_patterns=["*.pth", "original/*"]))
    except Exception as error:  # the hub's client raises a dozen unrelated kinds; each means the same to the operator
        raise BaseNotFound(location.where, [f"the hub at revision {location.revision} ({type(error).__name__}: {error})"]) from error
    fault = folder_fault(folder)
    if fault is not None:
        raise BaseNotFound(location.where, [f"the hub at revision {location.revision} ({fault})"])
    return folder


def _hub_download() -> Callable[..., str]:
    from huggingface_hub import snapshot_download

    return snapshot_download


def base_files(folder: Path) -> dict[str, Path]:
    """The files of a base folder that belong into the store: not the hub client's own bookkeeping."""
    return {name: path for name, path in files_below(folder).items() if not name.startswith(".cache/")}


def folder_fault(folder: Path) -> str | None:
    """What keeps a local folder from being a base that can be trained; None for a good one."""
    try:
        return _folder_fault(folder)
    except OSError as error:
        return f"can't be read ({error.strerror})"


def _folder_fault(folder: Path) -> str | None:
    if not folder.is_dir():
        return "no such folder"
    config = folder / "config.json"
    if not config.is_file():
        return "no config.json"
    names = [path.name for path in folder.iterdir()]
    return _config_fault(config.read_bytes()) or (weights_fault(folder) if _has_weights(names) else "no *.safetensors or *.bin weights")


def _stored_fault(store: ArtifactStore, key: str) -> str | None:
    try:
        if not store.exists(f"{key}/config.json"):
            return "no config.json"
        fault = _config_fault(store.read_bytes(f"{key}/config.json"))
        return fault or (None if _has_weights(store.list(key)) else "no *.safetensors or *.bin weights")
    except ArtifactError as error:
        return str(error)


def _config_fault(config: bytes) -> str | None:
    try:
        whole = read_json(config).value
    except UnreadableJson:
        return "config.json is not JSON"
    if not isinstance(whole, dict):
        return "config.json is not an object"
    if "quantization_config" in whole:
        return "already quantised (quantization_config in config.json): training needs the full-precision weights"
    return None


def _has_weights(names: Sequence[str]) -> bool:
    return any(name.endswith(_WEIGHTS) for name in names)


def _folder_location(name: str, roots: Sequence[Path]) -> BaseLocation:
    folder = Path(name).resolve()
    if not any(folder.is_relative_to(root.resolve()) for root in roots):
        raise BaseNotFound(name, [f"{folder} (not allowed: expected a folder below MODELS_DIR {roots[0]} or DATA_DIR {roots[1]})"])
    fault = folder_fault(folder)
    if fault is not None:
        raise BaseNotFound(name, [f"{folder} ({fault})"])
    return BaseLocation("folder", str(folder))


def _without_revision(base_model: str) -> str:
    pinned = _REVISION.match(base_model)
    return pinned["name"] if pinned else base_model
