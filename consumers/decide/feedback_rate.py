"""One rate of the feedback: its open bucket, the baseline that its first ratings make, then the watch and a shadow detector beside it."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field, replace
from typing import Final

import msgspec

from consumers.drift.rates.design_effect import design_effect_of_buckets
from consumers.drift.rates.detector import RateDetector
from consumers.drift.rates.e_detector import RateCount
from consumers.drift.rates.rate_monitor import RateDecision, RatePolicy, RateWatch
from consumers.drift.rates.river_detectors import ShadowDetector, new_shadow

# So many moments are remembered, to date a change by; then every second one goes.
REMEMBERED_MOMENTS: Final = 64


@dataclass(frozen=True, slots=True)
class RatesPolicy:
    """A rate's first `baseline_events` since a version serves are its baseline; buckets close at ticks with `min_bucket_events`.

    `watch` is what a warning and a drift take; its design effect is measured on the baseline. `shadow` and `delta`: the shadow detector.
    """

    baseline_events: int
    min_bucket_events: int
    shadow: ShadowDetector
    delta: float
    watch: RatePolicy = field(default_factory=RatePolicy)


class RateReport(msgspec.Struct, array_like=True, frozen=True):
    """What a detector said and when (milliseconds since 1970 UTC); `events` since `since_ms` show it."""

    statistic: float
    threshold: float
    effect: float
    at_ms: int
    fired: bool = False
    events: int | None = None
    since_ms: int | None = None


class RateState(msgspec.Struct, array_like=True, tag=1):
    """The open bucket; the buckets gathered for the baseline; the baseline and its design effect; the states of the detectors.

    `moments` are (events of the watch so far, time) of closed buckets; `warning` and `shadow_report` what was
    said last and is not answered yet.
    """

    events: int = 0
    successes: int = 0
    gathered: list[tuple[int, int]] = []
    baseline: tuple[int, int] | None = None
    design_effect: float = 1.0
    watch: str = ""
    shadow: str = ""
    moments: list[tuple[int, int]] = []
    warning: RateReport | None = None
    shadow_report: RateReport | None = None


class RateSignal:
    """Takes what is added to a rate's counts; at ticks its buckets close."""

    def __init__(self, policy: RatesPolicy) -> None:
        self._policy = policy
        self.state = RateState()
        self._watch: RateWatch | None = None
        self._shadow: RateDetector | None = None

    @property
    def learning(self) -> tuple[int, int] | None:
        """The events gathered for the baseline and those needed; None once it is watched."""
        if self.state.baseline is not None:
            return None
        return sum(events for events, _ in self.state.gathered), self._policy.baseline_events

    def add(self, events: int, successes: int) -> bool:
        """Adds to the open bucket, or takes back from it; whether that changed anything."""
        self.state.events += events
        self.state.successes += successes
        return bool(events or successes)

    def tick(self, now_ms: int) -> bool:
        """Closes the bucket if it is full; whether it did."""
        state = self.state
        if state.events < self._policy.min_bucket_events:
            return False
        # A revision may take back what an earlier bucket counted: what no bucket can hold waits for the next.
        events, successes = state.events, min(max(state.successes, 0), state.events)
        state.events, state.successes = 0, state.successes - successes
        if self._watch is None:
            self._gather(events, successes)
        else:
            self._look(self._watch, events, successes, now_ms)
        return True

    def confirmed(self, now_ms: int) -> RateReport | None:
        """The drift that was confirmed at this tick."""
        warning = self.state.warning
        return warning if warning is not None and warning.fired and warning.at_ms == now_ms else None

    def status(self) -> tuple[float, float]:
        """Statistic and threshold of the e-detector."""
        return (0.0, self._policy.watch.arl) if self._watch is None else (self._watch.statistic, self._watch.threshold)

    def shadow_status(self) -> tuple[float, float] | None:
        """Statistic and threshold of the shadow detector, None where there is none yet."""
        return None if self._shadow is None else (self._shadow.statistic, self._shadow.threshold)

    def acknowledge(self) -> bool:
        """A run answers what was said, but for a warning that waits to be confirmed; whether that changed anything."""
        before = (self.state.warning, self.state.shadow_report)
        if self.state.warning is not None and self.state.warning.fired:
            self.state.warning = None
        self.state.shadow_report = None
        return before != (self.state.warning, self.state.shadow_report)

    def save(self) -> bytes:
        """The whole state as JSON."""
        if self._watch is not None:
            self.state.watch = self._watch.save().decode()
        if self._shadow is not None:
            self.state.shadow = self._shadow.save().decode()
        return msgspec.json.encode(self.state)

    def load(self, value: bytes) -> None:
        """Goes on where `save` was."""
        self.state = state = msgspec.json.decode(value, type=RateState)
        self._watch, self._shadow = None, None
        if state.baseline is None:
            return
        self._start()
        if self._watch is not None and state.watch:
            self._watch.load(state.watch.encode())
        if self._shadow is not None and state.shadow:
            self._shadow.load(state.shadow.encode())

    def _gather(self, events: int, successes: int) -> None:
        state = self.state
        state.gathered.append((events, successes))
        counted = sum(events for events, _ in state.gathered)
        if counted < self._policy.baseline_events:
            return
        state.baseline = (counted, sum(successes for _, successes in state.gathered))
        state.design_effect = design_effect_of_buckets(state.gathered)
        state.gathered = []
        self._start()

    def _start(self) -> None:
        baseline = RateCount(*(self.state.baseline or (0, 0)))
        self._watch = RateWatch(baseline, replace(self._policy.watch, design_effect=self.state.design_effect))
        self._shadow = new_shadow(self._policy.shadow, baseline, self._policy.delta)

    def _look(self, watch: RateWatch, events: int, successes: int, now_ms: int) -> None:
        state = self.state
        before = state.moments[-1][0] if state.moments else 0
        state.moments.append((before + events, now_ms))
        if len(state.moments) > REMEMBERED_MOMENTS:
            state.moments = [*state.moments[:-1:2], state.moments[-1]]
        decision = watch.update_bucket(events, successes)
        if decision is not None:
            state.warning = None if decision.kind == "not_confirmed" else self._report(decision, now_ms)
        if self._shadow is not None:
            self._shadow.update_bucket(events, successes)
            if self._shadow.drift_detected:
                state.shadow_report = RateReport(self._shadow.statistic, self._shadow.threshold, self._shadow.effect, now_ms)

    def _report(self, decision: RateDecision, now_ms: int) -> RateReport:
        """The change lies in the bucket that closed at `since_ms`, or before."""
        at = bisect_left(self.state.moments, decision.since, key=lambda moment: moment[0])
        since_ms = self.state.moments[min(at, len(self.state.moments) - 1)][1]
        events, fired = decision.n - decision.since + 1, decision.kind == "fired"
        # Floats, however the policy was written: the state has to come back from the changelog byte for byte.
        return RateReport(float(decision.statistic), float(decision.threshold), float(decision.effect), now_ms, fired, events, since_ms)
