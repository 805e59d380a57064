"""Test statistics: quadratic ones of a window's means against the baseline's: one for φ, one a set of bins, one for the clusters, and
one for the rise of a score: unknown words are what every new subject brings, and looked for in one direction they are found sooner.

T² = (x̄ − μ)ᵀ Σ⁻¹ (x̄ − μ) / (1/n + 1/m) (Hotelling 1931), Σ being the long-run covariance of one document: documents come in bursts of a
source, and a covariance of single documents would be too small by the length of a burst. On shares of bins it is Pearson's χ², widened
by the bursts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from consumers.drift.features.layout import BINNED, BLOCKS
from consumers.drift.features.sketch import GROUPS, Sums, means, without_each_group
from consumers.drift.windows.history import History

SHRUNK: Final = 0.1
# A bin counts as no steadier than one that a hundredth of the documents are in: few blocks have rarer ones, and their own say too little.
LEAST_BIN_VARIANCE: Final = 0.01
RISE: Final = "unknown_word_rise"
WINDOW_STATISTICS: Final = ("phi", *BINNED, "cluster", RISE)
# What is looked at in each language by itself as well.
LANGUAGE_WINDOW_STATISTICS: Final = ("phi", RISE)
LANGUAGE_BLOCKS: Final = ("phi", "unknown_word_share")
# A window with fewer documents of a test statistic's language is not looked at: means of so few have no law to set a threshold by.
FEWEST_LOOKED_AT: Final = 200
# What a document counts in a rise, by its bin of unknown words: up to 5 %, 10 %, 15 % of its words, and more.
RISE_SCORES: Final = (0, 1, 2, 3, 3, 3, 3, 3)
# A group of sources that has more of the baseline than this is never left out: it is the world itself, and too little would be left.
LARGEST_GROUP: Final = 0.9


@dataclass(frozen=True, slots=True)
class WindowStatistic:
    """`mean` `(w,) float64` and `whitening` `(w, k) float64` with Σ⁻¹ = W Wᵀ, over a baseline of `baseline_documents`.

    A rise has one column, which gives its score in deviations of one document; a fall of it counts for nothing.

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
    def block(self) -> str:
        """The columns of a row that it is about."""
        return "unknown_word_share" if self.name == RISE else self.name

    @property
    def key(self) -> str:
        """Its name among all test statistics."""
        return self.name if self.language is None else f"{self.name}:{self.language}"

    def with_excess(self, excess: float) -> WindowStatistic:
        """The test statistic of means whose error has `excess` times the variance that their documents say: of so many fewer."""
        documents, without = round(self.baseline_documents / excess), np.rint(self.documents_without / excess).astype(np.int64)
        return replace(self, baseline_documents=documents, documents_without=without)

    def statistic(self, row: NDArray[np.int64]) -> float:
        """T² of a window's sum `(WIDTH,)` over the documents of the language; about its number of columns where nothing moved. O(w²).

        0 for too few documents to be looked at.
        """
        return self._square(row, self.mean, self.baseline_documents) if row[0] >= FEWEST_LOOKED_AT else 0.0

    def without_one_group(self, sums: Sums) -> float:
        """The least T² over all languages that is left when one group of sources is taken out: what no single source can have made."""
        without = self.documents_without.tolist()
        # All groups' documents are in all but one of these.
        least = (1 - LARGEST_GROUP) * sum(without) / (GROUPS - 1)
        rest = zip(without_each_group(sums), self.means_without, without, strict=True)
        return min(self._square(row, mean, documents) for row, mean, documents in rest if documents >= least)

    def _square(self, row: NDArray[np.int64], expected: NDArray[np.float64], baseline_documents: int) -> float:
        projected = (means(row, self.block) - expected) @ self.whitening
        if self.name == RISE:
            projected = np.maximum(projected, 0)
        return float(projected @ projected) / (1 / max(int(row[0]), 1) + 1 / max(baseline_documents, 1))

    def statistics(self, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """T² of several windows' sums `(k, WIDTH)`, `(k,) float64`."""
        projected = (means(rows, self.block) - self.mean) @ self.whitening
        if self.name == RISE:
            projected = np.maximum(projected, 0)
        scale = 1 / np.maximum(rows[:, 0], 1) + 1 / self.baseline_documents
        found: NDArray[np.float64] = np.einsum("ij,ij->i", projected, projected) / scale
        return np.where(rows[:, 0] >= FEWEST_LOOKED_AT, found, 0.0)

    def effect(self, row: NDArray[np.int64]) -> float:
        """How far the window is, whatever its size: the distance of φ's means (0 to 2), else the share of documents that changed bins."""
        shifted = means(row, self.block) - self.mean
        return float(np.linalg.norm(shifted)) if self.name == "phi" else float(np.abs(shifted).sum() / 2)


def fit_window_statistics(history: History, languages: Sequence[str]) -> tuple[WindowStatistic, ...]:
    """All test statistics of a baseline, those of each language behind those of the whole."""
    found = []
    for language, names in ((None, WINDOW_STATISTICS), *((language, LANGUAGE_WINDOW_STATISTICS) for language in languages)):
        sums = history.block_sums(language)
        found += [fit_window_statistic(name, sums, history.groups, language) for name in names]
    return tuple(found)


def fit_window_statistic(name: str, blocks: NDArray[np.int64], groups: NDArray[np.int64], language: str | None = None) -> WindowStatistic:
    """The test statistic of a baseline whose blocks' sums are `(b, WIDTH)`, their sources of `groups` `(b,)`: a block is a source's
    neighbouring documents (those of the language).

    The covariance of one document is that of the blocks' residual sums (a ratio estimator).
    """
    block = BLOCKS["unknown_word_share" if name == RISE else name]
    total = blocks.sum(axis=0)
    counted = int(total[0])
    mean = means(total, block.name)
    residual = blocks[:, block.columns] / block.scale - blocks[:, :1] * mean
    covariance = residual.T @ residual / max(counted, 1)
    if name not in ("phi", RISE):
        covariance += _lacking(covariance, mean)
    without = np.stack([blocks[groups != group].sum(axis=0) for group in range(GROUPS)])
    whitening = _rise(covariance) if name == RISE else _whitening(covariance)
    return WindowStatistic(name, mean, np.ascontiguousarray(whitening), counted, means(without, block.name), without[:, 0].copy(), language)


def _lacking(covariance: NDArray[np.float64], mean: NDArray[np.float64]) -> NDArray[np.float64]:
    """What bins that hardly any document is in lack to LEAST_BIN_VARIANCE, spread over all bins as shares that still add up to 1."""
    variances = np.diag(covariance)
    lacking = np.where(variances > 0, np.maximum(LEAST_BIN_VARIANCE - variances, 0), 0)
    spread = np.eye(len(mean)) - mean
    found: NDArray[np.float64] = (spread.T * lacking) @ spread
    return found


def _whitening(covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    """W `(w, w)` of the covariance, 10 % shrunk towards its diagonal."""
    diagonal = np.diag(np.diag(covariance))
    values, vectors = np.linalg.eigh((1 - SHRUNK) * covariance + SHRUNK * diagonal)
    # Shares add up to 1: one direction has no variance, and says nothing.
    kept = values > max(values.max(), 1e-300) * 1e-6
    found: NDArray[np.float64] = vectors * np.where(kept, 1 / np.sqrt(np.where(kept, values, 1)), 0)
    return found


def _rise(covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    """W `(w, 1)`: the scores over the score's own deviation."""
    scores = np.array(RISE_SCORES, np.float64)[:, None]
    variance = (scores.T @ covariance @ scores).item()
    return scores / np.sqrt(variance) if variance > 0 else np.zeros_like(scores)
