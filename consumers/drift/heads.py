"""Heads: quadratic statistics of a window's means against the baseline's, one for φ, one for each set of bins, one for the clusters.

T² = (x̄ − μ)ᵀ Σ⁻¹ (x̄ − μ) / (1/n + 1/m) (Hotelling 1931), Σ being the long-run covariance of one document: documents come in bursts of a
source, and a covariance of single documents would be too small by the length of a burst. On shares of bins it is Pearson's χ², widened
by the bursts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from consumers.drift.layout import BINNED, BLOCKS
from consumers.drift.sketch import GROUPS, Sums, means, of_language, without_each_group

SHRUNK: Final = 0.1
HEADS: Final = ("phi", *BINNED, "cluster")
# A group of sources that has more of the baseline than this is never left out: it is the world itself, and too little would be left.
LARGEST_GROUP: Final = 0.9


@dataclass(frozen=True, slots=True)
class Head:
    """`mean` `(w,) float64` and `whitening` `(w, w) float64` with Σ⁻¹ = W Wᵀ, over a baseline of `baseline_documents`.

    `means_without` `(GROUPS, w) float64` are the means with each group of sources left out, over `documents_without` `(GROUPS,)`
    documents: with few sources the groups differ. `language` where it is about the documents of one language alone.
    """

    name: str
    mean: NDArray[np.float64]
    whitening: NDArray[np.float64]
    baseline_documents: int
    means_without: NDArray[np.float64]
    documents_without: NDArray[np.int64]
    language: str | None = None

    @property
    def key(self) -> str:
        """Its name among all heads."""
        return self.name if self.language is None else f"{self.name}:{self.language}"

    def statistic(self, sums: Sums) -> float:
        """T² of the window; about its number of columns where nothing moved. O(w²)."""
        return float(self.statistics(of_language(sums, self.language)[None, :])[0])

    def without_one_group(self, sums: Sums) -> float:
        """The least T² over all languages that is left when one group of sources is taken out: what no single source can have made."""
        left_out = self.documents_without >= (1 - LARGEST_GROUP) * self.documents_without.sum() / (GROUPS - 1)
        squares = self._squares(without_each_group(sums), self.means_without, self.documents_without)
        return float(squares[left_out].min())

    def statistics(self, sums: NDArray[np.int64]) -> NDArray[np.float64]:
        """T² of several windows `(k, WIDTH)`, `(k,) float64`."""
        return self._squares(sums, self.mean, np.array([self.baseline_documents]))

    def _squares(self, sums: NDArray[np.int64], expected: NDArray[np.float64], baseline: NDArray[np.int64]) -> NDArray[np.float64]:
        counted = np.maximum(sums[:, 0], 1)
        projected = (means(sums, self.name) - expected) @ self.whitening
        found: NDArray[np.float64] = np.einsum("ij,ij->i", projected, projected) / (1 / counted + 1 / np.maximum(baseline, 1))
        return found

    def effect(self, sums: Sums) -> float:
        """How far the window is, whatever its size: the distance of φ's means (0 to 2), else the share of documents that changed bins."""
        shifted = means(of_language(sums, self.language), self.name) - self.mean
        return float(np.linalg.norm(shifted)) if self.name == "phi" else float(np.abs(shifted).sum() / 2)


def fit_head(name: str, blocks: NDArray[np.int64], groups: NDArray[np.int64], language: str | None = None) -> Head:
    """The head of a baseline whose blocks' sums are `(b, WIDTH)`, their sources of `groups` `(b,)`: a block is a source's neighbouring
    documents (those of the language).

    The covariance of one document is that of the blocks' residual sums (a ratio estimator), 10 % shrunk towards its diagonal.
    """
    total = blocks.sum(axis=0)
    counted = int(total[0])
    mean = means(total, name)
    residual = blocks[:, BLOCKS[name].columns] / BLOCKS[name].scale - blocks[:, :1] * mean
    covariance = residual.T @ residual / max(counted, 1)
    diagonal = np.diag(np.diag(covariance))
    covariance = (1 - SHRUNK) * covariance + SHRUNK * diagonal
    values, vectors = np.linalg.eigh(covariance)
    # Shares add up to 1: one direction has no variance, and says nothing.
    kept = values > max(values.max(), 1e-300) * 1e-6
    inverse = np.where(kept, 1 / np.sqrt(np.where(kept, values, 1)), 0)
    without = np.stack([blocks[groups != group].sum(axis=0) for group in range(GROUPS)])
    return Head(name, mean, vectors * inverse, counted, means(without, name), without[:, 0], language)
