"""Whether the disk has room for a job, asked before it begins: a run of hours must not end because a file can't be written.

What a job writes, from what it starts from:
- its folder (DATA_DIR): the merged weights, as large as the base's at the precision that is trained in; ten adapters' worth of adapter and
  checkpoints (each an adapter with its two moments; two are kept while a third is written); a little for rows, answers and tokenizers;
- the store (ARTIFACTS_DIR, where it is a folder): the merged weights and the adapter once more;
- the cache (DATA_DIR, where the store is remote): the base, unless it is there already.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from gpu_runner.errors import JobInterrupted
from gpu_runner.settings import RunnerSettings
from runtime.artifacts.store import ArtifactStore
from schemas.events.model_current import ModelCurrent

DATA: Final = "DATA_DIR"
ARTIFACTS: Final = "ARTIFACTS_DIR"
_SMALL_FILES: Final = 128 << 20
_ADAPTERS_IN_FOLDER: Final = 10
_HALVES: Final = frozenset({"bfloat16", "float16"})
# Where config.json does not say what the layers are like: LoRA of rank 16 on the linear layers of an 8B model is 1 % of its bytes.
_ADAPTER_SHARE: Final = 0.01


class NoRoom(JobInterrupted):
    """The disk lacks room for the job, which says nothing about its samples: the attempt may be repeated once there is some."""

    def __init__(self, message: str, missing: Mapping[str, int]) -> None:
        super().__init__(message)
        self.missing = dict(missing)


@dataclass(frozen=True, slots=True)
class Need:
    """What a job will write, in bytes."""

    data: int
    artifacts: int


def adapter_bytes(config: Mapping[str, Any], rank: int, base_bytes: int) -> int:
    """The size of a LoRA adapter of every linear layer, in fp32, from a Llama-like config.json; an estimate for any other.

    >>> adapter_bytes({"hidden_size": 8, "intermediate_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}, 4, 0)
    4352
    """
    try:
        hidden, inner, layers = (int(config[name]) for name in ("hidden_size", "intermediate_size", "num_hidden_layers"))
        heads = int(config["num_attention_heads"])
        head = int(config.get("head_dim") or hidden // heads)
        keys = head * int(config.get("num_key_value_heads") or heads)
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return int(base_bytes * _ADAPTER_SHARE * rank / 16)
    attention = 2 * (hidden + heads * head) + 2 * (hidden + keys)
    return 4 * rank * layers * (attention + 3 * (hidden + inner))


def need_of(config: Mapping[str, Any], base_bytes: int, rank: int, *, gpu: bool, local_store: bool, cached: bool) -> Need:
    """What a job writes that starts from this base. Without a GPU it trains in fp32, which doubles a base in 16 bits."""
    halved = str(config.get("dtype") or config.get("torch_dtype") or "").removeprefix("torch.") in _HALVES
    merged = base_bytes * (2 if halved and not gpu else 1)
    adapter = adapter_bytes(config, rank, base_bytes)
    data = merged + _ADAPTERS_IN_FOLDER * adapter + _SMALL_FILES + (0 if local_store or cached else base_bytes)
    return Need(data, merged + adapter if local_store else 0)


class DiskRoom:
    """The room of an installation; remembers the last job that had none, for /health. Every method blocks."""

    def __init__(self, store: ArtifactStore, settings: RunnerSettings) -> None:
        self._store = store
        self._settings = settings
        self._refused: tuple[str, Need] | None = None

    def require(self, job_id: str, serving: ModelCurrent, rank: int, folder: Path) -> None:
        """Raises NoRoom, which names the place, what is free and what is needed; what the job's folder holds already counts as written."""
        need = self._need(serving, rank)
        need = Need(max(need.data - _size_bytes(folder), 0), need.artifacts)
        missing = self.missing(need)
        if any(missing.values()):
            self._refused = (job_id, need)
            raise NoRoom(self._shortage(job_id, need), missing)
        self._refused = None

    def missing(self, need: Need) -> dict[str, int]:
        """The bytes that are missing at each place so that DISK_RESERVE_MB would stay free; both share what is free on one file system."""
        reserve = self._settings.disk_reserve_mb << 20
        places = self._disks()
        if len(places) == 1:
            return {DATA: max(need.data + reserve - _free(places[DATA]), 0), ARTIFACTS: 0}
        if _device(places[DATA]) == _device(places[ARTIFACTS]):
            return {DATA: max(need.data + need.artifacts + reserve - _free(places[DATA]), 0), ARTIFACTS: 0}
        asked = {DATA: need.data, ARTIFACTS: need.artifacts}
        return {name: max(asked[name] + reserve - _free(path), 0) for name, path in places.items()}

    def report(self) -> dict[str, Any]:
        """What /health says: the free bytes of each place; unhealthy where the last job had no room and still has none."""
        free = {f"{name.lower()}_free_bytes": _free(path) for name, path in self._disks().items()}
        job_id, need = self._refused or ("", Need(0, 0))
        if not any(self.missing(need).values()):
            return {"status": "healthy", **free}
        error = self._shortage(job_id, need) if job_id else f"less than DISK_RESERVE_MB={self._settings.disk_reserve_mb} is free"
        return {"status": "unhealthy", "error": error, **free}

    def _need(self, serving: ModelCurrent, rank: int) -> Need:
        uri = serving.artifact_uri
        base_bytes = sum(int(stamp.partition(":")[0]) for stamp in self._store.stamps(uri).values())
        try:
            config = json.loads(self._store.read_bytes(f"{uri}/config.json")) if self._store.exists(f"{uri}/config.json") else {}
        except ValueError:
            config = {}
        return need_of(
            config if isinstance(config, dict) else {}, base_bytes, rank, gpu=shutil.which("nvidia-smi") is not None,
            local_store=self._store.local_path(uri) is not None,
            cached=(self._settings.cache_dir() / serving.artifact_sha256).is_dir(),
        )  # fmt: skip

    def _disks(self) -> dict[str, Path]:
        data = {DATA: self._settings.data_dir}
        return data if self._settings.minio_endpoint else data | {ARTIFACTS: self._settings.artifacts_root()}

    def _shortage(self, job_id: str, need: Need) -> str:
        free = ", ".join(f"{name} {path} has {_gb(_free(path))} free" for name, path in self._disks().items())
        return (
            f"no room on the disk for job {job_id}: it writes {_gb(need.data)} to {DATA} and {_gb(need.artifacts)} to the store, and "
            f"{self._settings.disk_reserve_mb} MB (DISK_RESERVE_MB) stay free; {free}: make room, its samples are not at fault"
        )


def _gb(size_bytes: int) -> str:
    return f"{size_bytes / 1e9:.1f} GB"


def _free(path: Path) -> int:
    return shutil.disk_usage(_there(path)).free


def _device(path: Path) -> int:
    return _there(path).stat().st_dev


def _there(path: Path) -> Path:
    """The folder, or the nearest above it that exists."""
    path = path.absolute()
    return next(candidate for candidate in (path, *path.parents) if candidate.exists())


def _size_bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else 0
