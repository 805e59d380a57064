"""How much two shares of documents differ: evidence, and the least that the rise is."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

# Half a document more: a term that was never seen is not impossible.
PRIOR_DOCUMENTS: Final = 0.5
# Deviations that a rise is lowered by: the rare term of a large rise is not put above the frequent one of a sure rise.
LIFT_DEVIATIONS: Final = 2.0

Counted = NDArray[np.int64]
Numbers = NDArray[np.float64]


def signed_root(after: Counted, documents: int, before: Counted, baseline_documents: int) -> Numbers:
    """The signed root of the log-likelihood ratio of two binomial shares: about a standard normal where the shares are the same.

    >>> signed_root(np.array([10, 50]), 1000, np.array([500, 500]), 50_000).round(1).tolist()
    [-0.0, 8.9]
    """
    expected: Numbers = before + np.float64(PRIOR_DOCUMENTS)
    after_share, before_share = after / documents, expected / (baseline_documents + 2 * PRIOR_DOCUMENTS)
    both = (after + expected) / (documents + baseline_documents + 2 * PRIOR_DOCUMENTS)
    ratio = _likelihood(after, documents, after_share, both)
    ratio += _likelihood(expected, baseline_documents + 2 * PRIOR_DOCUMENTS, before_share, both)
    found: Numbers = np.sign(after_share - before_share) * np.sqrt(2 * np.maximum(ratio, 0.0))
    return found


def least_lift(after: Counted, documents: int, before: Counted, baseline_documents: int) -> Numbers:
    """The logarithm of the shares' ratio, less LIFT_DEVIATIONS of its standard deviations: how much the term rose at least.

    >>> least_lift(np.array([10, 50]), 1000, np.array([500, 500]), 50_000).round(2).tolist()
    [-0.65, 1.31]
    """
    expected: Numbers = before + np.float64(PRIOR_DOCUMENTS)
    seen = np.maximum(after, PRIOR_DOCUMENTS)
    found: Numbers = np.log(seen / documents * baseline_documents / expected) - LIFT_DEVIATIONS * np.sqrt(1 / seen + 1 / expected)
    return found


def _likelihood(with_term: NDArray[Any], documents: float, share: NDArray[Any], of_both: NDArray[Any]) -> Numbers:
    """The log-likelihood of a share's counts at that share against that of both."""
    tiny = 1e-300
    found: Numbers = with_term * np.log(np.maximum(share, tiny) / of_both)
    found += (documents - with_term) * np.log(np.maximum(1 - share, tiny) / np.maximum(1 - of_both, tiny))
    return found
