"""From buckets to alarms, and from alarms to a fire: the same code offline and at stage 2.

An alarm is a head above its threshold in some window. It fires when a later window that shares no document with the first one confirms it,
the effect is large enough, no single source made it, and the cool-down is over.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from consumers.drift.baseline import Baseline
from consumers.drift.heads import Head
from consumers.drift.sketch import Sums, documents
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


@dataclass(slots=True)
class _Pending:
    """An alarm that waits for a window without any of its documents."""

    n: int


class Monitor:
    """The sequential detector over merged sketches of consecutive documents. O(levels · heads) a bucket."""

    def __init__(self, baseline: Baseline, *, cool_down_documents: int = 0) -> None:
        self._baseline = baseline
        self._windows = Windows(baseline.levels)
        self._cool_down = cool_down_documents
        self._pending: dict[str, _Pending] = {}
        self._quiet_until = 0
        self.n = 0

    def push(self, bucket: Sums) -> Iterator[Finding]:
        """Takes the sketch of the next documents in; gives what alarmed or fired with it."""
        self.n += documents(bucket)
        for level, window, _ in self._windows.push(bucket):
            for head in self._baseline.heads:
                yield from self._look(head, level, window)

    def _look(self, head: Head, level: int, window: Sums) -> Iterator[Finding]:
        statistic = head.statistic(window)
        pending = self._pending.get(head.name)
        alarm, confirm = self._baseline.thresholds.alarm[head.name][level], self._baseline.thresholds.confirm[head.name][level]
        count = documents(window)
        if pending is not None and self.n - count >= pending.n:
            # The first window behind the alarm decides it.
            del self._pending[head.name]
            if statistic >= confirm and self._is_worth_it(head, level, window):
                self._quiet_until = self.n + self._cool_down
                yield Finding(self.n, head.name, count, statistic, confirm, head.effect(window), True)
                return
        if statistic >= alarm and head.name not in self._pending:
            self._pending[head.name] = _Pending(self.n)
            yield Finding(self.n, head.name, count, statistic, alarm, head.effect(window), False)

    def _is_worth_it(self, head: Head, level: int, window: Sums) -> bool:
        least = MIN_EFFECT_PHI if head.name == "phi" else MIN_EFFECT_SHARE
        if head.effect(window) < least or self.n < self._quiet_until:
            return False
        # Above what confirms: a flood alarms again and again, and each time chance might do the rest.
        alarm, confirm = self._baseline.thresholds.alarm[head.name][level], self._baseline.thresholds.confirm[head.name][level]
        return head.without_one_group(window) >= (alarm + confirm) / 2


def since(finding: Finding) -> int:
    """The number of the first document of the finding's window: the change lies there or before."""
    return finding.n - finding.documents
