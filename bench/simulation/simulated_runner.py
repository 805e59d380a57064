"""What the simulation's runner has for Kafka's clients, metrics and disk; the supervisor, the job run and all below are the real ones.

Its jobs' files, children and verdicts are in `simulated_workshop`.
"""

from __future__ import annotations

from typing import Any

from bench.simulation.simulated_clients import Network, SimulatedConsumer
from bench.simulation.simulated_log import SimulatedLog
from gpu_runner.errors import JobRefused
from gpu_runner.event_log.reader import OWN, REQUESTS, WITHDRAWALS, TopicReader
from gpu_runner.jobs.leased_samples import Places
from gpu_runner.versions.deployment import Deployment, DeploymentRefused
from gpu_runner.versions.registry import RegisteredVersion, find_version
from runtime.artifacts.store import ArtifactMissing
from runtime.kafka.connection import KafkaConnection
from runtime.kafka.topic_metadata import Topic
from schemas import topics
from schemas.envelope import decode
from schemas.events.retrain_requested import LeasedBatch
from schemas.events.sample_collected import SampleCollected
from schemas.identity import batch_sha256


class NullMetrics:
    """No metrics: a registry for each runner of each seed would cost more than the runner."""

    def __getattr__(self, name: str) -> Any:
        return lambda *_, **__: None


class EndlessRoom:
    """A disk with room for every job."""

    def require(self, *_: Any) -> None:
        return


class NoEvaluations:
    """No person asks for an evaluation."""

    def waiting(self) -> list[Any]:
        return []


class Samples:
    """The leased samples, read from the simulated log by their places."""

    def __init__(self, log: SimulatedLog, network: Network, connection: KafkaConnection) -> None:
        self._log, self._network, self._connection = log, network, connection

    async def read(self, batch: LeasedBatch) -> Places:
        if batch_sha256(batch.samples, batch.documents) != batch.sha256:
            raise JobRefused(f"batch {batch.number} does not have its stated sha256")
        await self._network.way()
        topic = self._connection.topic(topics.SAMPLE_COLLECTED)
        found: dict[tuple[int, int], SampleCollected] = {}
        for ref in (*batch.samples, *batch.documents):
            records, _ = self._log.visible(topic, ref.partition, ref.offset, 1)
            if records and records[0].offset == ref.offset:
                found[ref.partition, ref.offset] = decode(records[0].value, records[0].headers, SampleCollected)[1]
        return found


class SimulatedDeployment(Deployment):
    """What answers persons' promotions and rollbacks; weights are in no file here, so none are verified."""

    async def _usable(self, model: str, version: str) -> RegisteredVersion:
        try:
            return find_version(self._store, f"{model}/{version}")
        except ArtifactMissing as error:
            raise DeploymentRefused(str(error)) from error


class SimulatedReader(TopicReader):
    """The runner's reader over a simulated consumer."""

    def __init__(self, connection: KafkaConnection, log: SimulatedLog, network: Network) -> None:
        self._connection = connection
        self._consumer = SimulatedConsumer(log, network, idle_wait=True)
        self._log = log
        self._names = {connection.topic(name): name for name in (*OWN, *REQUESTS, *WITHDRAWALS)}
        self._dead_lettered = set()
        self._client = None
        self._topics = {}
        self._looked_s = 0.0
        self.unread = []

    async def _described(self) -> dict[str, Topic]:
        return {name: self._log.described(name) for name in self._log.topics}
