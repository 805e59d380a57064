"""What a topic is now: its id, which Kafka gives anew when a topic is made anew under its name, and its partitions with their leaders."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import structlog
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import IncompatibleBrokerVersion, for_code

from runtime.kafka.connection import KafkaConnection
from runtime.kafka.requests import TopicMetadata

log = structlog.get_logger()

_UNKNOWN_TOPIC = 3


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic: its id as librdkafka writes it, and the leader of each partition by number."""

    id: str
    leaders: dict[int, int]

    @property
    def partitions(self) -> int:
        """How many partitions it has."""
        return len(self.leaders)


async def described(client: AIOKafkaClient, names: Iterable[str]) -> dict[str, Topic]:
    """Those of the topics (full names) that exist, over a client that is connected; raises KafkaError."""
    answer = await client.send(client.get_random_node(), TopicMetadata(sorted(names)))
    found: dict[str, Topic] = {}
    for error_code, name, raw_id, _, partitions, *_ in answer.topics:
        if error_code == _UNKNOWN_TOPIC:
            continue
        if error_code:
            raise for_code(error_code)(name)
        leaders = {number: leader for _, number, leader, *_ in partitions}
        found[name] = Topic(base64.b64encode(raw_id).rstrip(b"=").decode(), leaders)
    return found


async def describe(connection: KafkaConnection, names: Iterable[str]) -> dict[str, Topic]:
    """The same over a client of its own; nothing, with a warning, where the broker knows no ids (before Kafka 3.1)."""
    client = await connected(connection)
    try:
        return await described(client, names)
    except (IncompatibleBrokerVersion, NotImplementedError) as error:
        log.warning("topic ids not known: a topic that is made anew is noticed by its end alone, if at all", error=repr(error))
        return {}
    finally:
        await client.close()


async def connected(connection: KafkaConnection) -> Any:
    """A client for requests of our own; raises KafkaError."""
    client = AIOKafkaClient(**connection.client_options())
    try:
        await client.bootstrap()
    except BaseException:
        await client.close()
        raise
    return client
