"""A Shiryaev-Roberts e-detector for a rate whose baseline is itself an estimate.

M starts at 0, and after n events with a baseline rate that did not change E[M] is at most n: so the chance of an alarm among the first n
events is at most n / ARL, whatever n is (Shin, Ramdas, Rinaldo: E-detectors, 2023; the mixture over alternatives is theirs too).

The rate before is not known but counted: `successes` of `events`. Its uncertainty is a Beta distribution with Jeffreys' prior, which
events that look unchanged go on narrowing; the likelihood before the change is its predictive. So the promise holds on average over
baselines. What the stream teaches never leaves the baseline's own confidence interval: a large bucket or a slow drift can't pull the
reference after itself. docs/log.md has what other ways to treat the rate were measured at: the estimate taken for the truth breaks the
promise, an upper confidence bound keeps it for a while and costs the same delay.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from operator import mul
from typing import Final

import msgspec

# Evidence stays finite while a change goes on unanswered; far above any threshold, and a product of it with an average stays a float.
CEILING: Final = 1e250
_LOG_CEILING: Final = math.log(CEILING)


@dataclass(frozen=True, slots=True)
class RateCount:
    """`successes` out of `events`."""

    events: int
    successes: int

    @property
    def rate(self) -> float:
        """The rate with Jeffreys' prior: never 0 or 1."""
        return (self.successes + 0.5) / (self.events + 1)


@dataclass(frozen=True, slots=True)
class Alternatives:
    """Rates after a change: multiples of the baseline's odds, with weights. Above 1 looks for a rise, below for a fall.

    Odds, because a multiple of odds is a rate for every baseline. The nearest to 1 sets which changes are too small to be found, however
    long they last; each further one costs delay by -log(weight) / (information an event).
    """

    odds_ratios: tuple[float, ...]
    weights: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.odds_ratios or len(self.odds_ratios) != len(self.weights):
            raise ValueError("expected as many weights as odds_ratios, at least one")
        if min(self.odds_ratios) <= 0 or 1.0 in self.odds_ratios or min(self.weights) <= 0:
            raise ValueError("expected odds_ratios over 0 and other than 1, and weights over 0")

    def mirrored(self) -> Alternatives:
        """The same for the other direction."""
        return Alternatives(tuple(1 / ratio for ratio in self.odds_ratios), self.weights)

    def with_mirrored(self) -> Alternatives:
        """Both directions, each with half the weight."""
        mirrored = self.mirrored()
        return Alternatives(self.odds_ratios + mirrored.odds_ratios, self.weights + mirrored.weights)


# Weighted for a negative rate of 10 % that goes to 12, 15 or 20 %; the last two are for what nobody can overlook.
RISE: Final = Alternatives((1.25, 1.6, 2.25, 6.0, 40.0), (8.0, 12.0, 6.0, 1.0, 1.0))
# Half the width of the baseline's interval in standard deviations: narrower keeps unlucky baselines from learning, wider protects less.
_INTERVAL_Z: Final = 3.0


class EDetectorState(msgspec.Struct, array_like=True):
    """Counts of the reference (baseline and unchanged stream), and of each alternative: evidence, and the mean events and successes
    since the change that it believes in."""

    events: int
    successes: int
    evidence: list[float]
    ages: list[float]
    rises: list[float]
    detected: bool = False


class EDetector:
    """Finds a change of a rate; at most one false alarm in `arl` events on average. O(alternatives) an update, 24 bytes each of state.

    `design_effect` is how many events carry the evidence of one independent event: 1 for independent events; where events come in runs of
    one source, the variance of the sums of blocks over that of independent events. All evidence counts for so much less.

    >>> detector = EDetector(RateCount(20_000, 2_000))
    >>> for n in range(1, 1_000):
    ...     detector.update(n % 5 == 0)
    ...     if detector.drift_detected:
    ...         print(f"event {n}: {detector.effect:+.3f}")
    ...         break
    event 285: +0.102
    """

    def __init__(self, baseline: RateCount, *, arl: float = 2e6, alternatives: Alternatives = RISE, design_effect: float = 1.0) -> None:
        if not 0 <= baseline.successes <= baseline.events:
            raise ValueError(f"a baseline of {baseline.successes} out of {baseline.events}: expected 0 <= successes <= events")
        if not (arl >= 1 and design_effect >= 1):
            raise ValueError("expected arl and design_effect of at least 1")
        odds = baseline.rate / (1 - baseline.rate)
        rates = [odds * ratio / (1 + odds * ratio) for ratio in alternatives.odds_ratios]
        self._rates = rates
        self._logs = [(math.log(rate), math.log1p(-rate)) for rate in rates]
        total = math.fsum(alternatives.weights)
        self._weights = [weight / total for weight in alternatives.weights]
        self._arl = arl
        self._design_effect = design_effect
        self._interval = _wilson(baseline.events / design_effect, baseline.successes / design_effect)
        zeros = [0.0] * len(rates)
        self._state = EDetectorState(baseline.events, baseline.successes, zeros, zeros[:], zeros[:])

    def update(self, x: float) -> None:
        """One event: 1 (or True) for a success, 0 for none."""
        self.update_bucket(1, int(x))

    def update_bucket(self, events: int, successes: int) -> None:
        """A bucket whose order inside is not known: a change may have begun with any of its events, and is dated to its first."""
        if not 0 <= successes <= events:
            raise ValueError(f"a bucket of {successes} out of {events}: expected 0 <= successes <= events")
        if self._state.detected:
            self._start_afresh()
        if events == 0:
            return
        state = self._state
        scale = self._design_effect
        up, down = successes / scale, (events - successes) / scale
        before = self._log_before(state.events, state.successes, up, down)
        for place, (log_rate, log_other) in enumerate(self._logs):
            evidence = state.evidence[place]
            started = evidence + events
            kept = evidence / started
            state.ages[place] = kept * state.ages[place] + events
            state.rises[place] = kept * state.rises[place] + successes
            state.evidence[place] = min(started * math.exp(min(up * log_rate + down * log_other - before, _LOG_CEILING)), CEILING)
        state.events += events
        state.successes += successes
        state.detected = self.statistic >= self._arl

    def learn_after_detection(self, events: int, successes: int) -> None:
        """Starts afresh after a detection, with events after it that turned out unchanged counted into the reference."""
        self._start_afresh()
        self._state.events += events
        self._state.successes += successes

    @property
    def drift_detected(self) -> bool:
        """Whether the newest bucket completed the evidence."""
        return self._state.detected

    @property
    def statistic(self) -> float:
        """M, the evidence averaged over the alternatives."""
        total: float = sum(map(mul, self._weights, self._state.evidence))
        return total

    @property
    def threshold(self) -> float:
        """The average run length: events to a false alarm."""
        return self._arl

    @property
    def since(self) -> RateCount:
        """What came since the change, where there was one: its events and successes, averaged over starts by their evidence."""
        state, total = self._state, self.statistic
        if total == 0:
            return RateCount(0, 0)
        shares = [weight * evidence / total for weight, evidence in zip(self._weights, state.evidence, strict=True)]
        events = round(math.fsum(share * age for share, age in zip(shares, state.ages, strict=True)))
        successes = round(math.fsum(share * rise for share, rise in zip(shares, state.rises, strict=True)))
        return RateCount(events, min(successes, events))

    @property
    def reference(self) -> RateCount:
        """Baseline and stream up to the change that the evidence speaks for."""
        since = self.since
        events = max(self._state.events - since.events, 0)
        return RateCount(events, min(max(self._state.successes - since.successes, 0), events))

    @property
    def effect(self) -> float:
        """The rate since the change minus the reference's; 0 before there is evidence."""
        since = self.since
        return since.successes / since.events - self.reference.rate if since.events else 0.0

    @property
    def reach(self) -> tuple[float | None, float | None]:
        """Rates below the first and above the second are found for certain if they last; None for a direction that is not looked for.

        What lies between is too near an alternative's distance or, with a small baseline, may be the baseline's own rate.
        """
        low, high = self._interval
        falls = [_crossing(rate, low) for rate in self._rates if rate < low]
        rises = [_crossing(high, rate) for rate in self._rates if rate > high]
        return max(falls, default=None), min(rises, default=None)

    def confirmation(self, window: RateCount) -> float:
        """Evidence for the same change in a window that no alarm was raised on: at least c with a chance of at most 1 / c without one.

        An e-process: it may be looked at after each event of the window.
        """
        reference, scale = self.reference, self._design_effect
        up, down = window.successes / scale, (window.events - window.successes) / scale
        before = self._log_before(reference.events, reference.successes, up, down)
        logs = (up * log_rate + down * log_other - before for log_rate, log_other in self._logs)
        return math.fsum(weight * math.exp(min(log, _LOG_CEILING)) for weight, log in zip(self._weights, logs, strict=True))

    def save(self) -> bytes:
        """The state as JSON."""
        return msgspec.json.encode(self._state)

    def load(self, state: bytes) -> None:
        """Goes on where the saved detector of the same baseline, alternatives and design effect was; raises msgspec.ValidationError."""
        loaded = msgspec.json.decode(state, type=EDetectorState)
        if not len(loaded.evidence) == len(loaded.ages) == len(loaded.rises) == len(self._weights):
            raise msgspec.ValidationError(f"a state of {len(loaded.evidence)} alternatives for a detector of {len(self._weights)}")
        self._state = loaded

    def _start_afresh(self) -> None:
        reference = self.reference
        zeros = [0.0] * len(self._weights)
        self._state = EDetectorState(reference.events, reference.successes, zeros, zeros[:], zeros[:])

    def _log_before(self, events: int, successes: int, up: float, down: float) -> float:
        """The log probability of a sequence of `up` and `down` without a change, after a reference of so many events."""
        low, high = self._interval
        a = (successes + 0.5) / self._design_effect
        b = (events - successes + 0.5) / self._design_effect
        total, more = a + b, up + down
        if more == 1.0 and (up == 1.0 or down == 1.0):
            rate = min(max(a / total, low), high)
            return math.log(rate if up else 1 - rate)
        if low <= a / total <= high and low <= (a + up) / (total + more) <= high:
            lgamma = math.lgamma
            return lgamma(a + up) - lgamma(a) + lgamma(b + down) - lgamma(b) - lgamma(total + more) + lgamma(total)
        rate = min(max((a + up) / (total + more), low), high)
        return up * math.log(rate) + down * math.log1p(-rate)


def _crossing(low: float, high: float) -> float:
    """The rate of the events under which `low` and `high` are equally likely: over it, evidence for `high` grows."""
    return math.log((1 - low) / (1 - high)) / math.log(high * (1 - low) / (low * (1 - high)))


def _wilson(events: float, successes: float) -> tuple[float, float]:
    """Wilson's interval of a rate, a little inside 0 and 1.

    >>> [round(bound, 4) for bound in _wilson(20_000, 2_000)]
    [0.0938, 0.1065]
    """
    square = _INTERVAL_Z**2
    middle = (successes + square / 2) / (events + square)
    half = _INTERVAL_Z / (events + square) * math.sqrt(successes * (events - successes) / events + square / 4) if events else 0.5
    return max(middle - half, 1e-9), min(middle + half, 1 - 1e-9)
