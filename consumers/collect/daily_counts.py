"""Mergeable integer counts of what came in, by (model, input, event-day) of one input partition.

Each sample contributes integers; a later revision takes the former contribution back and adds its own. So the counts are the sum over
samples of the newest revision's contribution, whatever the order, batching or duplication.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from itertools import zip_longest
from typing import Final, Literal

import msgspec

from consumers.state_keys import COUNTS_KEY
from consumers.wire import SummaryOut

Input = Literal["feedback", "document"]

# Languages whose feedback is counted by itself, by the primary subtag; a contribution holds the number of its own, from 1: no other order.
LANGUAGES: Final = ("hi", "en")
# What of a feedback is counted by language too: the beginning of its contribution.
OF_LANGUAGE: Final = ("events", "negatives", "corrections")
# The order of each day's counts; new counts are appended, because the changelog holds them by position.
FEEDBACK_COUNTS: Final = (*OF_LANGUAGE, "rated", *(f"{name}_{language}" for language in LANGUAGES for name in OF_LANGUAGE))
DOCUMENT_COUNTS: Final = ("events", "characters", "letters", "devanagari")
COUNTS: Final[dict[Input, tuple[str, ...]]] = {"feedback": FEEDBACK_COUNTS, "document": DOCUMENT_COUNTS}

# Devanagari vowel signs are marks, which \w leaves out: without the whole block a Hindi word is half its letters.
_DEVANAGARI: Final = re.compile("[\u0900-\u097f\ua8e0-\ua8ff]+")
_LATIN: Final = re.compile("[A-Za-z\u00c0-\u024f]+")

# The counts of a contribution by itself, whatever its language.
_PLAIN: Final = 4


class DayCounts(msgspec.Struct, array_like=True, tag=1):
    """The counts of one day: `sequence` grows with every contribution added or taken back."""

    sequence: int
    counts: list[int]


# Few differ: what was found is remembered.
@lru_cache(4096)
def feedback_contribution(negative: bool, corrected: bool, rated: bool, language: str | None) -> tuple[int, ...]:
    """What one feedback adds: its events, negatives, corrections and ratings, and behind them the number of its language, if it has one.

    A mark keeps it for every feedback, so it is short.

    >>> feedback_contribution(True, False, True, "en-IN")
    (1, 1, 0, 1, 2)
    """
    primary = (language or "").partition("-")[0]
    spoken = (LANGUAGES.index(primary) + 1,) if primary in LANGUAGES else ()
    return (1, int(negative), int(corrected), int(rated), *spoken)


def counts_of(kind: Input, contribution: tuple[int, ...]) -> list[int]:
    """The counts of a contribution in the order of COUNTS.

    >>> counts_of("feedback", (1, 1, 0, 1, 2))
    [1, 1, 0, 1, 0, 0, 0, 1, 1, 0]
    """
    counts = [*contribution[:_PLAIN], *[0] * (len(COUNTS[kind]) - _PLAIN)]
    for language in contribution[_PLAIN:]:
        first = _PLAIN + (language - 1) * len(OF_LANGUAGE)
        counts[first : first + len(OF_LANGUAGE)] = contribution[: len(OF_LANGUAGE)]
    return counts


def document_contribution(text: str) -> tuple[int, ...]:
    """What one document adds, in the order of DOCUMENT_COUNTS.

    >>> document_contribution("ताजमहल Agra")
    (1, 11, 10, 6)
    """
    devanagari = _length(_DEVANAGARI, text)
    return (1, len(text), devanagari + _length(_LATIN, text), devanagari)


def _length(pattern: re.Pattern[str], text: str) -> int:
    return sum(map(len, pattern.findall(text)))


class DailySignals:
    """The counts of one input partition. Contributions gather until the next summaries tell of their days."""

    def __init__(self, partition: int) -> None:
        self._partition = partition
        self._days: dict[tuple[str, Input, int], DayCounts] = {}
        # How often each vector was added and taken back since the last summaries: a step has thousands of events and few vectors.
        self._added: defaultdict[tuple[str, Input, int, tuple[int, ...]], int] = defaultdict(int)
        self._taken: defaultdict[tuple[str, Input, int, tuple[int, ...]], int] = defaultdict(int)
        # No day of an input is older than this one: every step asks to forget, and hardly any step has a day to drop.
        self._oldest: dict[Input, int] = {}
        self._changes: dict[bytes, bytes | None] = {}

    def __len__(self) -> int:
        return len(self._days)

    def add(self, model: str, kind: Input, day: int, vector: tuple[int, ...]) -> None:
        """Adds a contribution to an event-day (proleptic Gregorian ordinal); an empty one changes nothing. O(1)."""
        if vector:
            self._added[model, kind, day, vector] += 1

    def withdraw(self, model: str, kind: Input, day: int, vector: tuple[int, ...]) -> None:
        """Takes back what `add` added."""
        if vector:
            self._taken[model, kind, day, vector] += 1

    def forget(self, kind: Input, before_day: int) -> None:
        """Drops the days of an input before `before_day`: nothing can be accepted for them, or taken back, any more."""
        if self._oldest.get(kind, before_day) >= before_day:
            return
        self._oldest[kind] = before_day
        for key in [key for key in self._days if key[1] == kind and key[2] < before_day]:
            del self._days[key]
            self._changes[_state_key(*key)] = None

    def take_touched(self) -> list[SummaryOut]:
        """The summaries of the days touched since the last call, in a stated order (sorted)."""
        touched = self._apply(self._added, 1) | self._apply(self._taken, -1)
        summaries: list[SummaryOut] = []
        for key in sorted(touched):
            model, kind, day = key
            found = self._days[key]
            summaries.append(
                SummaryOut(
                    model=model,
                    input=kind,
                    partition=self._partition,
                    event_day=date.fromordinal(day),
                    sequence=found.sequence,
                    counts=dict(zip(COUNTS[kind], found.counts, strict=True)),
                )
            )
            self._changes[_state_key(model, kind, day)] = msgspec.json.encode(found)
        return summaries

    def _apply(self, gathered: dict[tuple[str, Input, int, tuple[int, ...]], int], sign: int) -> set[tuple[str, Input, int]]:
        touched: set[tuple[str, Input, int]] = set()
        for (model, kind, day, vector), times in gathered.items():
            key = (model, kind, day)
            found = self._days.get(key)
            if found is None:
                found = self._days[key] = DayCounts(0, [0] * len(COUNTS[kind]))
                self._oldest[kind] = min(day, self._oldest.get(kind, day))
            # A day of a former release has fewer counts.
            added = zip_longest(found.counts, counts_of(kind, vector), fillvalue=0)
            found.counts = [count + sign * times * value for count, value in added]
            found.sequence += times
            touched.add(key)
        gathered.clear()
        return touched

    def save(self) -> Iterator[tuple[bytes, bytes]]:
        """Every day as a changelog record."""
        return ((_state_key(*key), msgspec.json.encode(found)) for key, found in self._days.items())

    def take_changes(self) -> dict[bytes, bytes | None]:
        """The changelog records since the last call."""
        changes, self._changes = self._changes, {}
        return changes

    def load(self, key: bytes, value: bytes | None) -> None:
        """Takes one changelog record back (a key as `take_touched` wrote it)."""
        _, model, kind, day = key.decode().split("|")
        if kind not in ("feedback", "document"):
            raise ValueError(f"changelog key {key!r}: expected d|<model>|feedback or document|<day>")
        place: tuple[str, Input, int] = (model, "feedback" if kind == "feedback" else "document", int(day))
        if value is None:
            self._days.pop(place, None)
        else:
            self._days[place] = msgspec.json.decode(value, type=DayCounts)
            self._oldest[place[1]] = min(place[2], self._oldest.get(place[1], place[2]))


def _state_key(model: str, kind: str, day: int) -> bytes:
    return COUNTS_KEY + f"{model}|{kind}|{day}".encode()
