"""Bring the topics of a cluster to the contract: `plan` says what differs, `apply` changes it. Both may run as often as one likes.

A record lives at most `retention_ms`, not at least: Kafka deletes whole segments, by their newest record, so a segment's length and the
time between two looks are taken off the retention. Record timestamps are the broker's (`LogAppendTime`), so a wrong client clock
neither loses a record early nor keeps a text too long. Segments of a compacted topic are rolled and compacted when they are 12 h old, but
only at a write to their partition: a tombstone takes effect within 24 h where each partition is written to at least every 12 h.

Only configurations named here are compared; whatever else an operator set on a topic stays.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Final, Literal

from confluent_kafka import KafkaException
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    NewTopic,
    ResourceType,
)

from runtime.kafka.connection import KafkaConnection
from schemas.topics import READ_WITH, TopicSpec

HOUR_MS: Final = 3600 * 1000
# A finished segment is looked for every log.retention.check.interval.ms (5 min) and its file goes a minute later.
DELETION_DELAY_MS: Final = 10 * 60 * 1000
REQUEST_TIMEOUT_S: Final = 30.0

ChangeKind = Literal["create", "alter", "grow", "surplus", "refuse"]


class TopicsError(RuntimeError):
    """The cluster cannot be brought to the contract; the message says by which topic, and what to do."""


@dataclass(frozen=True, slots=True)
class ContractChange:
    """One difference between the cluster and the contract.

    `create`: the topic is missing. `alter`: configuration values differ, `values` holds those wanted and `before` those found.
    `grow`: it has fewer partitions than the contract; keys move to other partitions, so `apply` asks for `grow_partitions=True`.
    `surplus`: it has more partitions than the contract, which Kafka cannot take back; nothing of ours writes to them, `apply` leaves them.
    `refuse`: a changelog, or a topic whose state is in one, has another number: the state of a key would be looked for elsewhere.
    """

    topic: str
    kind: ChangeKind
    partitions: int
    values: Mapping[str, str]
    before: Mapping[str, str]

    def __str__(self) -> str:
        if self.kind == "create":
            return f"create {self.topic} with {self.partitions} partitions"
        if self.kind == "alter":
            return f"alter {self.topic}: " + ", ".join(f"{k} {self.before.get(k, 'unset')} -> {v}" for k, v in sorted(self.values.items()))
        told = f"{self.topic} has {self.before['partitions']} partitions, the contract says {self.partitions}"
        return f"{told}: those added are not used, and records in them not read" if self.kind == "surplus" else told


def configuration(spec: TopicSpec) -> dict[str, str]:
    """The topic configurations that the contract fixes.

    >>> month = TopicSpec("t", 1, 30 * 24 * HOUR_MS, False, 1048576, "user", "producers", "")
    >>> {name: value for name, value in configuration(month).items() if name.endswith(".ms")}
    {'retention.ms': '2548200000', 'segment.ms': '43200000'}
    """
    values = {"max.message.bytes": str(spec.max_message_bytes), "message.timestamp.type": "LogAppendTime"}
    if spec.compact:
        values |= {"cleanup.policy": "compact", "max.compaction.lag.ms": str(12 * HOUR_MS)}
        if spec.retention_ms is None:
            return values
        values["cleanup.policy"] = "compact,delete"
    elif spec.retention_ms is None:
        return values | {"cleanup.policy": "delete", "retention.ms": "-1"}
    else:
        values["cleanup.policy"] = "delete"
    segment_ms = max(HOUR_MS, spec.retention_ms // 60)
    retention_ms = max(HOUR_MS, spec.retention_ms - segment_ms - DELETION_DELAY_MS)
    return values | {"retention.ms": str(retention_ms), "segment.ms": str(segment_ms)}


def plan(connection: KafkaConnection, specs: Iterable[TopicSpec]) -> list[ContractChange]:
    """What has to change so that the cluster has the contract's topics, in the order of `specs`; an empty list: nothing.

    Raises TopicsError when the cluster does not answer.
    """
    return _plan(_admin(connection), tuple(specs))


def apply(
    connection: KafkaConnection, specs: Iterable[TopicSpec], *, replication_factor: int = 1, grow_partitions: bool = False
) -> list[ContractChange]:
    """Make the changes of `plan` and return them once the brokers confirmed; nothing is changed when one has to be refused.

    Records already written stay where they are when partitions are added, and their keys' next ones may go elsewhere: grow only topics
    whose readers are stopped. One that a stage keeps state of by partition never grows; surplus partitions are left as they are.
    """
    # The client must outlive its futures: a temporary one creates nothing, in silence.
    admin, wanted = _admin(connection), tuple(specs)
    changes = _plan(admin, wanted)
    refused = [change for change in changes if change.kind == "refuse" or (change.kind == "grow" and not grow_partitions)]
    if refused:
        advice = (
            "state belongs to partitions, so topics that a stage keeps state of are made anew, or another topic prefix is used; "
            "others grow with --grow-partitions while all readers are stopped"
        )
        raise TopicsError(f"{'; '.join(map(str, refused))}: {advice}")
    created = [
        NewTopic(change.topic, num_partitions=change.partitions, replication_factor=replication_factor, config=dict(change.values))
        for change in changes
        if change.kind == "create"
    ]
    grown = [NewPartitions(change.topic, change.partitions) for change in changes if change.kind == "grow"]
    altered = [
        ConfigResource(
            ResourceType.TOPIC,
            change.topic,
            incremental_configs=[ConfigEntry(k, v, incremental_operation=AlterConfigOpType.SET) for k, v in change.values.items()],
        )
        for change in changes
        if change.kind == "alter"
    ]
    if created:
        _settle(admin.create_topics(created, operation_timeout=REQUEST_TIMEOUT_S), "create")
        _await_topics(admin, {topic.topic for topic in created})
    if grown:
        _settle(admin.create_partitions(grown, operation_timeout=REQUEST_TIMEOUT_S), "add partitions to")
    if altered:
        _settle(admin.incremental_alter_configs(altered, request_timeout=REQUEST_TIMEOUT_S), "alter")
    return [change for change in changes if change.kind != "surplus"]


def _await_topics(admin: AdminClient, names: set[str]) -> None:
    """A created topic is in the metadata a moment after the answer; until then a plan would create it again."""
    deadline = time.monotonic() + REQUEST_TIMEOUT_S
    while missing := names - admin.list_topics(timeout=REQUEST_TIMEOUT_S).topics.keys():
        if time.monotonic() > deadline:
            raise TopicsError(f"created, but not in the cluster's metadata after {REQUEST_TIMEOUT_S:.0f} s: {', '.join(sorted(missing))}")
        time.sleep(0.05)


def _plan(admin: AdminClient, specs: tuple[TopicSpec, ...]) -> list[ContractChange]:
    try:
        known = admin.list_topics(timeout=REQUEST_TIMEOUT_S).topics
    except KafkaException as error:
        raise TopicsError(f"the Kafka cluster did not answer within {REQUEST_TIMEOUT_S:.0f} s: {error.args[0].str()}") from error
    present = [spec for spec in specs if spec.name in known]
    found = _configurations(admin, [spec.name for spec in present])
    changes: list[ContractChange] = []
    for spec in specs:
        wanted = configuration(spec)
        if spec.name not in known:
            changes.append(ContractChange(spec.name, "create", spec.partitions, wanted, {}))
            continue
        partitions = len(known[spec.name].partitions)
        if partitions != spec.partitions:
            kind: ChangeKind = "grow" if partitions < spec.partitions else "surplus"
            if _holds_state(spec.name) or (kind == "grow" and _is_read_with_state(spec.name)):
                kind = "refuse"
            changes.append(ContractChange(spec.name, kind, spec.partitions, {}, {"partitions": str(partitions)}))
        before = found[spec.name]
        differing = {name: value for name, value in wanted.items() if before.get(name) != value}
        if differing:
            changes.append(ContractChange(spec.name, "alter", spec.partitions, differing, {k: before[k] for k in differing if k in before}))
    return changes


def _holds_state(topic: str) -> bool:
    return topic.endswith(tuple(f".{changelog}" for changelog in READ_WITH.values()))


def _is_read_with_state(topic: str) -> bool:
    return topic.endswith(tuple(f".{name}" for name in READ_WITH))


def _configurations(admin: AdminClient, names: list[str]) -> dict[str, dict[str, str]]:
    if not names:
        return {}
    described = admin.describe_configs([ConfigResource(ResourceType.TOPIC, name) for name in names], request_timeout=REQUEST_TIMEOUT_S)
    _settle(described, "describe")
    return {resource.name: {entry.name: str(entry.value) for entry in future.result().values()} for resource, future in described.items()}


def _settle(futures: Mapping[Any, Future[Any]], verb: str) -> None:
    """Wait for every topic's answer, then raise one TopicsError that names all that failed."""
    failed: list[str] = []
    for topic, future in futures.items():
        try:
            future.result(timeout=2 * REQUEST_TIMEOUT_S)
        except KafkaException as error:
            failed.append(f"could not {verb} {getattr(topic, 'name', topic)}: {error.args[0].str()}")
    if failed:
        raise TopicsError("; ".join(failed))


def _admin(connection: KafkaConnection) -> AdminClient:
    if connection.embedded:
        raise TopicsError("the embedded broker creates the contract's topics at its start and cannot alter them: nothing to plan or apply")
    return AdminClient(connection.librdkafka_options())
