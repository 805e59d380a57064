"""One transaction: outputs, changelog records and input positions, all of them or none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from consumers.records import Effects
from runtime.kafka.connection import KafkaConnection
from runtime.kafka.transaction import Routed, partition_of
from schemas import envelope
from schemas.envelope import Encoded, WireRecord


def route(effects: Effects, *, source: str, connection: KafkaConnection, partitions: Mapping[str, int]) -> Routed:
    """The wire records of some effects by full topic name and partition; `partitions` are counts by full topic name."""
    routed: Routed = {}
    # Most of a batch goes to a few keys, and many in a row to the same: each is looked up once.
    places: dict[tuple[str, bytes], list[WireRecord | Encoded]] = {}
    before: tuple[str, bytes] | None = None
    found: list[WireRecord | Encoded] = []
    for encoded in effects.encoded:
        place = (encoded.topic, encoded.key)
        if place != before:
            before = place
            if place not in places:
                topic = connection.topic(encoded.topic)
                places[place] = routed.setdefault((topic, partition_of(encoded.key, partitions[topic])), [])
            found = places[place]
        found.append(encoded)
    for emitted in effects.events:
        topic = connection.topic(emitted.event.TOPIC)
        record = envelope.encode(emitted.event, source=source, time=emitted.time, traceparent=emitted.traceparent)
        partition = partition_of(record.key, partitions[topic]) if record.key is not None else 0
        routed.setdefault((topic, partition), []).append(WireRecord(record.key, record.value, record.headers))
    for letter in effects.dead_letters:
        topic = connection.dead_letters(letter.topic)
        partition = partition_of(letter.key, partitions[topic]) if letter.key is not None else 0
        routed.setdefault((topic, partition), []).append(replace(letter, topic=connection.topic(letter.topic)).to_record())
    return routed
