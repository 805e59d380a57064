"""The stream processor of one process: its shards restored, positioned and running, its ticker, and how it stops."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Final

import structlog
from aiokafka import AIOKafkaConsumer
from faststream import FastStream
from faststream.kafka import KafkaBroker

from consumers.baseline_cache import BaselineCache, CurrentModels
from consumers.collect.collector import Collector
from consumers.collect.totals import summed
from consumers.decide.decider import Decider
from consumers.engine.housekeeping import Housekeeping
from consumers.engine.open_shard import Ownership, StartClients, open_shard
from consumers.engine.originals import OriginalReader
from consumers.engine.positions import check_partitions, partition_counts
from consumers.engine.restore import restore
from consumers.engine.shard import Shard
from consumers.engine.shard_consumer import ShardConsumer
from consumers.engine.sharding import transactional_id
from consumers.engine.snapshot import Snapshots
from consumers.engine.stage import OwnedTask, Stage, shard_partitions
from consumers.engine.watch.stall_detector import ProgressWatch
from consumers.errors import FatalError
from consumers.metrics import ConsumerMetrics
from consumers.settings import ConsumerSettings
from consumers.stages import stage1, stage2
from consumers.ticker import Ticker
from runtime.artifacts.open import open_store
from runtime.kafka.connection import KafkaConnection
from runtime.kafka.topic_metadata import Topic, describe
from runtime.kafka.transaction import TransactionalWriter
from schemas import topics
from schemas.topics import specs

log = structlog.get_logger()

ROLES: Final = ("stage1", "stage2", "ticker")
# A batch in hand is committed before the stop. A broker that has gone may let everything wait: together under five seconds.
BESIDE_WITHIN_S: Final = 1.0
READERS_WITHIN_S: Final = 2.0
WRITERS_WITHIN_S: Final = 1.0
# The write of an idle changelog, which the stop may fall into: without its producer it would never end, and hold up the snapshots.
SETTLED_WITHIN_S: Final = 0.5
# Beside the writers. One that is cut off is no loss: the former snapshot stays, and the changelog behind it.
SNAPSHOTS_WITHIN_S: Final = 1.4


class StreamProcessor:
    """Everything that runs beside the HTTP side. `failed` is set by the first error; then the process has to end."""

    def __init__(self, settings: ConsumerSettings, roles: Sequence[str], metrics: ConsumerMetrics) -> None:
        self._settings = settings
        self._roles = roles
        self._metrics = metrics
        self._connection: KafkaConnection = settings.connection()
        self._writers: list[TransactionalWriter] = []
        self._originals: list[OriginalReader] = []
        self._shards: list[Shard] = []
        self._background: list[asyncio.Task[None]] = []
        self._app: FastStream | None = None
        self._watch: ProgressWatch | None = None
        self._snapshots: dict[str, Snapshots] = {}
        # As they were at the start, by full name.
        self._topics: dict[str, Topic] = {}
        self._housekeeping: Housekeeping | None = None
        self._ticker: Ticker | None = None
        self._phase = "starting"
        self.failure: BaseException | None = None
        self.failed = asyncio.Event()

    async def start(self) -> None:
        """Fences former owners, restores, seeks, then reads; nothing is processed before the state is whole."""
        counts = await partition_counts(self._connection, [spec.name for spec in specs(self._settings.topic_prefix)])
        stages = await self._stages(counts)
        broker = KafkaBroker(
            **_broker_address(self._connection),
            consumer_only=True,
            apply_types=False,
            logger=_subscriber_logger(),
            graceful_timeout=READERS_WITHIN_S,
        )
        await broker.connect()
        # FastStream has no setting for the consumer's class; its own tests put theirs here.
        made: Any = broker.config.broker_config.builder
        broker.config.broker_config.builder = partial(ShardConsumer, wakes_fetches=self._connection.wakes_fetches, **made.keywords)
        self._phase = "restoring"
        if self._connection.knows_topic_ids:
            self._topics = await describe(self._connection, _inputs(stages, self._connection))
        for stage in stages:
            partitions = check_partitions(stage, self._connection, counts)
            self._find_snapshots(stage)
            groups = shard_partitions(partitions, self._settings.shards(stage.name))
            for number, owned in list(enumerate(groups))[self._settings.instance :: self._settings.instances]:
                shard = await self._restored(stage, number, owned, counts)
                shard.subscribe(broker, max_records=self._settings.batch_max_records)
                self._shards.append(shard)
        self._watch = ProgressWatch(
            self._connection,
            self._shards,
            self._metrics,
            stall_s=self._settings.stall_seconds,
            topics=self._topics,
            used=_read_partitions(stages, self._connection, counts),
        )
        _spare_the_collector()
        if self._shards:
            self._app = FastStream(broker, logger=None)
            await self._app.start()
            for shard in self._shards:
                shard.position_once()
            self._run_beside(self._watch.run(), "progress")
            if self._connection.keeps_logs:
                self._housekeeping = Housekeeping(
                    self._shards,
                    self._snapshots,
                    snapshot_every_s=self._settings.snapshot_every_minutes * 60,
                    write_every_s=self._settings.changelog_write_every_hours * 3600,
                )
                self._run_beside(self._housekeeping.run(), "upkeep")
        if "ticker" in self._roles:
            self._ticker = Ticker(self._connection, self._metrics, interval_s=self._settings.tick_interval_s)
            self._run_beside(self._ticker.run(), "ticker")
        self._phase = "running"
        if stages and not self._shards:
            log.warning("this instance has no shard: there are more instances than shards; it waits and does nothing")
        log.info(
            "stream processor running",
            roles=list(self._roles),
            instance=self._settings.instance,
            instances=self._settings.instances,
            shards=[f"{shard.stage.name}-{shard.number}" for shard in self._shards],
        )

    async def stop(self) -> None:
        """Stops reading after the batch in hand; what is not committed is read again by the next start."""
        self._phase = "stopping"
        for task in self._background:
            task.cancel()
        if self._background:
            await asyncio.wait(self._background, timeout=BESIDE_WITHIN_S)
        if self._app is not None:
            await _within(READERS_WITHIN_S, self._app.stop(), "subscribers")
        if self.failure is None:
            await _within(SETTLED_WITHIN_S, asyncio.gather(*(shard.show_offsets() for shard in self._shards)), "transactions")
        closing = [_within(WRITERS_WITHIN_S, writer.stop(), writer.transactional_id) for writer in self._writers]
        closing += [_within(WRITERS_WITHIN_S, reader.stop(), "reader of originals") for reader in self._originals]
        if self._housekeeping is not None and self.failure is None:
            closing.append(_within(SNAPSHOTS_WITHIN_S, self._housekeeping.snapshot(), "snapshots"))
        await asyncio.gather(*closing)

    def problem(self) -> str | None:
        """Why the process is not ready, None where it gets on."""
        if self.failure is not None:
            return f"stopping: {self.failure}"
        if self._phase != "running":
            return f"{self._phase}: records are read once the state is restored"
        for part in (self._watch, self._ticker):
            problem = part.problem() if part is not None else None
            if problem is not None:
                return problem
        return None

    def before_metrics(self) -> None:
        """Refreshes the gauges that are read off the state."""
        self._metrics.buffers(self._models())

    def state(self) -> dict[str, Any]:
        """The JSON of `GET /state`."""
        return {
            "stage1": summed(self._statuses("stage1")) | {"positions": self._positions("stage1")},
            "stage2": {"positions": self._positions("stage2")},
            "lag_records": self._watch.lag() if self._watch is not None else {},
            "problems": self._watch.problems() if self._watch is not None else [],
            "models": self._models(),
        }

    async def samples_of(self, user_hash: str) -> dict[str, Any]:
        """The JSON of `GET /users/{hash}`: what is remembered and held of a user by this process, and whether that is all there is."""
        tasks = [owned.task for shard in self._shards for owned in shard.tasks.values()]
        collectors = [task for task in tasks if isinstance(task, Collector)]
        deciders = [task for task in tasks if isinstance(task, Decider)]
        remembered = buffered = 0
        for collector in collectors:
            remembered += collector.remembered_of(user_hash)
            await asyncio.sleep(0)
        for decider in deciders:
            buffered += decider.held_of(user_hash)
            await asyncio.sleep(0)
        every = len(collectors) >= topics.INPUT_PARTITIONS and len(deciders) >= topics.MODEL_PARTITIONS
        return {"remembered": remembered, "buffered": buffered, "complete": every and self._phase == "running"}

    async def _stages(self, counts: dict[str, int]) -> list[Stage]:
        """The stages of this process, and the baselines that they need read before any record is processed."""
        if not {"stage1", "stage2"} & set(self._roles):
            return []
        cache = BaselineCache(open_store(self._settings), self._settings.cache_dir() / "drift")
        current = CurrentModels(self._connection, cache)
        try:
            await current.read_to_end(counts)
        except BaseException:
            await current.close()
            raise
        self._run_beside(current.follow(), "baselines")
        stages = [stage1(self._settings, cache.active_sketcher)] if "stage1" in self._roles else []
        return [*stages, stage2(self._settings, cache.baseline)] if "stage2" in self._roles else stages

    async def _restored(self, stage: Stage, number: int, partitions: Sequence[int], counts: dict[str, int]) -> Shard:
        shards = self._settings.shards(stage.name)
        writer = TransactionalWriter(
            self._connection,
            transactional_id(self._settings.topic_prefix, stage.name, number, shards),
            timeout_s=self._settings.transaction_timeout_s,
        )
        self._writers.append(writer)
        tasks = {partition: OwnedTask(stage.new_task(partition)) for partition in partitions}

        async def read_back(into: Mapping[int, OwnedTask]) -> None:
            await restore(self._connection, stage, into, snapshots=self._snapshots.get(stage.name))

        ids = {
            name: self._topics[full].id for name in (*stage.keyed, *stage.whole) if (full := self._connection.topic(name)) in self._topics
        }
        originals = (
            OriginalReader(self._connection, lambda: AIOKafkaConsumer(**self._connection.consumer_options())) if stage.joins else None
        )
        if originals is not None:
            self._originals.append(originals)
        return await open_shard(
            stage, Ownership(number, shards, tasks), self._connection, StartClients(writer, read_back, self._looking, originals),
            counts=counts, topic_ids=ids, skip_lost=self._settings.skip_lost_records, metrics=self._metrics, failed=self._fail,
        )  # fmt: skip

    @asynccontextmanager
    async def _looking(self) -> AsyncIterator[AIOKafkaConsumer]:
        consumer = AIOKafkaConsumer(**self._connection.consumer_options())
        await consumer.start()
        try:
            yield consumer
        finally:
            await consumer.stop()

    def _find_snapshots(self, stage: Stage) -> None:
        """Where the stage's snapshots are. A log that is not kept holds nothing that a snapshot could stand for."""
        settings, changelog = self._settings, self._connection.topic(stage.changelog)
        if not self._connection.keeps_logs or not settings.snapshot_every_minutes:
            return
        made_as = self._topics.get(changelog)
        if made_as is None:
            return
        folder = settings.data_dir / "snapshots" / settings.topic_prefix / stage.name
        self._snapshots[stage.name] = Snapshots(folder, changelog, made_as.id, stage.version)

    def _run_beside(self, work: Any, name: str) -> None:
        task: asyncio.Task[None] = asyncio.create_task(work, name=name)
        task.add_done_callback(self._ended)
        self._background.append(task)

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and task.exception() is not None:
            error = task.exception()
            if error is not None:
                self._fail(error)

    def _fail(self, error: BaseException) -> None:
        # The first error is the cause; those after it come of the stopping.
        if self.failure is None:
            self.failure = error
            self.failed.set()

    def _statuses(self, stage: str) -> list[Mapping[str, Any]]:
        return [owned.task.status() for shard in self._shards if shard.stage.name == stage for owned in shard.tasks.values()]

    def _models(self) -> dict[str, Any]:
        """The status of each model, in the order of their names."""
        found = {model: status for statuses in self._statuses("stage2") for model, status in statuses.items()}
        return dict(sorted(found.items()))

    def _positions(self, stage: str) -> dict[str, dict[str, int]]:
        found: dict[str, dict[str, int]] = {}
        for shard in self._shards:
            if shard.stage.name == stage:
                for (topic, partition), offset in shard.positions().items():
                    found.setdefault(topic, {})[str(partition)] = offset
        return found


def _inputs(stages: Iterable[Stage], connection: KafkaConnection) -> list[str]:
    read = {name for stage in stages for name in (*stage.keyed, *stage.whole, stage.changelog, topics.MODEL_CURRENT)}
    return [connection.topic(name) for name in read]


def _read_partitions(stages: Iterable[Stage], connection: KafkaConnection, counts: Mapping[str, int]) -> dict[str, int]:
    """How many partitions are read of each topic, by full name: the fewest, where one stage reads by partition and another all of them."""
    read: dict[str, int] = {}
    for stage in stages:
        # Beside its inputs each has a reader of the drift baselines.
        read.setdefault(connection.topic(topics.MODEL_CURRENT), counts[connection.topic(topics.MODEL_CURRENT)])
        for name in (*stage.whole, *stage.keyed, stage.changelog):
            topic = connection.topic(name)
            used = counts[topic if name in stage.whole else connection.topic(stage.changelog)]
            read[topic] = min(used, read.get(topic, used))
    return read


def _spare_the_collector() -> None:
    """Keeps Python's cycle collector off what lives as long as the process, and from running several times a batch.

    A batch of 2,000 records makes more than 10,000 objects that end with it, without cycles. With the thresholds of
    Python (700, 10, 10) the collector took 7 of 38 µs an event, memory being the same.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def _subscriber_logger() -> logging.Logger:
    # FastStream tells of its consume loop's errors here alone; its own logger has a handler that is not ours.
    logger = logging.getLogger("consumers.subscriber")
    logger.setLevel(logging.WARNING)
    return logger


def _broker_address(connection: KafkaConnection) -> dict[str, Any]:
    options = connection.client_options()
    address: dict[str, Any] = {"bootstrap_servers": options["bootstrap_servers"]}
    if connection.security_protocol != "PLAINTEXT":
        address["security"] = security(connection)
    return address


def security(connection: KafkaConnection) -> Any:
    """FastStream's form of the connection's security; aiokafka takes the same fields as options."""
    from faststream.security import BaseSecurity, SASLPlaintext, SASLScram256, SASLScram512

    use_ssl = "SSL" in connection.security_protocol.replace("SASL", "")
    context = connection.client_options().get("ssl_context")
    if "SASL" not in connection.security_protocol:
        return BaseSecurity(ssl_context=context, use_ssl=use_ssl)
    kinds: dict[str, Any] = {"PLAIN": SASLPlaintext, "SCRAM-SHA-256": SASLScram256, "SCRAM-SHA-512": SASLScram512}
    kind = kinds.get(connection.sasl_mechanism)
    if kind is None:
        raise FatalError(f"KAFKA_SASL_MECHANISM {connection.sasl_mechanism!r}: expected one of {', '.join(kinds)}")
    return kind(username=connection.sasl_username or "", password=connection.sasl_password or "", ssl_context=context, use_ssl=use_ssl)


async def _within(seconds: float, stopping: Any, what: str) -> None:
    # Not `wait_for`: it waits for what it cancels, and aiokafka 0.14 may lose that.
    task = asyncio.ensure_future(stopping)
    done, _ = await asyncio.wait({task}, timeout=seconds)
    task.cancel()
    error = task.exception() if done and not task.cancelled() else None if done else TimeoutError()
    if error is not None:
        # Nothing is lost by a client that does not close in order: what was not committed is read again.
        log.warning("not stopped in order", what=what, error=repr(error))
