"""The installed embedder with a file of what it embedded before, because thousands of sentences take minutes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gpu_runner.dataset.firewall.embedder import Embedder


class CachedEmbedder:
    """An embedder that asks another one only for texts that are not in `folder`; `save` writes the new ones there."""

    def __init__(self, embedder: Embedder, folder: Path) -> None:
        self.name = embedder.name
        self._embedder = embedder
        self._folder = folder
        self._vectors: dict[str, NDArray[np.float32]] = {}
        self.asked = 0
        if (folder / "emb.json").is_file():
            texts = json.loads((folder / "emb.json").read_text(encoding="utf-8"))
            self._vectors.update(zip(texts, np.load(folder / "emb.npz")["e"].astype(np.float32), strict=True))

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(n, d) float32 of unit length."""
        new = [text for text in dict.fromkeys(texts) if text not in self._vectors]
        self.asked += len(new)
        if new:
            self._vectors.update(zip(new, self._embedder.encode(new), strict=True))
        return np.stack([self._vectors[text] for text in texts])

    def save(self) -> None:
        """Write all vectors."""
        self._folder.mkdir(parents=True, exist_ok=True)
        np.savez(self._folder / "emb.npz", e=np.stack(list(self._vectors.values())))
        (self._folder / "emb.json").write_text(json.dumps(list(self._vectors)), encoding="utf-8")
