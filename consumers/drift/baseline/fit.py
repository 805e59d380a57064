"""The baseline: what the training corpus looks like, and how far from it a quiet stream goes. Fitted once, stored, replaced on promotion.

Cross-fitting: vocabulary, idf, projection, bins and clusters come from one part of the blocks, means, covariances and thresholds from the
others. Fitted on the same documents the detector has five times the false alarms, or is always on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

import numpy as np
from numpy.typing import NDArray

from consumers.drift.baseline.calibrate import Plan, Thresholds, calibrate
from consumers.drift.baseline.validate import Checked, check
from consumers.drift.features.featurise import Featuriser, Quantities, bin_edges, project, spherical_clusters
from consumers.drift.features.layout import BINNED, BLOCKS, CLUSTERS, MOSTLY_DEVANAGARI, PHI_SCALE
from consumers.drift.features.projection import fit_projection
from consumers.drift.features.sketch import group_of
from consumers.drift.features.vocabulary import fit_vocabulary
from consumers.drift.terms.table import TermTable
from consumers.drift.text.code_points import LONGEST, code_points
from consumers.drift.text.ngrams import ngram_rows
from consumers.drift.windows.history import History
from consumers.drift.windows.property_rates import Rate, fit_rates
from consumers.drift.windows.window_statistics import WindowStatistic, fit_window_statistics
from consumers.drift.windows.windows import BUCKETS, MERGED

BUCKET_DOCUMENTS: Final = 50
# Windows of 200 to 51,200 documents.
LEVELS: Final = 9
ALARMS_PER_100K: Final = 0.1
STREAMS: Final = 200
# A document's own block ends with its source's run, or here.
LONGEST_BLOCK: Final = 16
# Fewer documents give no covariance of 64 columns, and no tail.
FEWEST_DOCUMENTS: Final = 2_000
# Of them so many have to differ: what is said again and again has no spread that a drift could leave. Templates filled in pass.
FEWEST_TEXTS: Final = 100
# A threshold raised by less is within the check's own error.
WORTH_A_WARNING: Final = 1.1
# The part that learns projection, bins and clusters: an eighth to a third. The more is left to be measured on, the surer are the means.
LEARNING_DOCUMENTS: Final = 6_000
UNKNOWN_EDGES: Final = (0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5)
_CHUNK: Final = 1_000
_PROJECTED: Final = 20_000


class BaselineTooSmall(ValueError):
    """Too few documents for a baseline, or too few that say something of their own; the message says how many are needed."""


@dataclass(frozen=True, slots=True)
class BaselineDocument:
    """A document of a baseline or a stream: its text, where it came from, and its event-day."""

    text: str
    source: str
    day: date


@dataclass(frozen=True, slots=True)
class Baseline:
    """A fitted baseline over `documents` documents; `bucket_documents` and `levels` say what windows the thresholds are for.

    `hi_share` of the documents are mostly Devanagari.
    """

    featuriser: Featuriser
    window_statistics: tuple[WindowStatistic, ...]
    rates: tuple[Rate, ...]
    terms: TermTable
    thresholds: Thresholds
    documents: int
    bucket_documents: int
    levels: int
    alarms_per_100k: float
    checked: Checked
    hi_share: float

    @property
    def warning(self) -> str | None:
        """What an operator has to know of a baseline that is too small for its rate of false alarms; None where it is not."""
        checked = self.checked
        largest = max(checked.raised.values(), default=1.0)
        if largest < WORTH_A_WARNING and checked.alarms_per_100k <= self.alarms_per_100k:
            return None
        return (
            f"{self.documents:,} documents are few for {self.alarms_per_100k:g} false alarms in 100,000: "
            f"{', '.join(checked.raised) or 'no head'} made less sensitive, by up to {largest - 1:.0%}; of {checked.streams} quiet streams "
            f"of 100,000 documents that the fit had not seen {checked.alarmed} alarmed "
            f"({checked.alarms_per_100k:.2g} in 100,000, at most {checked.at_most:.2g})"
        )

    def limits(self, key: str, level: int, documents: int) -> tuple[float, float]:
        """What raises an alarm of a test statistic and what confirms one, in a level's window of so many documents.

        A window between two levels' sizes has the limits between theirs.
        """
        alarm, confirm = self.thresholds.alarm[key], self.thresholds.confirm[key]
        above = min(level + 1, self.levels - 1)
        share = min(documents / (BUCKETS * self.bucket_documents * MERGED**level) - 1, 1.0)
        return alarm[level] + share * (alarm[above] - alarm[level]), confirm[level] + share * (confirm[above] - confirm[level])


def fit_baseline(
    documents: Sequence[BaselineDocument],
    *,
    seed: int = 0,
    alarms_per_100k: float = ALARMS_PER_100K,
    streams: int = STREAMS,
    documents_a_day: int | None = None,
    between: Callable[[], None] = lambda: None,
) -> Baseline:
    """The baseline of documents in the order they came; raises BaselineTooSmall. About a minute for 50,000 short documents.

    `between` is called every second or two; what it raises ends the fit.
    """
    if len(documents) < FEWEST_DOCUMENTS:
        raise BaselineTooSmall(f"{len(documents)} documents: expected at least {FEWEST_DOCUMENTS} for a drift baseline")
    different, empty = _different_texts(documents)
    if different < FEWEST_TEXTS:
        raise BaselineTooSmall(
            f"{len(documents)} documents with {different} different texts ({empty} have no letter or digit): "
            f"expected at least {FEWEST_TEXTS} different ones for a drift baseline"
        )
    rng = np.random.default_rng(seed)
    bounds = block_bounds(documents)
    learns = rng.random(len(bounds) - 1) < min(max(LEARNING_DOCUMENTS / len(documents), 1 / 8), 1 / 3)
    of_block = np.repeat(np.arange(len(bounds) - 1), np.diff(bounds))
    texts = [document.text for document in documents]
    between()
    vocabulary = fit_vocabulary(texts, of_block)
    between()
    featuriser = fit_featuriser([text for text, block in zip(texts, of_block, strict=True) if learns[block]], vocabulary.known, rng)
    measured = np.flatnonzero(~learns[of_block])
    measures = replace(featuriser, vocabulary=vocabulary.known_elsewhere)
    chunks = []
    for part in _chunks(measured):
        between()
        chunks.append(measures.rows([texts[at] for at in part]))
    rows = np.concatenate(chunks)
    bounds = _bounds_of(of_block[measured])
    firsts = [documents[at] for at in measured[bounds[:-1]].tolist()]
    weekdays = np.array([document.day.weekday() for document in firsts], np.int64)
    groups = np.array([group_of(document.source) for document in firsts], np.int64)
    history = History(rows, bounds, weekdays, groups, vocabulary.nearly_unknown[measured])
    languages = history.languages
    window_statistics = fit_window_statistics(history, languages)
    days = len({document.day for document in documents})
    plan = Plan(
        levels=LEVELS,
        bucket_documents=BUCKET_DOCUMENTS,
        documents_a_day=documents_a_day or max(BUCKET_DOCUMENTS, len(documents) // days),
        # Test statistics and rates have half of it each.
        alarms_per_100k=alarms_per_100k / 2,
    )
    thresholds = calibrate(history, window_statistics, plan, streams=streams, rng=rng, between=between)
    checked = check(history, thresholds, plan, languages=languages, streams=max(streams // 4, 1), rng=rng, between=between)
    # The thresholds' own streams know each other's words as the baseline's documents do; a later stream does not.
    window_statistics = tuple(
        stat.with_excess(history.excess(stat.language)) if stat.block == "unknown_word_share" else stat for stat in window_statistics
    )
    rates = tuple(
        rate.with_excess(history.excess(rate.language)) if rate.name == "unknown_word" else rate
        for rate in fit_rates(history, languages, alarms_per_100k=plan.alarms_per_100k)
    )
    return Baseline(
        featuriser,
        window_statistics,
        rates,
        TermTable.fit(texts, [document.source for document in documents]),
        thresholds.raised(checked.raised),
        len(documents),
        BUCKET_DOCUMENTS,
        LEVELS,
        alarms_per_100k,
        checked,
        float(rows[:, BLOCKS[MOSTLY_DEVANAGARI].first].mean()),
    )


def fit_featuriser(texts: Sequence[str], vocabulary: NDArray[np.bool_], rng: np.random.Generator) -> Featuriser:
    """The featuriser that some documents teach, with the words that are known."""
    sample = [texts[at] for at in np.sort(rng.permutation(len(texts))[:_PROJECTED])]
    table = fit_projection(ngram_rows(code_points(sample)), rng)
    batches = [code_points([sample[at] for at in part]) for part in _chunks(np.arange(len(sample)))]
    phi = np.concatenate([project(batch, table) for batch in batches])
    quantities = np.concatenate([Quantities.of(batch, vocabulary).binned for batch in batches], axis=1)
    edges = np.stack([bin_edges(quantities[number]) for number in range(len(BINNED))])
    # Of the documents that the vocabulary was made of no word is unknown.
    edges[BINNED.index("unknown_word_share")] = UNKNOWN_EDGES
    centroids = np.rint(spherical_clusters(phi, CLUSTERS, rng).astype(np.float64) * PHI_SCALE)
    return Featuriser(table, vocabulary, edges, centroids)


def block_bounds(documents: Sequence[BaselineDocument]) -> NDArray[np.int64]:
    """Where the runs of one source and one day begin, and the end, `(b + 1,) int64`; a long run is cut."""
    bounds = [0]
    for at in range(1, len(documents)):
        before, here = documents[at - 1], documents[at]
        if here.source != before.source or here.day != before.day or at - bounds[-1] >= LONGEST_BLOCK:
            bounds.append(at)
    return np.array([*bounds, len(documents)], np.int64)


def _different_texts(documents: Sequence[BaselineDocument]) -> tuple[int, int]:
    """How many texts differ in what a baseline looks at, white space aside, and how many documents say nothing."""
    found: set[str] = set()
    empty = 0
    for document in documents:
        text = document.text[:LONGEST]
        if any(map(str.isalnum, text)):
            found.add(" ".join(text.split()))
        else:
            empty += 1
    return len(found), empty


def _bounds_of(blocks: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.concatenate([[0], np.flatnonzero(np.diff(blocks)) + 1, [len(blocks)]]).astype(np.int64)


def _chunks(positions: NDArray[np.int64]) -> list[list[int]]:
    return [positions[first : first + _CHUNK].tolist() for first in range(0, len(positions), _CHUNK)]
