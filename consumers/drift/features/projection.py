"""The projection of hashed n-grams: idf, 48 latent semantic columns, 16 random ones.

Latent semantic analysis sees what the baseline is about; random columns see what it is not, so that a topic without any of the
baseline's directions moves something too.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, diags

from consumers.drift.features.layout import DIMENSIONS
from consumers.drift.text.ngrams import NGRAMS

LATENT: Final = 48
_POWER_ROUNDS: Final = 3
_OVERSAMPLING: Final = 16


def fit_projection(counts: csr_matrix, rng: np.random.Generator) -> NDArray[np.float32]:
    """idf times projection, `(16384, 64) float32`, from the n-gram counts of documents `(d, 16384)`.

    The right singular vectors come from a randomised range finder (Halko, Martinsson & Tropp 2011, algorithm 4.4).
    """
    counts.sum_duplicates()
    documents = counts.shape[0]
    holding = np.bincount(counts.indices, minlength=NGRAMS)
    idf = np.log((1 + documents) / (1 + holding)) + 1
    weighted: Any = counts @ diags(idf)
    length = np.sqrt(np.asarray(weighted.multiply(weighted).sum(axis=1)).ravel())
    rows: Any = diags(1 / np.where(length > 0, length, 1)) @ weighted
    latent = min(LATENT, documents)
    basis = rows @ rng.standard_normal((NGRAMS, latent + _OVERSAMPLING))
    for _ in range(_POWER_ROUNDS):
        basis, _ = np.linalg.qr(rows @ (rows.T @ basis))
    _, _, directions = np.linalg.svd((rows.T @ basis).T, full_matrices=False)
    projection = np.zeros((NGRAMS, DIMENSIONS))
    projection[:, :latent] = directions[:latent].T
    projection[:, LATENT:] = rng.standard_normal((NGRAMS, DIMENSIONS - LATENT)) / np.sqrt(NGRAMS)
    # Both kinds carry as much of a document's length as they have columns.
    seen = rows @ projection
    for columns in (slice(0, LATENT), slice(LATENT, DIMENSIONS)):
        size = np.sqrt(np.mean(np.sum(seen[:, columns] ** 2, axis=1)))
        projection[:, columns] *= np.sqrt((columns.stop - columns.start) / DIMENSIONS) / max(size, 1e-12)
    table: NDArray[np.float32] = (idf[:, None] * projection).astype(np.float32)
    return table
