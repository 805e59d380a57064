"""Unknown words: each document against all others but its own block's."""

from __future__ import annotations

import numpy as np

from consumers.drift.features.featurise import Quantities
from consumers.drift.features.vocabulary import fit_vocabulary
from consumers.drift.text.code_points import code_points


def unknown(texts: list[str], vocabulary: np.ndarray) -> np.ndarray:
    return Quantities.of(code_points(texts), vocabulary).indicators["unknown_word"] == 1


def test_a_word_of_one_block_alone_is_unknown_to_it() -> None:
    """However often its own block has it; to a later document it is known. What one other block has is nearly unknown."""
    texts = ["नदी किला", "किला किला", "नदी पुल", "पुल राजा नदी", "", "नदी"]
    found = fit_vocabulary(texts, np.array([0, 0, 1, 2, 2, 3]))
    assert unknown(texts, found.known_elsewhere).tolist() == [True, True, False, True, False, False]
    assert found.nearly_unknown.tolist() == [True, True, True, True, False, False]
    assert not unknown(texts, found.known).any()


def test_what_is_unknown_within_is_what_will_be_unknown_of_fresh_documents() -> None:
    """The share of fresh documents with an unknown word is that of the baseline's own against its other blocks."""
    rng = np.random.default_rng(2)

    def drawn(count: int) -> list[str]:
        return [" ".join(f"w{word}" for word in rng.zipf(1.3, 8) % 1_000_003) for _ in range(count)]

    texts = drawn(6_000)
    found = fit_vocabulary(texts, np.arange(6_000))
    within, fresh = unknown(texts, found.known_elsewhere).mean(), unknown(drawn(6_000), found.known).mean()
    assert 0.05 < within < 0.95
    assert abs(within - fresh) < 0.03
