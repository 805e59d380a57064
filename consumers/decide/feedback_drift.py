"""Drift of one model's feedback: the newest counts of each partition's days, and the rates that they feed, overall and by language."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from consumers.collect.daily_counts import LANGUAGES
from consumers.decide.feedback_rate import RateReport, RateSignal, RatesPolicy
from consumers.decide.inputs import COUNTED, SignalSeen
from consumers.drift.rates.detector import DetectorStatus
from consumers.state_keys import FEEDBACK_PART, RATE_PART

# All of it, and each language that stage 1 counts by itself.
WATCHED: Final = (None, *LANGUAGES)
# The rates by name: what of all feedback they count. They are watched for a rise: fewer complaints are no reason to train.
RATES: Final = {"negative_rate": "negatives", "correction_rate": "corrections"}
DETECTOR: Final = "e_detector"


class FeedbackDayCounts(msgspec.Struct, array_like=True, tag=1, frozen=True):
    """The newest summary of one partition's event-day, counts in the order of COUNTED."""

    sequence: int
    counts: tuple[int, ...]


class FeedbackDrift:
    """The feedback of one model."""

    def __init__(self, policy: RatesPolicy, *, window_days: int) -> None:
        self._policy, self._window_days = policy, window_days
        self._days: dict[bytes, FeedbackDayCounts] = {}
        self._signals: dict[tuple[str, str | None], RateSignal] = {}
        self._day: int | None = None
        self._touched: set[bytes] = set()
        self.reset()

    def reset(self) -> None:
        """Another version serves: its first ratings are the baseline. What the days counted stays."""
        self._signals = {(name, language): RateSignal(self._policy) for name in RATES for language in WATCHED}
        self._touched.update(_place(*key) for key in self._signals)

    def take(self, seen: SignalSeen) -> None:
        """Merges a summary; one that is not newer than the known changes nothing."""
        place = FEEDBACK_PART + f"{seen.partition}|{seen.day}".encode()
        before = self._days.get(place)
        if before is not None and seen.sequence <= before.sequence:
            return
        counts = tuple(getattr(seen, name) for name in COUNTED)
        self._days[place] = FeedbackDayCounts(seen.sequence, counts)
        self._touched.add(place)
        new = dict(zip(COUNTED, counts, strict=True))
        if before is not None:
            new = {name: count - known for (name, count), known in zip(new.items(), before.counts, strict=True)}
        for (name, language), signal in self._signals.items():
            of = "" if language is None else f"_{language}"
            if signal.add(new[f"events{of}"], new[f"{RATES[name]}{of}"]):
                self._touched.add(_place(name, language))

    def tick(self, now_ms: int, today: int) -> list[tuple[str, str | None, RateReport]]:
        """Closes the buckets that are full; gives the drifts confirmed with them: rate, language, report."""
        if today != self._day:
            self._day = today
            for place in [place for place in self._days if int(place.rpartition(b"|")[2]) < today - self._window_days]:
                del self._days[place]
                self._touched.add(place)
        found = []
        for (name, language), signal in self._signals.items():
            if signal.tick(now_ms):
                self._touched.add(_place(name, language))
                confirmed = signal.confirmed(now_ms)
                if confirmed is not None:
                    found.append((name, language, confirmed))
        return found

    def reports(self) -> Iterator[tuple[str, str | None, str, RateReport]]:
        """The reports that no run has answered yet: rate, language, detector."""
        for (name, language), signal in self._signals.items():
            if signal.state.warning is not None:
                yield name, language, DETECTOR, signal.state.warning
            if signal.state.shadow_report is not None:
                yield name, language, self._policy.shadow, signal.state.shadow_report

    def acknowledge(self) -> None:
        """A run answers what was reported."""
        self._touched.update(_place(*key) for key, signal in self._signals.items() if signal.acknowledge())

    def statuses(self) -> Iterator[DetectorStatus]:
        """Each rate's e-detector, and the shadow detector on it; a language without ratings has none."""
        for (name, language), signal in self._signals.items():
            learning, alarm, shadow_report = signal.learning, signal.state.warning, signal.state.shadow_report
            if language is not None and learning is not None and not learning[0]:
                continue
            statistic, threshold = signal.status()
            since_ms = None if alarm is None else alarm.at_ms
            yield DetectorStatus(name, DETECTOR, language, statistic, threshold, alarm is not None, since_ms, learning)
            shadow = signal.shadow_status()
            if shadow is not None:
                since_ms = None if shadow_report is None else shadow_report.at_ms
                yield DetectorStatus(name, self._policy.shadow, language, *shadow, shadow_report is not None, since_ms)

    def save(self) -> Iterator[tuple[bytes, bytes]]:
        """The whole state as changelog records, behind the model."""
        for key, signal in self._signals.items():
            yield _place(*key), signal.save()
        for place, day in self._days.items():
            yield place, msgspec.json.encode(day)

    def take_changes(self) -> dict[bytes, bytes | None]:
        """The changelog records since the last call, behind the model."""
        by_place = {_place(*key): signal for key, signal in self._signals.items()}
        changes: dict[bytes, bytes | None] = {}
        for place in sorted(self._touched):
            if place in by_place:
                changes[place] = by_place[place].save()
            else:
                day = self._days.get(place)
                changes[place] = None if day is None else msgspec.json.encode(day)
        self._touched.clear()
        return changes

    def load(self, key: bytes, value: bytes | None) -> None:
        """Takes one changelog record back; a rate that only another release watches is left alone."""
        if key.startswith(FEEDBACK_PART):
            self._days.pop(key, None)
            if value is not None:
                self._days[key] = msgspec.json.decode(value, type=FeedbackDayCounts)
            return
        name, language = key.removeprefix(RATE_PART).decode().split("|")
        place = (name, language or None)
        if place in self._signals:
            self._signals[place] = RateSignal(self._policy)
            if value is not None:
                self._signals[place].load(value)
        self._touched.discard(key)


def _place(name: str, language: str | None) -> bytes:
    return RATE_PART + f"{name}|{language or ''}".encode()
