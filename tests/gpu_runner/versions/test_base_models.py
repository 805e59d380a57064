"""A base model is found where it lies or is an error that lists every place; never another one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gpu_runner.versions.base_models import (
    BaseLocation,
    BaseNotFound,
    base_files,
    fetch_from_hub,
    find_base,
    folder_fault,
    slug_of,
    training_base,
)
from runtime.artifacts.store import ArtifactStore

LLAMA = "meta-llama/Llama-3.1-8B-Instruct-AWQ"
REVISION = "0123456789abcdef0123456789abcdef01234567"


def put_model(folder: Path, **config: object) -> Path:
    """A folder that looks like a model."""
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps({"model_type": "llama"} | config))
    (folder / "model.safetensors").write_bytes(safetensors({"w": [0, 4]}, 4))
    return folder


def safetensors(offsets: dict[str, list[int]], size_bytes: int) -> bytes:
    """A file with a header of those tensors and so many bytes of weights after it."""
    header = json.dumps({name: {"dtype": "F32", "shape": [1], "data_offsets": place} for name, place in offsets.items()}).encode()
    return len(header).to_bytes(8, "little") + header + bytes(size_bytes)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (safetensors({"w": [0, 4]}, 3), "model.safetensors has 72 bytes, its header says 73: it is cut or damaged"),
        (safetensors({"w": [0, 4]}, 4)[:20], "model.safetensors is no whole safetensors file (20 bytes)"),
        (b"", "model.safetensors is no whole safetensors file (0 bytes)"),
        ((2).to_bytes(8, "little") + b"[]", "model.safetensors has no readable safetensors header"),
    ],
)
def test_k12_cut_weights_are_told_by_the_files_name(tmp_path: Path, content: bytes, told: str) -> None:
    """A folder whose weights are not whole is no base: said when it is looked for, not after hours."""
    folder = put_model(tmp_path / "base")
    (folder / "model.safetensors").write_bytes(content)
    assert str(folder_fault(folder)).startswith(told)


def test_k12_a_shard_or_tensor_that_the_index_names_is_missing(tmp_path: Path) -> None:
    """The index of several files is compared with what they hold; one that is no index is told too."""
    folder = put_model(tmp_path / "base")
    (folder / "model.safetensors").rename(folder / "model-00001-of-00002.safetensors")
    index = folder / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": {"w": "model-00001-of-00002.safetensors", "v": "model-00002-of-00002.safetensors"}}))
    assert folder_fault(folder) == f"model-00002-of-00002.safetensors is missing, which {index.name} names: fetch the weights again"
    index.write_text(json.dumps({"weight_map": {"v": "model-00001-of-00002.safetensors"}}))
    assert folder_fault(folder) == f"{index.name} names the tensor v, which its file does not hold: fetch the weights again"
    index.write_text(json.dumps({"weight_map": {"w": "model-00001-of-00002.safetensors"}}))
    assert folder_fault(folder) is None
    index.write_text("{}")
    assert str(folder_fault(folder)).startswith(f"{index.name} has no usable field")


def look(name: str, store: ArtifactStore, tmp_path: Path) -> BaseLocation:
    """Looks for a base with MODELS_DIR and DATA_DIR below the test's folder."""
    return find_base(name, store=store, models_dir=tmp_path / "models", data_dir=tmp_path / "data")


@pytest.mark.parametrize(
    ("name", "slug", "base"),
    [
        (LLAMA, "llama-3.1-8b-instruct-awq", "meta-llama/Llama-3.1-8B-Instruct"),
        ("mistralai/Mistral-NeMo-Instruct-2407-AWQ", "mistral-nemo-instruct-awq", "mistralai/Mistral-Nemo-Instruct-2407"),
        ("google/gemma-3-12b-it-AWQ", "gemma-3-12b-it-awq", "google/gemma-3-12b-it"),
        ("abhyas/tiny-llama", "tiny-llama", "abhyas/tiny-llama"),
        (f"meta-llama/Llama-3.1-8B-Instruct@{REVISION}", "llama-3.1-8b-instruct", "meta-llama/Llama-3.1-8B-Instruct"),
    ],
)
def test_names_have_the_slugs_and_training_bases_of_the_table(name: str, slug: str, base: str) -> None:
    """An AWQ name has the slug of docs/requirements.md and trains on its full-precision base; a revision is no part of a name."""
    assert (slug_of(name), training_base(name)) == (slug, base)


@pytest.mark.parametrize("name", ["", "/", "org/…", "x/" + "y" * 101])
def test_a_name_without_a_slug_is_refused(name: str) -> None:
    """A model has to have an id."""
    with pytest.raises(ValueError, match="has no usable name"):
        slug_of(name)


def test_the_mounted_folder_comes_before_the_store(store: ArtifactStore, tmp_path: Path) -> None:
    """MODELS_DIR/<slug> is taken first, then base/<slug>/ of the store."""
    store.write_bytes("base/tiny-llama/config.json", b"{}")
    store.write_bytes("base/tiny-llama/model.safetensors", b"weights")
    assert look("abhyas/tiny-llama", store, tmp_path) == BaseLocation("store", "base/tiny-llama")
    folder = put_model(tmp_path / "models" / "tiny-llama")
    assert look("abhyas/tiny-llama", store, tmp_path) == BaseLocation("folder", str(folder))


def test_an_awq_copy_is_passed_over_for_its_full_precision_base(store: ArtifactStore, tmp_path: Path) -> None:
    """A quantised folder is never trained on, and the error says so where there is no other."""
    put_model(tmp_path / "models" / "llama-3.1-8b-instruct-awq", quantization_config={"quant_method": "awq"})
    with pytest.raises(BaseNotFound, match="already quantised"):
        look(LLAMA, store, tmp_path)
    put_model(tmp_path / "models" / "llama-3.1-8b-instruct")
    assert look(LLAMA, store, tmp_path).where.endswith("/llama-3.1-8b-instruct")


def test_an_absent_base_lists_every_place(store: ArtifactStore, tmp_path: Path) -> None:
    """The error names MODELS_DIR, the store and the hub, each with what is wrong there."""
    with pytest.raises(BaseNotFound) as raised:
        look(LLAMA, store, tmp_path)
    places = raised.value.places
    assert len(places) == 5
    assert f"{tmp_path / 'models' / 'llama-3.1-8b-instruct'} (no such folder)" in places
    assert "s3://models/base/llama-3.1-8b-instruct-awq/ (no config.json)" in places
    assert "meta-llama/Llama-3.1-8B-Instruct@<40 hex digits>" in places[-1]


def test_the_hub_needs_a_pinned_full_precision_revision(store: ArtifactStore, tmp_path: Path) -> None:
    """`org/name@<40 hex>` is fetched; a name without a revision, or an AWQ copy with one, is not."""
    assert look(f"org/name@{REVISION}", store, tmp_path) == BaseLocation("hub", "org/name", REVISION)
    for name in ("org/name", "org/name@main", f"{LLAMA}@{REVISION}"):
        with pytest.raises(BaseNotFound):
            look(name, store, tmp_path)


def test_a_hub_snapshot_is_of_the_pinned_revision(tmp_path: Path) -> None:
    """Exactly this revision is asked for, and what comes has to be a model."""
    asked: list[tuple[str, object]] = []

    def download(name: str, **options: object) -> str:
        asked.append((name, options["revision"]))
        folder = tmp_path / name
        return str(put_model(folder) if name == "org/good" else folder)

    assert fetch_from_hub(BaseLocation("hub", "org/good", REVISION), tmp_path / "x", download) == tmp_path / "org" / "good"
    assert asked == [("org/good", REVISION)]
    with pytest.raises(BaseNotFound, match="no such folder"):
        fetch_from_hub(BaseLocation("hub", "org/bad", REVISION), tmp_path / "x", download)


def test_a_hub_that_can_not_be_reached_is_an_error(tmp_path: Path) -> None:
    """A failed download names the repository and the cause."""

    def download(*_: object, **__: object) -> str:
        raise ConnectionError("no route")

    with pytest.raises(BaseNotFound, match=f"org/name.*the hub at revision {REVISION} .ConnectionError: no route"):
        fetch_from_hub(BaseLocation("hub", "org/name", REVISION), tmp_path / "snapshot", download)


def test_a_folder_outside_the_allowed_roots_is_refused(store: ArtifactStore, tmp_path: Path) -> None:
    """A path may name a model below MODELS_DIR or DATA_DIR, and nothing else on this machine."""
    inside = put_model(tmp_path / "data" / "mine")
    outside = put_model(tmp_path / "elsewhere")
    assert look(str(inside), store, tmp_path) == BaseLocation("folder", str(inside))
    for name in (str(outside), f"{tmp_path}/data/../elsewhere"):
        with pytest.raises(BaseNotFound, match="not allowed"):
            look(name, store, tmp_path)


def test_a_model_folder_has_config_and_weights(tmp_path: Path) -> None:
    """What keeps a folder from being a model is named."""
    folder = put_model(tmp_path / "m")
    assert folder_fault(folder) is None
    (folder / "model.safetensors").unlink()
    assert folder_fault(folder) == "no *.safetensors or *.bin weights"
    (folder / "config.json").write_text("{")
    assert folder_fault(folder) == "config.json is not JSON"
    (folder / "config.json").unlink()
    assert folder_fault(folder) == "no config.json"


def test_the_hub_clients_bookkeeping_stays_out_of_the_store(tmp_path: Path) -> None:
    """Only the model's own files are uploaded."""
    folder = put_model(tmp_path / "m")
    (folder / ".cache" / "huggingface").mkdir(parents=True)
    (folder / ".cache" / "huggingface" / "x.lock").write_text("")
    assert sorted(base_files(folder)) == ["config.json", "model.safetensors"]


def test_k6_a_config_that_can_not_be_read_is_a_fault_of_the_folder(tmp_path: Path, store: ArtifactStore) -> None:
    """Whatever lies there, also what would exhaust a reader's stack; and a name that no folder can have is not found."""
    folder = put_model(tmp_path / "base")
    for content in (b"[" * 100_000, b"\xff\xfe{\x00}\x00", b'{"a": ' + b"[" * 100_000):
        (folder / "config.json").write_bytes(content)
        assert folder_fault(folder) == "config.json is not JSON"
    for name in ("/a\x00b", f"{tmp_path}/{'x' * 300}"):
        with pytest.raises(BaseNotFound, match=r"no folder can have that name|File name too long"):
            find_base(name, store=store, models_dir=tmp_path, data_dir=tmp_path)
