"""A cluster is brought to the contract's topics, and only by changes that can be taken back or were asked for."""

from __future__ import annotations

from dataclasses import replace
from uuid import uuid4

import pytest
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, ResourceType

from ops.stack.brokers.embedded import EmbeddedBroker
from ops.topic_contract import HOUR_MS, TopicsError, apply, configuration, plan
from runtime.kafka.connection import KafkaConnection
from schemas import topics
from schemas.topics import TopicSpec, specs

KEPT = TopicSpec("kept", 2, 30 * 24 * HOUR_MS, False, 1024 * 1024, "user", "producers", "")
COMPACTED = TopicSpec("state", 2, None, True, 1024 * 1024, "job", "runner", "")


@pytest.mark.parametrize("spec", [spec for spec in specs() if not spec.compact], ids=lambda spec: spec.name)
def test_no_record_outlives_its_retention(spec: TopicSpec) -> None:
    """The oldest record of a segment is gone within the contract's retention, counting the segment's length and the broker's delays."""
    values = configuration(spec)
    assert spec.retention_ms is not None
    assert int(values["retention.ms"]) + int(values["segment.ms"]) + 6 * 60 * 1000 <= spec.retention_ms
    assert int(values["retention.ms"]) > 0.9 * spec.retention_ms
    assert values["cleanup.policy"] == "delete"


def test_a_compacted_topic_is_compacted_within_a_day() -> None:
    """A compacted topic keeps the last record of a key for ever and compacts within a day."""
    values = configuration(COMPACTED)
    assert values["cleanup.policy"] == "compact"
    assert int(values["max.compaction.lag.ms"]) < 24 * HOUR_MS
    assert "retention.ms" not in values


@pytest.mark.parametrize(
    ("spec", "policy", "retention"),
    [(replace(COMPACTED, compact=False), "delete", "-1"), (replace(KEPT, compact=True), "compact,delete", "2548200000")],
    ids=["neither compacted nor limited", "both"],
)
def test_compaction_and_retention_are_independent(spec: TopicSpec, policy: str, retention: str) -> None:
    """Without either, records stay for ever; with both, compaction and deletion apply."""
    assert (configuration(spec)["cleanup.policy"], configuration(spec)["retention.ms"]) == (policy, retention)


def test_the_embedded_broker_is_not_planned(embedded_broker: EmbeddedBroker) -> None:
    """The embedded broker has no CreateTopics: the error says so at once instead of timing out."""
    with pytest.raises(TopicsError, match="at its start"):
        plan(KafkaConnection(embedded_broker.bootstrap_servers, embedded=True), [KEPT])


@pytest.mark.kafka
def test_apply_makes_the_contract_true_once(kafka_broker: str) -> None:
    """All topics are created as the contract says, after which there is nothing to plan; a second apply changes nothing."""
    connection, wanted = KafkaConnection(kafka_broker), specs(f"t{uuid4().hex[:8]}")
    created = apply(connection, wanted)
    assert [(change.topic, change.kind, change.partitions) for change in created] == [(s.name, "create", s.partitions) for s in wanted]
    assert plan(connection, wanted) == []
    assert apply(connection, wanted) == []


@pytest.mark.kafka
def test_a_changed_configuration_is_put_back(kafka_broker: str) -> None:
    """A value that differs is reported with both values and set again; configurations outside the contract stay."""
    connection, spec = KafkaConnection(kafka_broker), replace(KEPT, name=f"t{uuid4().hex}")
    apply(connection, [spec])
    admin = AdminClient({"bootstrap.servers": kafka_broker})
    changed = [ConfigEntry(n, v, incremental_operation=AlterConfigOpType.SET) for n, v in (("retention.ms", "1000"), ("flush.ms", "777"))]
    for future in admin.incremental_alter_configs([ConfigResource(ResourceType.TOPIC, spec.name, incremental_configs=changed)]).values():
        future.result()
    (change,) = plan(connection, [spec])
    assert str(change) == f"alter {spec.name}: retention.ms 1000 -> 2548200000"
    assert apply(connection, [spec]) == [change]
    assert plan(connection, [spec]) == []
    (described,) = admin.describe_configs([ConfigResource(ResourceType.TOPIC, spec.name)]).values()
    assert described.result()["flush.ms"].value == "777"


@pytest.mark.kafka
def test_partitions_grow_only_when_asked_and_never_shrink(kafka_broker: str) -> None:
    """Fewer partitions than the contract's are refused together with every other change unless growing is asked for; more are left."""
    connection, spec = KafkaConnection(kafka_broker), replace(KEPT, name=f"t{uuid4().hex}")
    other = replace(KEPT, name=f"t{uuid4().hex}")
    apply(connection, [spec])
    with pytest.raises(TopicsError, match="has 2 partitions, the contract says 3"):
        apply(connection, [other, replace(spec, partitions=3)])
    assert [change.kind for change in plan(connection, [other])] == ["create"]
    assert [change.kind for change in plan(connection, [replace(spec, partitions=1)])] == ["surplus"]
    assert apply(connection, [replace(spec, partitions=1)]) == []
    assert [change.kind for change in apply(connection, [replace(spec, partitions=3)], grow_partitions=True)] == ["grow"]
    assert plan(connection, [replace(spec, partitions=3)]) == []


@pytest.mark.kafka
def test_k1_topics_with_state_never_grow(kafka_broker: str) -> None:
    """An input that a stage keeps state of by partition, and a changelog, are refused with another number, asked to grow or not; an
    input that somebody gave more partitions is said, and stands in the way of nothing."""
    connection, prefix = KafkaConnection(kafka_broker), f"t{uuid4().hex}"
    feedback = replace(KEPT, name=topics.topic(topics.FEEDBACK_SUBMITTED, prefix))
    changelog = replace(KEPT, name=topics.topic(topics.STAGE1_CHANGELOG, prefix))
    apply(connection, [feedback, changelog])
    for grown in (replace(feedback, partitions=3), replace(changelog, partitions=3), replace(changelog, partitions=1)):
        with pytest.raises(TopicsError, match="state belongs to partitions"):
            apply(connection, [grown], grow_partitions=True)
    (said,) = plan(connection, [replace(feedback, partitions=1)])
    assert str(said).endswith("has 2 partitions, the contract says 1: those added are not used, and records in them not read")
    assert apply(connection, [replace(feedback, partitions=1)]) == []


@pytest.mark.kafka
def test_every_topic_that_failed_is_named(kafka_broker: str) -> None:
    """More replicas than brokers: the error names each topic and what the broker said."""
    names = [f"t{uuid4().hex}" for _ in range(2)]
    with pytest.raises(TopicsError) as caught:
        apply(KafkaConnection(kafka_broker), [replace(KEPT, name=name) for name in names], replication_factor=3)
    assert all(f"could not create {name}" in str(caught.value) for name in names)
