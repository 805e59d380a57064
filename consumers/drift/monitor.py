"""From buckets to alarms, and from alarms to a fire: the same code offline and at stage 2.

An alarm is a test statistic above its threshold in some window, or a rate whose e-detector has its evidence. It fires when later documents
confirm it, the effect is large enough, no single source made it, and the cool-down is over.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from consumers.drift.baseline.fit import Baseline
from consumers.drift.features.sketch import Sums, documents, of_language
from consumers.drift.windows.property_rates import WatchedRate
from consumers.drift.windows.window_statistics import WindowStatistic
from consumers.drift.windows.windows import Bucket, Windows

# The least effects that are worth a run: the distance of φ's means, or the share of documents that changed bins.
MIN_EFFECT_PHI: Final = 0.01
MIN_EFFECT_SHARE: Final = 0.01


@dataclass(frozen=True, slots=True)
class Finding:
    """A window of `documents` documents that ended at document `n`: its statistic against the threshold, and whether it fired.

    `language` where it is of one language's documents alone (`documents` counts all the same), `level` that of the window, None for a rate.
    `since_day` is the earliest event-day in it; `window` its sketch, for a rate that of the smallest window that covers it, where there is
    one. `since_warning` counts the documents from the alarm's window on, which a fire confirms: they show what moved.
    """

    n: int
    signal: str
    documents: int
    statistic: float
    threshold: float
    effect: float
    fired: bool
    language: str | None = None
    level: int | None = None
    since_day: int = 0
    window: Sums | None = None
    since_warning: int = 0


@dataclass(frozen=True, slots=True)
class MonitorStatus:
    """How a test statistic or a rate stands: its newest value against the threshold, and whether an alarm waits for confirmation."""

    signal: str
    language: str | None
    statistic: float
    threshold: float
    warned: bool


class PendingWarning(msgspec.Struct, array_like=True, frozen=True):
    """Of a test statistic in alarm: the document that raised it, its window's level and earliest event-day, and that one's documents."""

    n: int
    level: int
    day: int
    documents: int = 0


class MonitorState(msgspec.Struct, array_like=True):
    """Documents so far; where the cool-down ends; alarms by test statistic; the first document of each event-day."""

    n: int = 0
    quiet_until: int = 0
    pending: dict[str, PendingWarning] = {}
    days: list[tuple[int, int]] = []


class Monitor:
    """The sequential detector over merged sketches of consecutive documents. O(levels · test statistics) a bucket."""

    def __init__(self, baseline: Baseline, *, cool_down_documents: int = 0) -> None:
        self._baseline = baseline
        self._windows = Windows(baseline.levels, baseline.bucket_documents)
        self._cool_down = cool_down_documents
        self._rates = [WatchedRate(rate) for rate in baseline.rates]
        self._languages = {stat.language for stat in baseline.window_statistics}
        self._over_all = {stat.name: stat for stat in baseline.window_statistics if stat.language is None}
        self._state = MonitorState()

    @property
    def n(self) -> int:
        """How many documents it took."""
        return self._state.n

    def push(self, bucket: Sums, day: int = 0) -> Iterator[Finding]:
        """Takes the sketch of the next documents in, whose earliest event-day is `day`; gives what warned or fired with it.

        A bucket has at least the baseline's `bucket_documents`; what is less waits for the next.
        """
        state = self._state
        if not state.days or day > state.days[-1][1]:
            state.days.append((state.n, day))
        state.n += documents(bucket)
        windows = list(self._windows.push(bucket, day))
        found = [finding for watched in self._rates if (finding := self._rate_finding(watched, bucket)) is not None]
        for level, window in windows:
            rows = self._by_language(window)
            for stat in self._baseline.window_statistics:
                found += self._look(stat, level, window, rows[stat.language])
        return iter(found)

    def forget(self, before_day: int) -> None:
        """Drops windows and alarms that reach back to an event-day before one."""
        self._windows.forget(before_day)
        state = self._state
        state.pending = {key: pending for key, pending in state.pending.items() if pending.day >= before_day}
        state.days = [mark for mark in state.days if mark[1] >= before_day]

    def warned(self) -> set[tuple[str, str | None]]:
        """The test statistics and rates, with their languages, whose alarm waits for its confirmation."""
        window_statistics = {(stat.name, stat.language) for stat in self._baseline.window_statistics if stat.key in self._state.pending}
        return window_statistics | {(watched.rate.name, watched.rate.language) for watched in self._rates if watched.watch.warned}

    def statuses(self) -> tuple[MonitorStatus, ...]:
        """Of each test statistic the newest window that is nearest to its threshold, where there is one; of each rate its evidence."""
        found = []
        windows = [(level, window) for level in range(self._baseline.levels) if (window := self._windows.window(level)) is not None]
        rows = [self._by_language(window) for _, window in windows]
        for stat in self._baseline.window_statistics:
            seen = [
                (
                    stat.statistic(row[stat.language]),
                    self._baseline.limits(stat.key, level, window.documents)[0],
                )
                for (level, window), row in zip(windows, rows, strict=True)
            ]
            if seen:
                statistic, threshold = max(seen, key=lambda pair: pair[0] / pair[1])
                found.append(MonitorStatus(stat.name, stat.language, statistic, threshold, stat.key in self._state.pending))
        for watched in self._rates:
            watch = watched.watch
            found.append(MonitorStatus(watched.rate.name, watched.rate.language, watch.statistic, watch.threshold, watch.warned))
        return tuple(found)

    def save(self) -> dict[str, bytes]:
        """The whole state by name: what did not change has the same bytes, and a part that is no longer there is no part of it."""
        found = {"at": msgspec.json.encode(self._state)}
        found |= {f"rate.{watched.rate.key}": watched.save() for watched in self._rates}
        return found | {f"window.{name}": value for name, value in self._windows.save().items()}

    def load(self, parts: Mapping[str, bytes]) -> None:
        """Goes on where `save` was, by a monitor of the same baseline and cool-down: it decides the same, to the last bit.

        Raises KeyError, ValueError or msgspec.DecodeError for parts of another baseline or release.
        """
        self._state = msgspec.json.decode(parts["at"], type=MonitorState)
        for watched in self._rates:
            watched.load(parts[f"rate.{watched.rate.key}"])
        prefix = "window."
        self._windows.load({name[len(prefix) :]: value for name, value in parts.items() if name.startswith(prefix)})

    def _rate_finding(self, watched: WatchedRate, bucket: Sums) -> Finding | None:
        n, rate = self.n, watched.rate
        decision = watched.update(bucket)
        if decision is None or decision.kind == "not_confirmed":
            return None
        fired = decision.kind == "fired"
        if fired and not self._may_fire():
            return None
        count = watched.documents_since(decision.since, n)
        window = self._windows.covering(count)
        day = max((day for first, day in self._state.days if first <= n - count), default=self._state.days[0][1])
        return Finding(
            n, rate.name, count, decision.statistic, decision.threshold, decision.effect, fired, rate.language,
            since_day=day, window=None if window is None else window.sums, since_warning=watched.documents_since(watched.watch.since, n),
        )  # fmt: skip

    def _by_language(self, window: Bucket) -> dict[str | None, NDArray[np.int64]]:
        return {language: of_language(window.sums, language) for language in self._languages}

    def _look(self, stat: WindowStatistic, level: int, window: Bucket, row: NDArray[np.int64]) -> Iterator[Finding]:
        n, pending = self.n, self._state.pending
        statistic = stat.statistic(row)
        alarm, confirm = self._baseline.limits(stat.key, level, window.documents)
        open_warning = pending.get(stat.key)
        if open_warning is not None and level >= open_warning.level and n - window.documents >= open_warning.n:
            # No document of the alarm's window is in this one, and it is no shorter.
            if statistic >= confirm and self._is_worth_it(stat, level, window, effect := stat.effect(row)):
                del pending[stat.key]
                if self._may_fire():
                    begun = open_warning.n - open_warning.documents
                    yield self._finding(stat, level, window, statistic, confirm, effect=effect, fired=True, begun=begun)
                return
            if level >= min(open_warning.level + 2, self._baseline.levels - 1):
                del pending[stat.key]
        if statistic >= alarm and stat.key not in pending:
            pending[stat.key] = PendingWarning(n, level, window.day, window.documents)
            begun = n - window.documents
            yield self._finding(stat, level, window, statistic, alarm, effect=stat.effect(row), fired=False, begun=begun)

    def _finding(
        self,
        stat: WindowStatistic,
        level: int,
        window: Bucket,
        statistic: float,
        threshold: float,
        *,
        effect: float,
        fired: bool,
        begun: int,
    ) -> Finding:
        return Finding(
            self.n, stat.name, window.documents, statistic, threshold, effect, fired, stat.language, level, window.day, window.sums,
            since_warning=self.n - begun,
        )  # fmt: skip

    def _is_worth_it(self, stat: WindowStatistic, level: int, window: Bucket, effect: float) -> bool:
        if effect < (MIN_EFFECT_PHI if stat.name == "phi" else MIN_EFFECT_SHARE):
            return False
        # Without a group as much as alarms: a flood alarms again and again, and each time chance might do the rest.
        whole = self._over_all[stat.name]
        return whole.without_one_group(window.sums) >= self._baseline.limits(whole.key, level, window.documents)[0]

    def _may_fire(self) -> bool:
        """Whether the cool-down is over; with a fire it begins again."""
        if self.n < self._state.quiet_until:
            return False
        self._state.quiet_until = self.n + self._cool_down
        return True


def since(finding: Finding) -> int:
    """The number of the first document of the finding's window: the change lies there or before."""
    return finding.n - finding.documents
