"""Mergeable integer counts of what came in, by (model, input, event-day) of one input partition.

Each sample contributes a vector of integers; a later revision takes the former vector back and adds its own. So the
counts are the sum over samples of the newest revision's vector, whatever the order, batching or duplication.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Final, Literal

import msgspec

from schemas.sample import SampleCollected
from schemas.signal_summary import SignalSummarised

Input = Literal["feedback", "document"]

# The order of each vector; new counts are appended, because the changelog holds vectors by position.
FEEDBACK_COUNTS: Final = ("events", "negatives", "corrections", "rated")
DOCUMENT_COUNTS: Final = ("events", "characters", "letters", "devanagari")
COUNTS: Final[dict[Input, tuple[str, ...]]] = {"feedback": FEEDBACK_COUNTS, "document": DOCUMENT_COUNTS}

# Devanagari vowel signs are marks, which \w leaves out: without the whole block a Hindi word is half its letters.
_DEVANAGARI: Final = re.compile("[\u0900-\u097f\ua8e0-\ua8ff]+")
_LATIN: Final = re.compile("[A-Za-z\u00c0-\u024f]+")


class DayCounts(msgspec.Struct, array_like=True, tag=1):
    """The counts of one day: `sequence` is the next input offset when they last changed."""

    sequence: int
    counts: list[int]


def contribution(sample: SampleCollected) -> tuple[int, ...]:
    """The vector of one sample, in the order of COUNTS of its kind; a retracted sample contributes nothing."""
    if sample.retracted:
        return ()
    if sample.kind == "feedback":
        return (1, int(sample.negative), int(sample.correction is not None), int(sample.score is not None))
    text = sample.text or ""
    devanagari = _length(_DEVANAGARI, text)
    return (1, len(text), devanagari + _length(_LATIN, text), devanagari)


def _length(pattern: re.Pattern[str], text: str) -> int:
    return sum(map(len, pattern.findall(text)))


class DailySignals:
    """The counts of one input partition; `touched` days are what the next summaries tell."""

    def __init__(self, partition: int) -> None:
        self._partition = partition
        self._days: dict[tuple[str, Input, int], DayCounts] = {}
        self._touched: set[tuple[str, Input, int]] = set()

    def __len__(self) -> int:
        return len(self._days)

    def add(self, model: str, kind: Input, day: int, vector: tuple[int, ...], *, sign: int, sequence: int) -> None:
        """Adds (`sign` 1) or takes back (-1) a contribution to an event-day (proleptic Gregorian ordinal)."""
        if not vector:
            return
        key = (model, kind, day)
        found = self._days.get(key)
        if found is None:
            found = self._days[key] = DayCounts(sequence, [0] * len(COUNTS[kind]))
        for index, value in enumerate(vector):
            found.counts[index] += sign * value
        # Feedback and documents have offsets of their own, and a day's summary is of one input: newer stays larger.
        found.sequence = max(found.sequence, sequence)
        self._touched.add(key)

    def take_touched(self) -> tuple[list[SignalSummarised], dict[str, bytes | None]]:
        """The summaries and changelog records of the days touched since the last call, in a stated order (sorted)."""
        summaries: list[SignalSummarised] = []
        changes: dict[str, bytes | None] = {}
        for key in sorted(self._touched):
            model, kind, day = key
            found = self._days[key]
            summaries.append(
                SignalSummarised(
                    model=model,
                    input=kind,
                    partition=self._partition,
                    event_day=date.fromordinal(day),
                    sequence=found.sequence,
                    counts=dict(zip(COUNTS[kind], found.counts, strict=True)),
                )
            )
            changes[f"d|{model}|{kind}|{day}"] = msgspec.json.encode(found)
        self._touched.clear()
        return summaries, changes

    def restore(self, key: str, value: bytes | None) -> None:
        """Takes one changelog record back (a key as `take_touched` wrote it)."""
        _, model, kind, day = key.split("|")
        if kind not in ("feedback", "document"):
            raise ValueError(f"changelog key {key!r}: expected d|<model>|feedback or document|<day>")
        place: tuple[str, Input, int] = (model, "feedback" if kind == "feedback" else "document", int(day))
        if value is None:
            self._days.pop(place, None)
        else:
            self._days[place] = msgspec.json.decode(value, type=DayCounts)
