"""Which terms a shift really raised: what an explanation is judged by."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.sparse import csr_matrix

from bench.drift.streams.pools import Pool
from bench.drift.streams.population import FloatArray
from consumers.drift.text.words import split

RISEN: Final = 2.0  # times as many documents hold the term among what the shift brings as before it
_BATCH: Final = 1_000


@dataclass(frozen=True, slots=True)
class PoolTerms:
    """The words of a pool's documents, as the detector splits them: `names`, and which document has which, `(documents, names)`."""

    names: Sequence[str]
    has: csr_matrix

    @staticmethod
    def of(pool: Pool) -> PoolTerms:
        """Seconds for a pool of 100,000."""
        numbers: dict[str, int] = {}
        columns, bounds = list[int](), [0]
        for first in range(0, len(pool), _BATCH):
            found = split(pool.texts[first : first + _BATCH])
            of_document: list[set[int]] = [set() for _ in range(found.documents)]
            for document, name in zip(found.document.tolist(), found.spelled(), strict=True):
                of_document[document].add(numbers.setdefault(name, len(numbers)))
            for mine in of_document:
                columns += sorted(mine)
                bounds.append(len(columns))
        return PoolTerms([*numbers], csr_matrix((np.ones(len(columns)), columns, bounds), shape=(len(pool), len(numbers))))

    def planted(self, added: FloatArray, *usual: FloatArray) -> frozenset[str]:
        """The terms whose share of documents among what a shift adds is at least twice their share in each of the usual mixtures.

        All are probabilities of the pool's documents, so the shares are exact, not sampled.
        """
        brought = added @ self.has
        # A sum of probabilities may miss twice another by its last bit.
        least = RISEN * (1 - 1e-9) * np.max([weights @ self.has for weights in usual], axis=0, initial=0.0)
        return frozenset(self.names[at] for at in np.flatnonzero((brought > 0) & (brought >= least)).tolist())


def precision(told: Sequence[str], planted: Collection[str], at: int | None = None) -> float:
    """The share of planted terms among the terms told, or of `at` places: one that is not filled counts as wrong.

    >>> precision(["a", "b", "c"], {"a", "c"}, at=4)
    0.5
    """
    return sum(term in planted for term in told[:at]) / (at or max(len(told), 1))
