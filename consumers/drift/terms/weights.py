"""How much each term says for showing a document that has it: which documents are sampled, and so which words can be told.

Of the elder recent documents it is known which terms rose; a shift of 5 % of the documents is then most of the sample, not 5 % of it. Words
that the baseline never saw say by their shape how new they are, from the first document on.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from consumers.drift.terms.evidence import signed_root
from consumers.drift.terms.table import BUCKETS, HASHED, Counts, TermTable

# A term of so few documents, or that rose so little, may have done so by chance.
LEAST_DOCUMENTS: Final = 3
LEAST_Z: Final = 2.0
# From 8 deviations on one term is as good as the other: the sample should show many.
HEAVIEST: Final = 64

Weights = NDArray[np.uint8]


class TermWeights:
    """The weights of the terms of one baseline's table."""

    def __init__(self, table: TermTable) -> None:
        self._table = table
        self._shapes = _bounded(((table.counts[HASHED:] + 1) / (table.documents + 1)) ** -0.5)

    def of(self, counts: Counts, documents: int) -> Weights:
        """The weight of each bucket, `(BUCKETS,)` from 1 to HEAVIEST, from the counts of elder recent documents. Half a millisecond.

        A term that rose weighs its evidence squared; the shape of unseen words one over the root of its share of baseline documents.
        """
        weights: Weights = np.ones(BUCKETS, np.uint8)
        weights[HASHED:] = self._shapes
        often = np.flatnonzero(counts[:HASHED] >= LEAST_DOCUMENTS)
        if len(often):
            z = signed_root(counts[often].astype(np.int64), documents, self._table.counts[often].astype(np.int64), self._table.documents)
            weights[often] = np.where(z >= LEAST_Z, _bounded(z * z), 1)
        return weights


def _bounded(found: NDArray[np.float64]) -> Weights:
    return np.clip(np.rint(found), 1, HEAVIEST).astype(np.uint8)
