"""An artifact store in memory, which outlives every runner."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from runtime.artifacts.store import ArtifactMissing


class Store:
    """Blobs by key; the simulation has no files."""

    bucket = "models"

    def __init__(self) -> None:
        self._files: dict[str, bytes] = {}

    def exists(self, key: str) -> bool:
        return key in self._files

    def read_bytes(self, key: str) -> bytes:
        if key not in self._files:
            raise ArtifactMissing(f"{key} is not in the store")
        return self._files[key]

    def read_start(self, key: str, size_bytes: int) -> bytes:
        return self.read_bytes(key)[:size_bytes]

    def write_bytes(self, key: str, data: bytes) -> None:
        self._files[key] = data

    def read_file(self, key: str, path: Path) -> None:
        raise ArtifactMissing(f"{key}: the simulation has no files")

    def write_file(self, key: str, path: Path) -> None:
        raise ArtifactMissing(f"{key}: the simulation has no files")

    def write_folder(self, key: str, files: Mapping[str, Path], manifest: bytes) -> None:
        raise ArtifactMissing(f"{key}: the simulation has no files")

    def list(self, prefix: str = "") -> tuple[str, ...]:
        return tuple(sorted(key for key in self._files if key.startswith(f"{prefix}/") or not prefix))

    def stamps(self, prefix: str = "") -> dict[str, str]:
        return {}

    def local_path(self, key: str) -> Path | None:
        return None

    def check(self) -> None:
        return
