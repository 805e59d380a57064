"""An embedder for tests: words of two languages that mean the same point in the same direction."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from gpu_runner.dataset.firewall.canonical import canonical

DIMENSIONS = 64
MEANINGS = {
    word: meaning
    for meaning, words in {
        "who": "who whom किसने person",
        "build": "built build constructed erected बनवाया",
        "stepwell": "stepwell well बावड़ी बावडी",
        "where": "where place कहाँ कहां",
        "open": "open opens खुलता",
    }.items()
    for word in words.split()
}


class ConceptEmbedder:
    """Unit vectors: the sum of a direction for each meaning, function words left out. `texts` are those that it was asked for."""

    name = "concepts"

    def __init__(self) -> None:
        self.texts: list[str] = []

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(n, 64) float32."""
        self.texts += texts
        return np.stack([_vector(text) for text in texts])


def _vector(text: str) -> NDArray[np.float32]:
    total = np.full(DIMENSIONS, 0.2, dtype=np.float32)  # embeddings bunch
    for word in canonical(text).split():
        if word not in {"the", "of", "was", "by", "at", "की", "में", "है", "is"}:
            digest = hashlib.sha256(MEANINGS.get(word, word).encode()).digest()
            total += np.random.default_rng(int.from_bytes(digest[:4], "big")).standard_normal(DIMENSIONS).astype(np.float32)
    return total / np.linalg.norm(total)


@pytest.fixture
def embedder() -> ConceptEmbedder:
    """One that was asked for nothing."""
    return ConceptEmbedder()
