"""Which topic this is: the id that Kafka gives a topic when it is made, another one when it is made anew under its name."""

from __future__ import annotations

from typing import Final

import structlog
from confluent_kafka import KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient

from producers.connection import KafkaConnection

log = structlog.get_logger()

TIMEOUT_S: Final = 10.0


def topic_id(connection: KafkaConnection, name: str) -> str | None:
    """The id of a topic (full name); None, with a warning, where the broker does not tell. Blocks: call it in a thread."""
    # aiokafka knows no version of the metadata request that has ids. The client must outlive its futures.
    admin = AdminClient(connection.librdkafka_options())
    try:
        described = admin.describe_topics(TopicCollection([name]), request_timeout=TIMEOUT_S)[name].result(TIMEOUT_S + 1)
        return str(described.topic_id)
    except (KafkaException, TimeoutError) as error:
        log.warning("topic id not known: its state is neither read from snapshots nor written to them", topic=name, error=repr(error))
        return None
