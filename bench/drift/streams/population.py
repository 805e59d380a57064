"""What the world publishes: a mixture of languages and corpora, drawn independently or in bursts, with or without a weekly cycle.

A stream is drawn with replacement from a finite pool: a population draws each document of a language and corpus with the same probability,
in bursts too. Baselines and null streams are fresh draws of the same population, never halves of the pool: a split by article or source is
a shift in itself.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bench.drift.streams.pools import LANGUAGES, IntArray, Pool

MIX: Final = (0.70, 0.26, 0.04)  # Hindi, English, Hinglish: shares of the documents
PER_DAY: Final = 5_000
BURST: Final = 6  # sentences of one source in a row, at most
CYCLE: Final = 0.3  # by what share of itself a corpus rises and falls over a week
DAY_S: Final = 86_400

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Stream:
    """Documents in the order of their publication: numbers into the pool, who published each, and when (seconds since day 0)."""

    documents: IntArray
    sources: IntArray
    seconds: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.documents)

    @property
    def days(self) -> IntArray:
        """The event-day of each document, from 0."""
        return (self.seconds // DAY_S).astype(np.int32)


def joined(streams: Sequence[Stream]) -> Stream:
    """One stream after the other, times as they are."""
    return Stream(*(np.concatenate(column) for column in zip(*((s.documents, s.sources, s.seconds) for s in streams), strict=True)))


@dataclass(frozen=True, repr=False)
class Population:
    """`shares[weekday, part]` of the documents come from each part, an array of pool documents that lie source after source.

    `burst` is the length of the longest run: a run has 1 to `burst` sentences of one source in order, each length as likely, cut where the
    source ends. 1 draws every document by itself.
    """

    pool: Pool
    parts: tuple[IntArray, ...]
    shares: FloatArray
    burst: int = BURST

    def draw(self, rng: np.random.Generator, documents: int, *, start: int = 0, per_day: int = PER_DAY) -> Stream:
        """A stream of `documents`, evenly over the day; `start` is the number of its first since day 0, a Monday."""
        numbers = np.arange(start, start + documents, dtype=np.int64)
        if (self.shares == self.shares[0]).all():
            drawn = self._runs(rng, documents, self.shares[0])
        else:
            first, last = start // per_day, (start + documents - 1) // per_day
            counts = np.bincount(numbers // per_day - first, minlength=last - first + 1).tolist()
            drawn = np.concatenate([self._runs(rng, count, self.shares[(first + day) % 7]) for day, count in enumerate(counts)])
        return Stream(drawn, self.pool.source[drawn], numbers * DAY_S // per_day)

    def baseline(self, rng: np.random.Generator, documents: int = 50_000, *, weeks: int = 4) -> Stream:
        """Documents spread evenly over whole weeks from day 0, whatever their number."""
        return self.draw(rng, documents, per_day=-(-documents // (7 * weeks)))

    def blended(self, other: Population, share: float) -> Population:
        """This population with `share` of its documents from another, the rest as before."""
        parts, shares = (*self.parts, *other.parts), np.hstack([self.shares * (1 - share), other.shares * share])
        return replace(self, parts=parts, shares=shares)

    def independent(self) -> Population:
        """The same documents as likely, each drawn by itself: what a detector sees where sources publish one document at a time."""
        return replace(self, burst=1)

    def reweighted(self, factors: FloatArray) -> Population:
        """This population with each language's share times a factor (one a language), shares then summing to 1 again."""
        language = [self.pool.language[part[0]] for part in self.parts]
        shares = self.shares * factors[language]
        return replace(self, shares=shares / shares.sum(axis=1, keepdims=True))

    def languages(self) -> FloatArray:
        """Each language's share of the documents, over the week."""
        return np.bincount(self.pool.language, self.weights(), minlength=len(LANGUAGES)).astype(np.float64)

    def weights(self) -> FloatArray:
        """The probability of each document of the pool, over the week."""
        found = np.zeros(len(self.pool))
        for part, share in zip(self.parts, self.shares.mean(axis=0), strict=True):
            found[part] += share / len(part)
        return found

    def _runs(self, rng: np.random.Generator, documents: int, shares: FloatArray) -> IntArray:
        """Runs until there are enough documents.

        A run of length L is a window that lies anywhere over a source of s documents, s+L-1 places all as likely, and is cut at the
        source's ends: so each document is in exactly L windows, and drawn as often in bursts as alone.
        """
        layout, found, missing = self._layout, list[IntArray](), documents
        per_run = shares / layout.mean_length  # so that shares are of documents, not of runs
        edges = np.cumsum(per_run / per_run.sum())
        while missing > 0:
            count = int(missing * per_run.sum() * 1.02) + 16
            part = np.minimum(np.searchsorted(edges, rng.random(count), side="right"), len(edges) - 1)
            reach = rng.integers(0, self.burst, count)  # a run's length less one
            window = layout.first_window[reach, part] + (rng.random(count) * layout.windows[reach, part]).astype(np.int64)
            row = np.searchsorted(layout.last_window, window, side="right")
            source = row - reach * len(layout.size)
            from_end = layout.last_window[row] - 1 - window  # 0 for the window that holds only the source's last document
            begin = np.maximum(layout.size[source] - 1 - from_end, 0)
            end = np.minimum(layout.size[source] + reach - from_end, layout.size[source])
            lengths = end - begin
            starts = layout.begin[source] + begin
            places = np.repeat(starts - (np.cumsum(lengths) - lengths), lengths) + np.arange(int(lengths.sum()))
            found.append(layout.documents[places[:missing]])
            missing -= len(found[-1])
        return np.concatenate(found)

    @cached_property
    def _layout(self) -> _Layout:
        return _Layout.of(self)


@dataclass(frozen=True, slots=True)
class _Layout:
    """All windows of all run lengths in one line: length after length, part after part, source after source."""

    documents: IntArray  # of all parts
    begin: NDArray[np.int64]  # where each source starts in them
    size: NDArray[np.int64]  # how many documents it has
    last_window: NDArray[np.int64]  # (burst * sources): one past the last window of a source
    first_window: NDArray[np.int64]  # (burst, parts)
    windows: NDArray[np.int64]  # (burst, parts)
    mean_length: FloatArray  # documents in a run of each part

    @classmethod
    def of(cls, population: Population) -> _Layout:
        parts, reach = population.parts, np.arange(population.burst)[:, None]
        documents = np.concatenate(parts)
        sizes = [np.unique(population.pool.source[part], return_counts=True)[1] for part in parts]
        size = np.concatenate(sizes)
        last_window = np.cumsum((size + reach).ravel())
        windows = np.array([[len(part) + len(mine) * more for part, mine in zip(parts, sizes, strict=True)] for more in reach.ravel()])
        first_window = (np.cumsum(windows.ravel()) - windows.ravel()).reshape(windows.shape)
        mean_length = ((reach + 1) * [len(part) for part in parts] / windows).mean(axis=0)
        return cls(documents, np.cumsum(size) - size, size, last_window, first_window, windows, mean_length)


def population(
    pool: Pool,
    *,
    mix: Sequence[float] = MIX,
    groups: Collection[int] | None = None,
    without: Collection[int] = (),
    burst: int = BURST,
    cycle: float = 0.0,
) -> Population:
    """The published documents of `groups` (default all) but those `without`, in a language mix; a language's corpora weigh by size.

    With a `cycle` c the corpora of a language weigh 1 + c·cos(2π(weekday/7 + φ)) times as much, their phases φ spread over the week, and
    English and Hinglish come and go by half of c, Hindi making up for them: at 0.3 English goes from 22 % to 30 % and back within a week.
    Raises ValueError where a language has no documents.
    """
    published = pool.published()
    allowed = np.ones(len(pool.groups), bool) if groups is None else np.isin(np.arange(len(pool.groups)), list(groups))
    allowed[list(without)] = False
    kept = published[allowed[pool.group[published]]]
    parts, shares = list[IntArray](), list[FloatArray]()
    for language, week in enumerate(_language_week(np.asarray(mix, float), cycle)):
        if not mix[language]:
            continue
        mine = kept[pool.language[kept] == language]
        if not len(mine):
            raise ValueError(f"no {LANGUAGES[language]} documents in these groups")
        corpora = [mine[pool.corpus[mine] == corpus] for corpus in np.unique(pool.corpus[mine])]
        weights = np.array([len(corpus) for corpus in corpora]) * (1 + cycle * _wave(np.arange(len(corpora)) / len(corpora)))
        parts += corpora
        shares.append(week[:, None] * weights / weights.sum(axis=1, keepdims=True))
    return Population(pool, tuple(parts), np.hstack(shares), burst)


def _wave(phases: FloatArray) -> FloatArray:
    """A cosine over the week for each phase (7, phases); its mean is 0."""
    return np.cos(2 * np.pi * (np.arange(7)[:, None] / 7 + phases))


def _language_week(mix: FloatArray, cycle: float) -> FloatArray:
    """The languages' shares by weekday (languages, 7), over the week those of `mix`: the first makes up for the others' waves."""
    week = mix * (1 + cycle / 2 * _wave(np.array([0.0, 0.0, 0.4])))
    week[:, 0] = 1 - week[:, 1:].sum(axis=1)
    return week.T
