"""From buckets to alarms, and from alarms to a fire: the same code offline and at stage 2.

An alarm is a head above its threshold in some window, or a rate whose e-detector has its evidence. It fires when later documents
confirm it, the effect is large enough, no single source made it, and the cool-down is over.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from consumers.drift.baseline import Baseline
from consumers.drift.e_detector import RateCount
from consumers.drift.heads import Head
from consumers.drift.layout import BLOCKS
from consumers.drift.rates import Rate
from consumers.drift.sketch import GROUPS, Sums, documents
from consumers.drift.windows import Windows

# The least effects that are worth a run: the distance of φ's means, or the share of documents that changed bins.
MIN_EFFECT_PHI: Final = 0.01
MIN_EFFECT_SHARE: Final = 0.01


@dataclass(frozen=True, slots=True)
class Finding:
    """A window of `documents` documents that ended at document `n`: its statistic against the threshold, and whether it fired."""

    n: int
    head: str
    documents: int
    statistic: float
    threshold: float
    effect: float
    fired: bool


class Monitor:
    """The sequential detector over merged sketches of consecutive documents. O(levels · heads) a bucket."""

    def __init__(self, baseline: Baseline, *, cool_down_documents: int = 0) -> None:
        self._baseline = baseline
        self._windows = Windows(baseline.levels)
        self._cool_down = cool_down_documents
        # Of each head in alarm, the document that raised it and its window's level.
        self._pending: dict[str, tuple[int, int]] = {}
        self._rates = [_WatchedRate(rate, cool_down_documents) for rate in baseline.rates]
        self._quiet_until = 0
        self.n = 0

    def push(self, bucket: Sums) -> Iterator[Finding]:
        """Takes the sketch of the next documents in; gives what alarmed or fired with it."""
        self.n += documents(bucket)
        for rate in self._rates:
            found = rate.update(bucket, self.n)
            if found is not None and (not found.fired or self._may_fire()):
                yield found
        for level, window in self._windows.push(bucket):
            for head in self._baseline.heads:
                yield from self._look(head, level, window)

    def _look(self, head: Head, level: int, window: Sums) -> Iterator[Finding]:
        statistic = head.statistic(window)
        alarmed_at, alarmed_level = self._pending.get(head.name, (self.n, level))
        alarm, confirm = self._baseline.thresholds.alarm[head.name][level], self._baseline.thresholds.confirm[head.name][level]
        count = documents(window)
        if level >= alarmed_level and self.n - count >= alarmed_at:
            # No document of the alarm's window is in this one, and it is no shorter.
            # Without a group above what confirms: a flood alarms again and again, and each time chance might do the rest.
            if statistic >= confirm and _is_worth_it(head, window, (alarm + confirm) / 2):
                del self._pending[head.name]
                if self._may_fire():
                    yield Finding(self.n, head.name, count, statistic, confirm, head.effect(window), True)
                return
            if level >= min(alarmed_level + 2, self._baseline.levels - 1):
                del self._pending[head.name]
        if statistic >= alarm and head.name not in self._pending:
            self._pending[head.name] = (self.n, level)
            yield Finding(self.n, head.name, count, statistic, alarm, head.effect(window), False)

    def _may_fire(self) -> bool:
        """Whether the cool-down is over; with a fire it begins again."""
        if self.n < self._quiet_until:
            return False
        self._quiet_until = self.n + self._cool_down
        return True


class _WatchedRate:
    """A rate's watch, with what each group of sources had since the alarm."""

    def __init__(self, rate: Rate, cool_down: int) -> None:
        self._rate = rate
        self._watch = rate.watch(cool_down)
        self._since: NDArray[np.int64] = np.zeros((GROUPS, 2), np.int64)

    def update(self, bucket: Sums, n: int) -> Finding | None:
        """Takes a bucket in; what its decision is, where it completes one."""
        counted = bucket[:, [0, BLOCKS[self._rate.name].first]]
        if self._watch.alarmed:
            self._since += counted
        else:
            self._since[:] = 0
        events, successes = counted.sum(axis=0).tolist()
        decision = self._watch.update_bucket(events, successes)
        if decision is None or decision.kind == "not_confirmed":
            return None
        fired = decision.kind == "fired"
        if fired and not self._holds_without_one_group(decision.threshold):
            return None
        window = n - decision.since + 1
        return Finding(n, self._rate.name, window, decision.statistic, decision.threshold, decision.effect, fired)

    def _holds_without_one_group(self, threshold: float) -> bool:
        rest = self._since.sum(axis=0) - self._since
        return all(self._watch.confirmation(RateCount(events, successes)) >= threshold for events, successes in rest.tolist())


def _is_worth_it(head: Head, window: Sums, without_a_group: float) -> bool:
    least = MIN_EFFECT_PHI if head.name == "phi" else MIN_EFFECT_SHARE
    return head.effect(window) >= least and head.without_one_group(window) >= without_a_group


def since(finding: Finding) -> int:
    """The number of the first document of the finding's window: the change lies there or before."""
    return finding.n - finding.documents
