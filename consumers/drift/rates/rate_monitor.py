"""From a rate's e-detector to a decision: alarm, then confirmed on events after it, then quiet for a cool-down."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import msgspec

from consumers.drift.rates.e_detector import RISE, Alternatives, EDetector, RateCount


@dataclass(frozen=True, slots=True)
class RatePolicy:
    """`arl`: events to a false alarm, on average, at least. The rest is about what may fire after an alarm.

    An alarm fires if the events after it, `min_window` at least, are `confirmation` times likelier changed than not and their rate is off
    by `min_effect` times the baseline's or more; they have twice as many events for it as the change took to be found, and twice
    `min_window` at least. For `cool_down` events after that nothing is looked at.
    """

    arl: float = 2e6
    alternatives: Alternatives = RISE
    design_effect: float = 1.0
    confirmation: float = 20.0
    min_effect: float = 0.1
    min_window: int = 200
    cool_down: int = 20_000


@dataclass(frozen=True, slots=True)
class RateDecision:
    """`statistic` reached `threshold` (for `not_confirmed`: did not) at event `n`; `effect` is `rate` minus `baseline_rate`.

    `rate` is that of the events from `since` on; a fired decision's of those after its alarm alone.
    """

    kind: Literal["alarm", "fired", "not_confirmed"]
    n: int
    statistic: float
    threshold: float
    effect: float
    rate: float
    baseline_rate: float
    since: int


class WatchState(msgspec.Struct, array_like=True):
    """Events so far; the detector's state; the events after an open alarm, how many they may be and since when it is; the cool-down's last
    event."""

    n: int
    detector: bytes
    window: tuple[int, int] = (0, 0)
    window_end: int = 0
    since: int = 0
    quiet_until: int = 0


class RateWatch:
    """Watches one rate against its baseline. Costs an update of the e-detector an event or bucket.

    >>> watch = RateWatch(RateCount(20_000, 2_000))
    >>> for n in range(1, 1_000):
    ...     decision = watch.update_bucket(1, n % 5 == 0)
    ...     if decision:
    ...         print(decision.kind, decision.n, round(decision.rate, 2))
    alarm 285 0.2
    fired 485 0.2
    """

    def __init__(self, baseline: RateCount, policy: RatePolicy | None = None) -> None:
        self._policy = policy = policy or RatePolicy()
        self._detector = EDetector(baseline, arl=policy.arl, alternatives=policy.alternatives, design_effect=policy.design_effect)
        self._n = 0
        self._window = (0, 0)
        self._window_end = 0
        self._since = 0
        self._quiet_until = 0

    def update_bucket(self, events: int, successes: int, *, may_fire: bool = True) -> RateDecision | None:
        """Takes a bucket, `successes` of `events`; returns the decision that it completes. Without `may_fire` an alarm is not confirmed."""
        self._n += events
        if self._window_end:
            return self._confirm(events, successes, may_fire)
        if self._n <= self._quiet_until:
            return None
        detector = self._detector
        detector.update_bucket(events, successes)
        if not detector.drift_detected:
            return None
        since = detector.since
        self._window = (0, 0)
        self._window_end = self._n + 2 * max(since.events, self._policy.min_window)
        self._since = self._n - since.events + 1
        rate = since.successes / since.events
        return RateDecision(
            "alarm",
            self._n,
            detector.statistic,
            detector.threshold,
            detector.effect,
            rate,
            detector.reference.rate,
            self._since,
        )

    @property
    def warned(self) -> bool:
        """Whether an alarm waits for its confirmation."""
        return self._window_end > 0

    @property
    def n(self) -> int:
        """How many events it took."""
        return self._n

    @property
    def since(self) -> int:
        """The event that the newest alarm's change is dated to; 0 before there was one."""
        return self._since

    @property
    def statistic(self) -> float:
        """The evidence so far; while an alarm waits, that of the events after it (`threshold` is then the confirmation's)."""
        return self._detector.confirmation(RateCount(*self._window)) if self.warned else self._detector.statistic

    @property
    def threshold(self) -> float:
        """What `statistic` has to reach."""
        return self._policy.confirmation if self.warned else self._policy.arl

    @property
    def reach(self) -> tuple[float | None, float | None]:
        """The rates below and above which a change that lasts is found for certain."""
        return self._detector.reach

    def confirmation(self, window: RateCount) -> float:
        """The evidence of some of the events after an alarm for the change that warned (`EDetector.confirmation`)."""
        return self._detector.confirmation(window)

    def save(self) -> bytes:
        """The whole state as JSON: a watch made alike that loads it decides the same."""
        return msgspec.json.encode(
            WatchState(self._n, self._detector.save(), self._window, self._window_end, self._since, self._quiet_until)
        )

    def load(self, state: bytes) -> None:
        """Goes on where the saved watch was; raises msgspec.ValidationError."""
        loaded = msgspec.json.decode(state, type=WatchState)
        self._detector.load(loaded.detector)
        self._n, self._window, self._window_end = loaded.n, loaded.window, loaded.window_end
        self._since, self._quiet_until = loaded.since, loaded.quiet_until

    def _confirm(self, events: int, successes: int, may_fire: bool) -> RateDecision | None:
        policy, detector = self._policy, self._detector
        self._window = (self._window[0] + events, self._window[1] + successes)
        window = RateCount(*self._window)
        if window.events < policy.min_window:
            return None
        evidence, before = detector.confirmation(window), detector.reference.rate
        rate = window.successes / window.events
        shown = evidence >= policy.confirmation and abs(rate - before) >= policy.min_effect * before
        fired = shown and may_fire
        if not fired and self._n < self._window_end:
            return None
        since = self._n - window.events + 1
        self._window_end = 0
        if fired:
            self._quiet_until = self._n + policy.cool_down
        elif not shown:
            detector.learn_after_detection(window.events, window.successes)
        kind: Literal["fired", "not_confirmed"] = "fired" if fired else "not_confirmed"
        return RateDecision(kind, self._n, evidence, policy.confirmation, rate - before, rate, before, since)
