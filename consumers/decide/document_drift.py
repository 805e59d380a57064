"""Drift of one model's documents: the newest sketch of each partition's days, what they add to an open bucket, and the monitor.

A summary holds a day's whole sketch, so its difference to the known one is what is new: late events, revisions and what was taken back
included. The bucket closes at a tick once it holds enough documents. Watched is the baseline active on the day of the tick; sketches
made with another one are kept and say nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

import msgspec

from consumers.decide.inputs import DocumentText, SignalSeen
from consumers.decide.recent_documents import RecentDocuments
from consumers.drift.features.sketch import documents, empty, plausible, sums_of, text_of
from consumers.drift.rates.detector import DetectorStatus
from consumers.kept_state import under
from consumers.state_keys import BASELINES_PART, BUCKET_PART, MONITOR_PART, SKETCH_PART, TERMS_PART

# A new list is followed this much later. Baselines are fetched by a reader of its own, which has heard of them by then: a replay is never
# behind, so both decide the same.
SETTLED_MS: Final = 5_000


class ListedBaselines(msgspec.Struct, array_like=True, tag=1, frozen=True):
    """The list as `ServingSeen.baselines` has it, and the first tick that knew of it (milliseconds since 1970 UTC)."""

    baselines: str = ""
    since_ms: int | None = None

    def at(self, now_ms: int) -> ListedBaselines:
        """The same list, dated by the first tick that comes."""
        return self if self.since_ms is not None or not self.baselines else ListedBaselines(self.baselines, now_ms)

    def is_settled(self, now_ms: int) -> bool:
        """Whether the list is followed yet; an empty one is at once."""
        return not self.baselines or (self.since_ms is not None and now_ms >= self.since_ms + SETTLED_MS)

    def active(self, today: int) -> tuple[str, int] | None:
        """The sha256 and first day of the baseline for a day (an ordinal): of two that begin on one day the later named.

        >>> ListedBaselines("ab:1,cd:739000").in_force(738999)
        ('ab', 1)
        """
        named = ((sha256, int(day)) for sha256, _, day in (item.partition(":") for item in self.baselines.split(",") if item))
        begun = [item for item in named if item[1] <= today]
        return begun[-1] if begun else None


if TYPE_CHECKING:
    from consumers.drift.baseline.fit import Baseline
    from consumers.drift.monitor import Finding, Monitor

Known = Callable[[str], "Baseline | None"]
_DETECTORS: Final = {"phi": "hotelling", "mojibake": "e_detector", "script_error": "e_detector", "unknown_word": "e_detector"}


class DaySketch(msgspec.Struct, array_like=True, tag=1, frozen=True):
    """The newest sketch of one partition's event-day, and the baseline that it was made with."""

    sequence: int
    baseline: str
    sketch: str


class DriftWarning(msgspec.Struct, array_like=True, frozen=True):
    """What warned: a window of `documents` from `since_day` on, at a time (milliseconds since 1970 UTC)."""

    signal: str
    language: str | None
    statistic: float
    threshold: float
    effect: float
    documents: int
    since_day: int
    at_ms: int


class Watched(msgspec.Struct, array_like=True, tag=1):
    """The baseline that is watched; the open bucket and the earliest event-day in it; the warnings that wait to be confirmed."""

    baseline: str
    bucket: str = ""
    first_day: int | None = None
    warnings: list[DriftWarning] = []


class DocumentDrift:
    """The documents of one model. `known` gives a baseline by its sha256, None where it is not known here.

    The same summaries, ticks and baselines give the same findings, whether the state went through the changelog in between or not.
    """

    def __init__(self, known: Known, *, window_days: int, cool_down: int) -> None:
        self._known, self._window_days, self._cool_down = known, window_days, cool_down
        self._listed = ListedBaselines()
        self._watched: Watched | None = None
        self._open = empty()
        self._days: dict[bytes, DaySketch] = {}
        self._recent = RecentDocuments()
        # The monitor's state as the changelog has it, and the names of former parts that it is yet to drop.
        self._parts: dict[str, bytes] = {}
        self._gone: set[str] = set()
        self._monitor: Monitor | None = None
        self._baseline: Baseline | None = None
        # Whether the baseline is still to be asked for: after a restore, a change, and once a day while it is not known.
        self._asks = True
        self._day: int | None = None
        self._touched: set[bytes] = set()

    @property
    def baseline(self) -> tuple[str, Baseline] | None:
        """The baseline that is watched and its sha256."""
        return None if self._watched is None or self._baseline is None else (self._watched.baseline, self._baseline)

    @property
    def warnings(self) -> Sequence[DriftWarning]:
        """The warnings that wait to be confirmed."""
        return () if self._watched is None else self._watched.warnings

    def serve(self, baselines: str) -> None:
        """Takes the list of baselines of the serving version (`ServingSeen.baselines`); ticks go by it once it has settled."""
        if baselines != self._listed.baselines:
            self._listed = ListedBaselines(baselines)
            self._touched.add(BASELINES_PART)

    def take(self, seen: SignalSeen) -> None:
        """Merges a summary's sketch; one that is not newer than the known changes nothing."""
        place = SKETCH_PART + f"{seen.partition}|{seen.day}".encode()
        before = self._days.get(place)
        if seen.sketch is None or seen.baseline is None or (before is not None and seen.sequence <= before.sequence):
            return
        self._days[place] = DaySketch(seen.sequence, seen.baseline, seen.sketch)
        self._touched.add(place)
        if self._watched is not None and seen.baseline == self._watched.baseline:
            self._open = self._open + sums_of(seen.sketch)
            if before is not None and before.baseline == seen.baseline:
                self._open -= sums_of(before.sketch)
            self._watched.first_day = min(seen.day, self._watched.first_day or seen.day)
            self._touched.add(BUCKET_PART)

    def read(self, texts: Sequence[DocumentText]) -> None:
        """Takes the texts of collected documents: they explain, and decide nothing."""
        self._ready()
        self._recent.take(texts)

    def tick(self, now_ms: int, today: int) -> list[Finding]:
        """Closes the bucket if it is full, and returns what fired with it."""
        if today != self._day:
            self._turn(today)
        self._follow(now_ms, today)
        self._ready()
        self._recent.tick()
        watched, monitor, baseline = self._watched, self._monitor, self._baseline
        if watched is None or monitor is None or baseline is None or documents(self._open) < baseline.bucket_documents:
            return []
        # A revision may take back what an earlier bucket counted: what no bucket can hold waits for the next.
        bucket = plausible(self._open)
        self._open = self._open - bucket
        monitor.forget(today - self._window_days)
        found = list(monitor.push(bucket, today if watched.first_day is None else watched.first_day))
        watched.first_day = None
        _note(watched, monitor, found, now_ms)
        self._touched.update((BUCKET_PART, MONITOR_PART))
        return [finding for finding in found if finding.fired]

    def explained(self, finding: Finding) -> dict[str, Any]:
        """The fields of `drift.detected` that explain a finding: terms of the newest documents, shares and histograms of its window."""
        # With scipy, which only this needs.
        from consumers.decide.drift_evidence import drift_terms, shares

        if self._watched is None or self._baseline is None:
            return {}
        fields: dict[str, Any] = {"baseline": self._watched.baseline}
        if finding.window is not None:
            found = shares(self._baseline, finding.window)
            fields |= {"clusters": found.clusters, "languages": found.languages, "histograms": found.histograms}
        terms = self._recent.explain(finding.since_warning, finding.language)
        if terms is not None:
            fields |= {"term_documents": terms.documents, "rose": drift_terms(terms.rose), "fell": drift_terms(terms.fell)}
        return fields

    def statuses(self) -> Iterator[DetectorStatus]:
        """Each test statistic's newest look."""
        if self._monitor is None:
            return
        since = {(warning.signal, warning.language): warning.at_ms for warning in self.warnings}
        for one in self._monitor.statuses():
            since_ms = since.get((one.signal, one.language))
            yield DetectorStatus(one.signal, detector_of(one.signal), one.language, one.statistic, one.threshold, one.warned, since_ms)

    def unwatched_because(self) -> str | None:
        """Why documents are not watched; None where they are."""
        if self._baseline is not None:
            return None
        if self._watched is not None:
            return f"baseline {self._watched.baseline[:12]} is not known here yet: it is looked for once a day and at a start"
        if self._listed.baselines:
            return "the serving version's first baseline begins later"
        return "the serving version has no drift baseline (fewer than 2,000 documents make none): see the record of its bootstrap"

    def save(self) -> Iterator[tuple[bytes, bytes]]:
        """The whole state as changelog records, behind the model."""
        for place in (BASELINES_PART, BUCKET_PART, *self._days):
            value = self._value(place)
            if value is not None:
                yield place, value
        for name, part in self._parts.items():
            yield MONITOR_PART + name.encode(), part
        yield from under(TERMS_PART, self._recent.save())

    def take_changes(self) -> dict[bytes, bytes | None]:
        """The changelog records since the last call, behind the model."""
        changes: dict[bytes, bytes | None] = {}
        for place in sorted(self._touched):
            if place != MONITOR_PART:
                changes[place] = self._value(place)
                continue
            parts = {} if self._monitor is None else self._monitor.save()
            changes |= {MONITOR_PART + name.encode(): None for name in sorted((self._gone | self._parts.keys()) - parts.keys())}
            changes |= {MONITOR_PART + name.encode(): part for name, part in parts.items() if self._parts.get(name) != part}
            self._parts, self._gone = parts, set()
        self._touched.clear()
        changes.update(under(TERMS_PART, self._recent.take_changes().items()))
        return changes

    def load(self, key: bytes, value: bytes | None) -> None:
        """Takes one changelog record back; the monitor is made of its parts when it is needed."""
        kind, rest = key[:2], key[2:]
        if kind == BASELINES_PART:
            self._listed = ListedBaselines() if value is None else msgspec.json.decode(value, type=ListedBaselines)
        elif kind == BUCKET_PART:
            self._watched = None if value is None else msgspec.json.decode(value, type=Watched)
            self._open = empty() if self._watched is None or not self._watched.bucket else sums_of(self._watched.bucket)
        elif kind == MONITOR_PART:
            self._parts.pop(rest.decode(), None)
            if value is not None:
                self._parts[rest.decode()] = value
        elif kind == TERMS_PART:
            self._recent.load(rest, value)
        elif kind == SKETCH_PART and value is None:
            self._days.pop(key, None)
        elif kind == SKETCH_PART and value is not None:
            self._days[key] = msgspec.json.decode(value, type=DaySketch)
        else:
            raise ValueError(f"changelog part {key.decode()!r} of drift: expected b, o, k|…, t|… or s|…")
        self._monitor, self._baseline, self._asks = None, None, True

    def _turn(self, today: int) -> None:
        """A day begins: days that have left the window are forgotten."""
        self._day, self._asks = today, self._asks or self._baseline is None
        for place in [place for place in self._days if _day_of(place) < today - self._window_days]:
            del self._days[place]
            self._touched.add(place)

    def _follow(self, now_ms: int, today: int) -> None:
        """Watches the baseline active today: a new one from its first day's documents on, those known already included."""
        listed = self._listed.at(now_ms)
        if listed != self._listed:
            self._listed = listed
            self._touched.add(BASELINES_PART)
        if not listed.is_settled(now_ms):
            return
        sha256, from_day = listed.active(today) or (None, 0)
        if sha256 == (None if self._watched is None else self._watched.baseline):
            return
        self._watched = None if sha256 is None else Watched(sha256)
        self._open = empty()
        for place, known in self._days.items():
            if self._watched is not None and known.baseline == sha256 and _day_of(place) >= from_day:
                self._open = self._open + sums_of(known.sketch)
                self._watched.first_day = min(_day_of(place), self._watched.first_day or _day_of(place))
        self._monitor, self._baseline, self._asks = None, None, True
        self._gone, self._parts = self._gone | self._parts.keys(), {}
        self._touched.update((BUCKET_PART, MONITOR_PART))

    def _ready(self) -> None:
        """Makes the monitor of the watched baseline, if it is known here, and takes its state back."""
        if not self._asks or self._watched is None:
            return
        from consumers.drift.monitor import Monitor

        self._asks, self._baseline = False, self._known(self._watched.baseline)
        if self._baseline is None:
            return
        self._monitor = Monitor(self._baseline, cool_down_documents=self._cool_down)
        if self._parts:
            self._monitor.load(self._parts)
        self._recent.begin(self._watched.baseline, self._baseline.terms)

    def _value(self, place: bytes) -> bytes | None:
        if place == BASELINES_PART:
            return msgspec.json.encode(self._listed) if self._listed.baselines else None
        if place != BUCKET_PART:
            day = self._days.get(place)
            return None if day is None else msgspec.json.encode(day)
        if self._watched is None:
            return None
        self._watched.bucket = text_of(self._open)
        return msgspec.json.encode(self._watched)


def detector_of(signal: str) -> str:
    """The kind of detector behind a test statistic's name."""
    return _DETECTORS.get(signal, "chi_square")


def _note(watched: Watched, monitor: Monitor, found: Sequence[Finding], now_ms: int) -> None:
    """Keeps what warned for as long as it waits to be confirmed."""
    warnings = {(warning.signal, warning.language): warning for warning in watched.warnings}
    for one in found:
        # Floats, whatever a baseline's numbers are: the state has to come back from the changelog byte for byte.
        warnings[one.signal, one.language] = DriftWarning(
            one.signal, one.language, float(one.statistic), float(one.threshold), float(one.effect), one.documents, one.since_day, now_ms
        )
    waiting = monitor.warned()
    watched.warnings = [warning for place, warning in warnings.items() if place in waiting]


def _day_of(place: bytes) -> int:
    return int(place.rpartition(b"|")[2])
