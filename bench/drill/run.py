"""One drill on a broker of its own: the history published, the faults of the plan beside it, then the check."""

from __future__ import annotations

import asyncio
import shutil
import signal
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from bench.drill.archive import Archive
from bench.drill.clients import EndingRunner, Publisher
from bench.drill.fleet import LOOK_EVERY_S, Fleet, Instance
from bench.drill.history import LATENESS_HOURS, make_history, model_names
from bench.drill.judge import Topics, judge
from bench.drill.kafka import Kafka
from bench.drill.launcher import HANDLER, RESTORE, Order, write_order
from bench.drill.plan import SHARDS, Fault, make_plan
from bench.drill.proxy import HOST
from bench.drill.report import check_faults, report
from bench.drill.topic_faults import TopicFaults
from consumers.settings import ConsumerSettings

PREFIX: Final = "drill"
# An armed child that does not get to its step in this time is killed from outside instead.
STEP_WITHIN_S: Final = 20.0
ORDERS: Final = 5
FENCED_WITHIN_S: Final = 20.0
SETTLED_S: Final = 4.0
QUIET_WITHIN_S: Final = 240.0
# Every batch is exactly full, so a batch is the threshold's number of samples and their sum is the number of commands.
THRESHOLD: Final = 25
ENVIRONMENT: Final = {
    "TOPIC_PREFIX": PREFIX,
    "HOLDOUT_KEY": "drill",
    "HOLDOUT_PERCENT": "0",
    "STAGE1_SHARDS": str(SHARDS["stage1"]),
    "STAGE2_SHARDS": str(SHARDS["stage2"]),
    "RETRAIN_TRIGGER_THRESHOLD": str(THRESHOLD),
    "RETRAIN_MIN_TRAINABLE": str(THRESHOLD),
    "BATCH_MAX_SAMPLES": str(THRESHOLD),
    "BATCH_MAX_DOCUMENTS": "0",
    # So many users that neither holds a batch up; both are on.
    "BATCH_MAX_PER_USER": "5",
    "BATCH_MIN_USERS": "20",
    "ALLOWED_LATENESS_HOURS": str(LATENESS_HOURS),
    "RETRAIN_COOL_DOWN_MINUTES": "0",
    "RETRAIN_SCHEDULE_INTERVAL_HOURS": "100000",
    # Drift would fire batches that are not full.
    "DRIFT_MIN_BUCKET_EVENTS": "1000000000",
    "TICK_INTERVAL_S": "0.5",
    "TRANSACTION_TIMEOUT_S": "8",
    "APP_LOG_LEVEL": "WARNING",
}


@dataclass(frozen=True, slots=True)
class DrillSettings:
    """What to run; `work` is emptied first and keeps the logs."""

    events: int
    kills: int
    seed: int
    handler_failures: int
    poison: int
    work: Path
    libs: Path


class Drill:
    """The parts of a running drill, and how each fault is done. `done` counts faults, `scaled` the numbers of instances."""

    def __init__(self, settings: DrillSettings, kafka: Kafka) -> None:
        self.settings = settings
        self.kafka = kafka
        self.history = make_history(settings.events, seed=settings.seed, poison=settings.poison, now=datetime.now(UTC))
        self.plan = make_plan(kills=settings.kills, handler_failures=settings.handler_failures, seed=settings.seed)
        self.fleet = Fleet(settings.work, ENVIRONMENT | {"KAFKA_BOOTSTRAP_SERVERS": f"{HOST}:{kafka.proxy.port}"})
        self.publisher = Publisher(kafka.direct, self.history, seed=settings.seed)
        self.runner = EndingRunner(kafka.direct, seed=settings.seed)
        self.archive = Archive(kafka.direct)
        self.done: Counter[str] = Counter()
        self.scaled: list[int] = [1]
        self._topics = TopicFaults(kafka, self.fleet, self.publisher, self.archive, self.done, seed=settings.seed)

    async def run(self, say: Callable[[str], None]) -> tuple[list[dict[str, Any]], list[int]]:
        """The whole plan under load, to the end of the history; what the instances say then, and their exit codes."""
        await self.publisher.start()
        try:
            await self.publisher.bootstrap(model_names())
            self.runner.start()
            await self.fleet.start(1)
            await self.fleet.ready()
            for number, fault in enumerate(self.plan):
                # What is left is spread over the faults that are left, so that each comes under load.
                load = asyncio.create_task(self.publisher.publish(self.publisher.left // (len(self.plan) - number + 1)))
                before = time.monotonic()
                if fault.quiet:
                    await load
                await self.inject(fault)
                await load
                say(f"{number + 1}/{len(self.plan)} {fault.kind} {fault.stage} {fault.step}: {time.monotonic() - before:.1f} s")
            await self.publisher.publish(self.publisher.left)
            say("all faults are done")
            states = await self._quiet()
            return states, await self.fleet.stop()
        finally:
            await self.runner.stop()
            await self.publisher.stop()

    async def inject(self, fault: Fault) -> None:
        """Does one fault, counts it as what it was, and returns when it is over."""
        doing: Mapping[str, Callable[[Fault], Any]] = {
            "step": self._step,
            "restore": self._restore,
            "sigkill": self._sigkill,
            "broker": self._broker,
            "handler": self._handler,
            "reset": self._reset,
            "half_open": self._half_open,
            "sigstop": self._sigstop,
            "scale": self._scale,
            "delete": self._topics.delete,
            "open": self._topics.open,
            "hold": self._topics.hold,
            "extend": self._topics.extend,
            "make_anew": self._topics.make_anew,
        }
        await doing[fault.kind](fault)
        if fault.settle:
            await self.fleet.ready()

    async def _step(self, fault: Fault) -> None:
        await self._obeyed(fault, Order(fault.step, fault.stage, fault.nth, fault.delay_s * 1000))

    async def _handler(self, fault: Fault) -> None:
        await self._obeyed(fault, Order(HANDLER, fault.stage, fault.nth))

    async def _restore(self, fault: Fault) -> None:
        await self._obeyed(fault, Order(RESTORE, "", 1, fault.delay_s * 1000))

    async def _obeyed(self, fault: Fault, order: Order) -> None:
        """Gives the order to whoever runs the shard, again where that one ended by itself before it came to it."""
        for _ in range(ORDERS):
            told = len(self.fleet.told_lines())
            instance = await self.fleet.living(fault.shard)
            if order.step == RESTORE:
                instance = await self.fleet.restart(instance, order)
            else:
                write_order(instance.order, order)
            await self._ends(instance)
            if len(self.fleet.told_lines()) > told:
                return
        self.done["order not obeyed"] += 1

    async def _ends(self, instance: Instance) -> None:
        """Waits, with more load, until a child has done what it was told, or ended otherwise."""
        deadline = time.monotonic() + STEP_WITHIN_S
        nudge_at = time.monotonic() + 0.5
        while not instance.ended:
            now = time.monotonic()
            if now > deadline:
                instance.send(signal.SIGKILL)
                self.done["sigkill in place of a step"] += 1
                deadline += STEP_WITHIN_S
            elif now > nudge_at:
                await self.publisher.nudge()
                nudge_at = now + 0.2
            await asyncio.sleep(LOOK_EVERY_S)
        instance.order.unlink(missing_ok=True)

    async def _sigkill(self, fault: Fault) -> None:
        await asyncio.sleep(fault.delay_s)
        (await self.fleet.living(fault.shard)).send(signal.SIGKILL)
        self.done["sigkill at any moment"] += 1

    async def _broker(self, fault: Fault) -> None:
        await asyncio.to_thread(self.kafka.node.kill)
        await asyncio.sleep(fault.delay_s)
        await asyncio.to_thread(self.kafka.node.start)
        self.done["broker"] += 1
        await self._topics.drain_again()

    async def _reset(self, fault: Fault) -> None:
        await asyncio.sleep(fault.delay_s)
        self.done["connections reset"] += self.kafka.proxy.reset()
        self.done["cut: reset"] += 1

    async def _half_open(self, fault: Fault) -> None:
        self.done["connections half-open"] += await self.kafka.proxy.half_open(fault.delay_s)
        self.done["cut: half-open"] += 1

    async def _sigstop(self, fault: Fault) -> None:
        instance = await self.fleet.living(fault.shard)
        instance.send(signal.SIGSTOP)
        await asyncio.sleep(fault.delay_s)
        instance.send(signal.SIGCONT)
        self.done["sigstop"] += 1

    async def _scale(self, fault: Fault) -> None:
        await self.fleet.ready()
        await self.fleet.scale(fault.instances)
        # An instance that has nothing to commit does not learn that it was succeeded: there is load until all have.
        deadline = time.monotonic() + FENCED_WITHIN_S
        while self.fleet.leaving and time.monotonic() < deadline:
            await self.publisher.nudge()
            await asyncio.sleep(0.3)
        await self.fleet.dismiss()
        self.scaled.append(fault.instances)

    async def _quiet(self) -> list[dict[str, Any]]:
        """Waits until everything is processed, no command is due and no job runs, for SETTLED_S; what the instances say then."""
        deadline, since, before = time.monotonic() + QUIET_WITHIN_S, time.monotonic(), (-1, -1)
        while True:
            states = await self.fleet.states()
            told = [status for state in states or [] for status in state["models"].values()]
            now = sum(state["stage1"]["processed"] for state in states or []), self.runner.ended
            # More than was published, where a drain was done again.
            quiet = (
                now[0] >= self.publisher.inputs
                and all(status["running"] is None and status["trainable_negatives"] < THRESHOLD for status in told)
                and now == before
            )
            if not quiet:
                since, before = time.monotonic(), now
            # Past the deadline the check says what is missing.
            if states and (time.monotonic() - since > SETTLED_S or time.monotonic() > deadline):
                return states
            await asyncio.sleep(0.3)


async def run_drill(settings: DrillSettings, say: Callable[[str], None]) -> dict[str, Any]:
    """Runs it and returns the report; `violations` is empty where every promise was kept."""
    started = time.monotonic()
    shutil.rmtree(settings.work, ignore_errors=True)
    settings.work.mkdir(parents=True)
    kafka = await Kafka.start(settings.work / "kafka", settings.libs, PREFIX)
    try:
        drill = Drill(settings, kafka)
        states, codes = await drill.run(say)
        say(f"quiet after {time.monotonic() - started:.0f} s, reading the topics")
        consumers = ConsumerSettings.model_validate({name.lower(): value for name, value in ENVIRONMENT.items()})
        verdict = judge(await Topics.read(kafka.direct, drill.archive), drill.history, states, consumers)
    finally:
        await kafka.stop()
    check_faults(verdict, drill, codes)
    return report(drill, verdict, time.monotonic() - started)
