"""Ours: the stream processor's own service with stage 1 and one shard, as `python -m consumers stage1` runs it.

`python -m bench.stream.stage1_child JSON`. Around it: a meter for what is committed, the moment of the first record, and, unless asked
otherwise, texts left as they are instead of redacted, because redaction is measured apart. The HTTP side is not started.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import consumers.service
import consumers.stages
from bench.stream.usage import Meter, answer, asked
from consumers.collect.daily_sketches import ActiveSketcher, no_active_sketcher
from consumers.engine.stage import Stage
from consumers.metrics import ConsumerMetrics
from consumers.records import Effects, InputRecord
from consumers.service import StreamProcessor
from consumers.settings import ConsumerSettings
from runtime.logs import configure_logging, hold_back_repeats


class MeasuredMetrics(ConsumerMetrics):
    """The service's metrics, with a meter beside them; `done` is set once `count` records are committed."""

    def __init__(self, meter: Meter) -> None:
        super().__init__()
        self.meter = meter
        self.done = asyncio.Event()

    def committed(self, stage: str, effects: Iterable[Effects], seconds: float) -> None:
        """A transaction is committed."""
        effects = list(effects)
        super().committed(stage, effects, seconds)
        if self.meter.commit(sum(sum(effect.outcomes.values()) for effect in effects), seconds):
            self.done.set()


class FirstRecord:
    """A task that tells the meter of its first records; everything else is the task's own."""

    def __init__(self, task: Any, meter: Meter) -> None:
        self._task = task
        self._meter = meter

    def __getattr__(self, name: str) -> Any:
        return getattr(self._task, name)

    def process(self, records: Iterable[InputRecord]) -> Effects:
        """The task's effects."""
        self._meter.begin()
        effects: Effects = self._task.process(records)
        return effects


def unredacted(texts: Sequence[str]) -> None:
    """Nothing is taken out of the texts."""


def watched_stage1(meter: Meter, *, redact: bool) -> Any:
    """The service's stage 1 with the meter in front of its tasks."""
    make = consumers.stages.stage1
    if not redact:
        vars(consumers.stages)["redact_together"] = unredacted

    def stage1(settings: ConsumerSettings, active_sketcher: ActiveSketcher = no_active_sketcher) -> Stage:
        stage = make(settings, active_sketcher)
        new_task = stage.new_task
        return replace(stage, new_task=lambda partition: FirstRecord(new_task(partition), meter))

    return stage1


async def main() -> None:
    """Runs until `count` records are committed."""
    wanted = asked()
    settings = ConsumerSettings()
    configure_logging("consumers", level=settings.app_log_level, debug=settings.app_debug)
    hold_back_repeats()
    meter = Meter(wanted["count"])
    metrics = MeasuredMetrics(meter)
    vars(consumers.service)["stage1"] = watched_stage1(meter, redact=wanted.get("redact", False))
    service = StreamProcessor(settings, ["stage1"], metrics)
    try:
        await service.start()
        failed = asyncio.create_task(service.failed.wait())
        done = asyncio.create_task(metrics.done.wait())
        await asyncio.wait({failed, done}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await service.stop()
    if service.failure is not None:
        raise service.failure
    answer(meter.report())


if __name__ == "__main__":
    asyncio.run(main())
