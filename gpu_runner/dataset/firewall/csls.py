"""Cross-domain similarity local scaling: the cosine of two texts, less how near each is to whatever lies about it.

Embeddings of questions bunch (0.73 to 0.94 here), and questions of one template bunch most: what is nearer than its neighbourhood is the
same question. Source: Conneau et al., "Word translation without parallel data", 2018, equation 4; the neighbourhood here leaves out the
nearest few, because other wordings of the same question may be among them.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]

# The neighbours of a text from the SKIPPED-th on are its neighbourhood.
SKIPPED: Final = 10
NEIGHBOURS: Final = 15
ROWS_AT_ONCE: Final = 2048


def neighbourhood(vectors: Vectors, background: Vectors) -> NDArray[np.float32]:
    """(n,): the mean cosine of each row of `vectors` (n, d) to its neighbours in `background` (m, d), all of unit length; O(n·m·d).

    Where the background has too few, the mean over what is left of it, and 0 without any.
    """
    out = np.zeros(len(vectors), dtype=np.float32)
    if len(background) == 0:
        return out
    skipped = min(SKIPPED, max(len(background) - NEIGHBOURS, 0))
    last = min(skipped + NEIGHBOURS, len(background))
    for start in range(0, len(vectors), ROWS_AT_ONCE):
        cosines: Any = vectors[start : start + ROWS_AT_ONCE] @ background.T
        nearest = -np.partition(-cosines, last - 1, axis=1)[:, :last]
        nearest.sort(axis=1)
        out[start : start + ROWS_AT_ONCE] = nearest[:, : last - skipped].mean(axis=1)
    return out


def csls(first: Vectors, second: Vectors, about_first: NDArray[np.float32], about_second: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n, m): twice the cosine less the two neighbourhoods, that of the first among texts like the second and the other way round."""
    scaled: NDArray[np.float32] = 2 * (first @ second.T) - about_first[:, None] - about_second[None, :]
    return scaled
