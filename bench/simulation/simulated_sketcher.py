"""A drift baseline's stand-in: feature rows that the text alone decides."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from consumers.drift.features.layout import BINNED, BINS, BLOCKS, CLUSTERS, PHI_SCALE, WIDTH


class SimulatedSketcher:
    """Rows of the form that a featuriser's have, drawn by the text's hash and the name of the baseline; `batches` says how they came."""

    def __init__(self, name: str = "baseline") -> None:
        self.sha256 = hashlib.sha256(name.encode()).hexdigest()
        self.batches: list[int] = []

    def rows(self, texts: Sequence[str]) -> NDArray[np.int64]:
        """One row a document, `(d, WIDTH) int64`."""
        self.batches.append(len(texts))
        return np.stack([self.row(text) for text in texts])

    def row(self, text: str) -> NDArray[np.int64]:
        """The row of one document, `(WIDTH,) int64`."""
        rng = np.random.default_rng(crc32(f"{self.sha256}{text}".encode()))
        row = np.zeros(WIDTH, np.int64)
        row[0] = 1
        row[BLOCKS["phi"].columns] = rng.integers(-PHI_SCALE, PHI_SCALE, BLOCKS["phi"].width, endpoint=True)
        for name in BINNED:
            row[BLOCKS[name].first + rng.integers(BINS)] = 1
        row[BLOCKS["cluster"].first + rng.integers(CLUSTERS)] = 1
        flags = [block.first for block in BLOCKS.values() if block.width == 1]
        row[flags] = rng.integers(2, size=len(flags))
        return row
