"""Which documents are worth showing."""

from __future__ import annotations

import numpy as np

from consumers.drift.terms.table import BUCKETS, HASHED, TermTable, buckets, hashed
from consumers.drift.terms.weights import HEAVIEST, TermWeights
from consumers.drift.text.words import split

TABLE = TermTable.fit(["नदी के पास किला", "the old fort", "नदी में नाव"] * 400)


def counted(word: str, documents: int) -> np.ndarray:
    counts = np.zeros(BUCKETS, np.int32)
    counts[buckets(hashed([word]))] = documents
    return counts


def weight(word: str, counts: np.ndarray, documents: int) -> int:
    return int(TermWeights(TABLE).of(counts, documents)[buckets(hashed([word]))[0]])


def test_a_term_that_rose_weighs_more() -> None:
    """A new term weighs the more the more documents have it, up to a limit; one as frequent as ever, or met twice, weighs as any other."""
    few, many = (weight("बजट", counted("बजट", documents), 1_000) for documents in (6, 60))
    assert 1 < few < many == HEAVIEST
    assert weight("बजट", counted("बजट", 2), 1_000) == 1
    assert weight("नदी", counted("नदी", 667), 1_000) == 1


def test_unseen_words_weigh_by_their_shape() -> None:
    """Without any recent document a shape that the baseline has not weighs most, and every known word one."""
    weights = TermWeights(TABLE).of(np.zeros(BUCKETS, np.int32), 0)
    broken = split(["à¤¨à¤¦à¥€"])
    assert weights[HASHED + broken.shapes(np.array([0]))[0]] > 30
    assert (weights[:HASHED] == 1).all()
