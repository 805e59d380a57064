"""Of the topics: what people said lies where it is read, whatever was done to the topics, and the word for it was needed once."""

from __future__ import annotations

from collections.abc import Iterator

from bench.simulation.history import PEOPLES, History
from bench.simulation.world import CONNECTION, COUNTS
from runtime.kafka.transaction import partition_of


def cluster(history: History) -> Iterator[str]:
    """Every publication in a partition that is read, and that of its key."""
    world = history.world
    at_home: set[tuple[str, bytes | None, bytes | None, object]] = set()
    for name in PEOPLES:
        topic = CONNECTION.topic(name)
        for partition, _, record in world.log.committed(topic):
            said = (topic, record.key, record.value, tuple(record.headers))
            if partition >= COUNTS[topic] or said not in world.said:
                continue
            home = partition_of(record.key, COUNTS[topic]) if record.key is not None else 0
            if partition == home:
                at_home.add(said)
            else:
                yield f"{name}: {record.key!r} lies in partition {partition}, and belongs into {home}"
    for topic, key, value, headers in world.said:
        if (topic, key, value, headers) not in at_home:
            yield f"{topic}: {key!r} lies in no partition that is read"
    remade = world.cluster.remade
    if remade is not None and not world.operators.told:
        yield f"{remade} was made anew and nobody was told"
