"""One seed: an installation, its people, everything that breaks in it, and the calm at its end."""

from __future__ import annotations

import asyncio
import gc
import hashlib
import json
import sys
import warnings
from collections import deque
from collections.abc import Callable
from datetime import datetime
from random import Random
from typing import Any, Final

from bench.simulation.cluster import Cluster
from bench.simulation.fleet import Fleet
from bench.simulation.operators import Operators
from bench.simulation.parts import Parts, Site
from bench.simulation.plan import MODELS, SOURCE, START, Plan, Publication, Settings, at, draw
from bench.simulation.runners import Runners
from bench.simulation.second_thoughts import SecondThoughts
from bench.simulation.simulated_clients import Network
from bench.simulation.simulated_log import SimulatedLog
from bench.simulation.simulated_sketcher import SimulatedSketcher
from bench.simulation.simulated_store import Store
from bench.simulation.simulated_workshop import NOWHERE, Machine, Use
from bench.simulation.virtual_loop import VirtualLoop
from consumers.collect.policy import IntakePolicy
from consumers.decide.feedback_rate import RatesPolicy
from consumers.decide.model_drift import DriftPolicy, none_known
from consumers.decide.trigger_state import TriggerPolicy
from consumers.drift.rates.rate_monitor import RatePolicy
from consumers.engine.stage import Stage
from consumers.stages import collecting, deciding
from gpu_runner.settings import RunnerSettings
from producers.redaction.redact import redact_together
from runtime.kafka.connection import KafkaConnection
from runtime.kafka.transaction import partition_of
from schemas import topics
from schemas.envelope import encode
from schemas.events.clock_ticked import ClockTicked
from schemas.events.model_current import ModelCurrent

CONNECTION: Final = KafkaConnection("nowhere:1")
COUNTS: Final = {spec.name: spec.partitions for spec in topics.specs()}
TRANSACTION_TIMEOUT_S: Final = 60.0
# Without a command, a job or a sample for longer than any wait of a seed (retries, cool-down, lease, two late ticks), all is done.
QUIET_S: Final = 120.0
# What still goes on after that long never ends.
CALM_S: Final = 1500.0
RUNNER: Final = RunnerSettings(data_dir=NOWHERE, lease_s=20, lease_renew_s=6, progress_every_s=3)
TAIL: Final = 120
# A seed has some dozens of ratings, and drift has to be among what happens in it: chance has to do for evidence.
RATES: Final = RatesPolicy(
    baseline_events=6,
    min_bucket_events=2,
    watch=RatePolicy(arl=3, confirmation=1.2, min_window=3, cool_down=6),
    shadow="none",
    delta=0.002,
)
HOLDOUT_KEY: Final = b"a key"
HOLDOUT_PERCENT: Final = 5
LATENESS_S: Final = 24 * 3600
FUTURE_S: Final = 600


class Trace:
    """What happened, as a hash over everything and the last lines to read."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop
        self._hash = hashlib.sha256()
        self.tail: deque[str] = deque(maxlen=TAIL)

    def __call__(self, line: str) -> None:
        text = f"{self._loop.now:10.3f} {line}"
        self._hash.update(text.encode())
        self.tail.append(text)

    def digest(self) -> str:
        return self._hash.hexdigest()


class World:
    """Everything of one seed. After `run` the log holds its history."""

    def __init__(self, seed: int, parts: Parts) -> None:
        self.seed = seed
        self.loop = VirtualLoop()
        self.trace = Trace(self.loop)
        self.plan: Plan = draw(self._rng("plan"))
        self.settings: Settings = self.plan.settings
        self.log = SimulatedLog(self.loop, self._rng("log"), COUNTS, self.wall_ms, self.trace)
        self.network = Network(self._rng("network"))
        self.store = Store()
        for model in self.settings.models:
            first = {"verdict": "bootstrap", "artifact": {"uri": "base/tiny", "sha256": "a" * 64}}
            self.store.write_bytes(f"finetuned/{model}/v0/decision.json", json.dumps(first).encode())
        self.trained: list[Use] = []
        self.judged: list[Use] = []
        # When a runner was stopped, and until when: it can hear nothing then.
        self.runner_stops: list[tuple[float, float]] = []
        # What people said, by the topic and the record that says it.
        self.said: dict[tuple[str, bytes | None, bytes | None, Any], Publication] = {}
        self.policy = self._policy()
        self.parts = parts
        site = Site(self.loop, self.log, self.network, CONNECTION, parts, self.trace)
        self.fleet = Fleet(site, self._rng("fleet"), self._stages(), twice=self.settings.twice)
        self.cluster = Cluster(site, self._rng("cluster"), self.fleet, calm_at_s=self.settings.calm_at_s)
        self.operators = Operators(site, self._rng("operators"), self.fleet, self.cluster)
        self.second_thoughts = SecondThoughts(site, self.plan, self.trained, self._rng("second thoughts"), self._publish_unless_quiet)
        machines = [self._machine(name) for name in ("gpu-a", "gpu-b")]
        runner = RUNNER.model_copy(update={"run_max_hours": self.settings.run_max_s / 3600})
        self.runners = Runners(site, self._rng("runners"), machines, runner, self.now)
        self._chaos = self._rng("chaos")

    def now(self) -> datetime:
        """The wall clock."""
        return at(self.loop.now)

    def live_tasks(self, stage: str) -> list[Any]:
        """The tasks of a stage as their owners have them now."""
        return [task for shard in self.fleet.owned_shards() if shard.stage.name == stage for task in shard.live()]

    def wall_ms(self) -> int:
        return round(START.timestamp() * 1000) + round(self.loop.now * 1000)

    async def live(self) -> None:
        """From the first event to the calm at the end."""
        settings = self.settings
        self.loop.start(None, self._tick(), "ticker")
        self.loop.start(None, self._broker(), "broker")
        self.fleet.spread(settings.instances)
        self.runners.launch(self.runners.machines[0])
        self.loop.start(None, self._bootstrap(), "bootstrap")
        self.loop.start(None, self._break_things(), "chaos")
        self.loop.start(None, self.cluster.upset(), "cluster")
        self.loop.start(None, self.operators.look_after(), "operators")
        self.loop.start(None, self.second_thoughts.follow(), "second thoughts")
        for publication in self.plan.publications:
            await asyncio.sleep(max(publication.at_s - self.loop.now, 0.0))
            while self.cluster.quiet:  # noqa: ASYNC110
                await asyncio.sleep(1.0)
            self._publish(publication)
        await asyncio.sleep(max(settings.calm_at_s - self.loop.now, 0.0))
        while self.loop.now < settings.calm_at_s + CALM_S:
            await asyncio.sleep(10.0)
            if self.loop.now - max(self._last_work_s(), settings.calm_at_s) > QUIET_S:
                return

    def _last_work_s(self) -> float:
        """When something other than a tick was last written or published."""
        topics_of_work = (topics.SAMPLE_COLLECTED, topics.RETRAIN_REQUESTED, topics.TRAINING_STATE, topics.OPERATOR_REQUESTED)
        partitions = [partition for name in topics_of_work for partition in self.log.topics[CONNECTION.topic(name)]]
        return max((partition.history[-1].at_s for partition in partitions if partition.history), default=0.0)

    def publish(self, event: Any, time: datetime) -> None:
        """Puts an event on its topic as a plain producer does."""
        wire = encode(event, source=SOURCE, time=time)
        topic = CONNECTION.topic(event.TOPIC)
        number = 0 if wire.key is None else partition_of(wire.key, COUNTS[topic])
        offset = self.log.append(topic, number, wire.key, wire.value, wire.headers)
        self.trace(f"publish {event.TOPIC} {number} {offset} {event.event_id()}")

    def _publish(self, publication: Publication) -> None:
        event: Any = publication.event
        wire = encode(event, source=SOURCE, time=publication.time)
        value = wire.value if publication.poison is None else publication.poison
        topic = CONNECTION.topic(event.TOPIC)
        self.said[topic, wire.key, value, tuple(wire.headers)] = publication
        self.trace(f"say {event.TOPIC} {event.event_id()}")
        self.cluster.append(event.TOPIC, wire.key, value, wire.headers)

    def _publish_unless_quiet(self, publication: Publication) -> None:
        if not self.cluster.quiet:
            self._publish(publication)

    async def _bootstrap(self) -> None:
        for model in self.settings.models:
            await asyncio.sleep(self._chaos.choice((0.0, 0.0, 10.0)))
            current = ModelCurrent(
                model=model, version="v0", artifact_uri="base/tiny", artifact_sha256="a" * 64, cause="bootstrap",
                decision_id=f"boot-{model}", base_model="org/tiny", holdout_key_id="00000000", holdout_percent=10, since=self.now(),
            )  # fmt: skip
            self.publish(current, self.now())

    async def _tick(self) -> None:
        rng, tick_s = self._rng("ticker"), self.settings.tick_s
        while True:
            calm = self.loop.now > self.settings.calm_at_s
            lateness = 0.0 if calm else rng.choice((0.0, 0.0, 0.0, 30.0))
            self.publish(ClockTicked(now=at(max(self.loop.now - lateness, 0.0)), interval_s=tick_s), self.now())
            await asyncio.sleep(rng.uniform(0.5, 1.5) * tick_s * (3 if calm else 1))

    async def _broker(self) -> None:
        rng = self._rng("broker")
        while True:
            await asyncio.sleep(rng.uniform(2.0, 15.0))
            self.log.expire(TRANSACTION_TIMEOUT_S)
            # Not user.erased: an erasure that compaction took before it was read would have to be guessed by the checks.
            for name in (topics.STAGE1_CHANGELOG, topics.STAGE2_CHANGELOG, topics.TRAINING_STATE):
                topic = CONNECTION.topic(name)
                self.log.compact(topic, rng.randrange(len(self.log.topics[topic])), rng)

    async def _break_things(self) -> None:
        rng, calm_at_s = self._chaos, self.settings.calm_at_s
        self.network.failing = self.settings.failing
        acts: list[Callable[[], None]] = [
            self._kill_instance, self._kill_instance, self._freeze_instance, self._freeze_instance, self._rescale,
            self._kill_runner, self._freeze_runner, self._replace_runner,
        ]  # fmt: skip
        every_s = rng.choice((8.0, 20.0, 50.0))
        while True:
            await asyncio.sleep(rng.expovariate(1 / every_s))
            if self.loop.now >= calm_at_s:
                break
            rng.choice(acts)()
        self.network.failing = 0.0

    def _kill_instance(self) -> None:
        if self.fleet.instances:
            self.fleet.end(self._chaos.choice(self.fleet.instances), "SIGKILL")

    def _freeze_instance(self) -> None:
        """SIGSTOP; perhaps somebody else takes its shards over before it wakes up."""
        running = [instance for instance in self.fleet.instances if not instance.process.stopped]
        if not running or self.cluster.quiet:
            return
        rng = self._chaos
        instance = rng.choice(running)
        self.trace(f"stop {instance.process.name}")
        self.loop.stop_process(instance.process)
        seconds = min(rng.uniform(1.0, 90.0), max(self.settings.calm_at_s - self.loop.now, 1.0))
        if rng.random() < 0.7:
            self.loop.start(None, self._take_over(instance, rng.uniform(0.0, seconds)), "take over")
        self.loop.start(None, self._wake(instance.process, seconds), "wake")

    async def _take_over(self, instance: Any, after_s: float) -> None:
        await asyncio.sleep(after_s)
        if instance in self.fleet.owned():
            self.fleet.launch(key for key in instance.keys)

    async def _wake(self, process: Any, after_s: float) -> None:
        await asyncio.sleep(after_s)
        self.trace(f"continue {process.name}")
        self.loop.continue_process(process)
        self.fleet.awake(process)

    def _rescale(self) -> None:
        former = list(self.fleet.instances)
        self.fleet.spread(self._chaos.randint(1, 4))
        for instance in former:
            self.loop.start(None, self._retire(instance, self._chaos.uniform(0.0, 20.0)), "retire")

    async def _retire(self, instance: Any, after_s: float) -> None:
        await asyncio.sleep(after_s)
        self.fleet.end(instance, "scaled in")

    def _kill_runner(self) -> None:
        if self.runners.alive:
            self.runners.end(self._chaos.choice(self.runners.alive), "SIGKILL")

    def _freeze_runner(self) -> None:
        running = [process for process in self.runners.alive if not process.stopped]
        if not running:
            return
        process = self._chaos.choice(running)
        self.trace(f"stop {process.name}")
        self.loop.stop_process(process)
        seconds = min(self._chaos.uniform(1.0, 120.0), max(self.settings.calm_at_s - self.loop.now, 1.0))
        self.runner_stops.append((self.loop.now, self.loop.now + seconds))
        if self._chaos.random() < 0.5:
            self.runners.launch(self._chaos.choice(self.runners.machines))
        self.loop.start(None, self._wake(process, seconds), "wake")

    def _replace_runner(self) -> None:
        self.runners.launch(self._chaos.choice(self.runners.machines))

    def _machine(self, name: str) -> Machine:
        rng = self._rng(name)
        return Machine(
            name, rng, self.store, self.trained, self.judged, dying=rng.choice((0.0, 0.2, 0.5)), refused=rng.choice((0.0, 0.1)),
            dead=rng.choice((0.0, 0.0, 0.2)), barren=rng.choice((0.0, 0.2, 0.5)), child_seconds=rng.choice(((1.0, 5.0), (2.0, 25.0))),
        )  # fmt: skip

    def _stages(self) -> dict[str, tuple[Stage, int, int]]:
        intake = IntakePolicy(
            default_model=MODELS[0], holdout_key=HOLDOUT_KEY, holdout_percent=HOLDOUT_PERCENT, redact=redact_together,
            collect_feedback=True, lateness_s=LATENESS_S, future_s=FUTURE_S,
        )  # fmt: skip
        collector, decider, policy, sketcher = self.parts.collector, self.parts.decider, self.policy, SimulatedSketcher()
        first = collecting(lambda number: collector(number, intake, lambda model, day: sketcher))
        second = deciding(lambda number: decider(number, policy))
        return {
            "stage1": (first, topics.INPUT_PARTITIONS, self.settings.stage1_shards),
            "stage2": (second, topics.MODEL_PARTITIONS, self.settings.stage2_shards),
        }

    def _policy(self) -> TriggerPolicy:
        settings = self.settings
        return TriggerPolicy(
            drift=DriftPolicy(none_known, window_days=30, rates=RATES), threshold=settings.threshold,
            min_trainable=settings.min_trainable,
            max_per_user=settings.max_per_user, min_users=settings.min_users,
            schedule_interval_hours=settings.schedule_s / 3600, cool_down_minutes=settings.cool_down_s / 60,
            retry_minutes=settings.retry_s / 60, run_max_hours=settings.run_max_s / 3600,
            max_samples=settings.max_samples, max_documents=settings.max_documents, future_s=FUTURE_S,
        )  # fmt: skip

    def _rng(self, name: str) -> Random:
        return Random(f"{self.seed}/{name}")


def run_seed(seed: int, parts: Parts, check: Callable[[World], None]) -> World:
    """Runs one seed, checks it, and lets everything of it go without a word of its buried coroutines."""
    gc.disable()
    world = World(seed, parts)
    try:
        world.loop.run(world.live())
        check(world)
    finally:
        world.loop.bury()
        hook, sys.unraisablehook = sys.unraisablehook, lambda _: None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            gc.enable()
            gc.collect()
        sys.unraisablehook = hook
    return world
