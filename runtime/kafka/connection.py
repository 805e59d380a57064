"""How to reach Kafka: one frozen description from which every client of ours takes its options."""

from __future__ import annotations

from dataclasses import dataclass
from ssl import create_default_context
from typing import Any, Literal

from schemas import topics


@dataclass(frozen=True, slots=True)
class KafkaConnection:
    """Address, topic prefix, and what differs between the embedded broker and a real one.

    `embedded` is librdkafka's mock cluster. What it lacks is said by the properties below, and asked for by these names alone.
    """

    bootstrap_servers: str
    topic_prefix: str = "abhyas"
    embedded: bool = False
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    sasl_mechanism: str = "SCRAM-SHA-512"
    sasl_username: str | None = None
    sasl_password: str | None = None
    ca_file: str | None = None

    def topic(self, name: str) -> str:
        """The full name of a topic of `schemas.topics`."""
        return topics.topic(name, self.topic_prefix)

    def dead_letters(self, name: str) -> str:
        """The dead-letter topic of a topic of `schemas.topics`."""
        return topics.dead_letters(name, self.topic_prefix)

    @property
    def has_crcs(self) -> bool:
        """Whether records carry a CRC that can be checked; the embedded broker's transactional ones have no valid one."""
        return not self.embedded

    @property
    def wakes_fetches(self) -> bool:
        """Whether a held fetch is answered once a record comes; the embedded broker holds it to its end, so that wait is the latency."""
        return not self.embedded

    @property
    def takes_single_records(self) -> bool:
        """Whether many small batches do no harm; the embedded broker stalls at 1,000 batches of one record a second."""
        return not self.embedded

    @property
    def keeps_logs(self) -> bool:
        """Whether logs outlive the broker's process and are compacted; the embedded broker has the newest 5 MB of a partition in memory."""
        return not self.embedded

    @property
    def knows_topic_ids(self) -> bool:
        """Whether topics have ids, and may be made anew or get partitions; the embedded broker's stay as they are at its start."""
        return not self.embedded

    @property
    def tells_open_transactions(self) -> bool:
        """Whether the stable offset is told beside the log's end; the embedded broker has no stable offset of its own."""
        return not self.embedded

    def client_options(self) -> dict[str, Any]:
        """What every aiokafka client takes: address and security."""
        options: dict[str, Any] = {"bootstrap_servers": self.bootstrap_servers, "security_protocol": self.security_protocol}
        if self.security_protocol != "PLAINTEXT":
            if "SASL" in self.security_protocol:
                options |= {
                    "sasl_mechanism": self.sasl_mechanism,
                    "sasl_plain_username": self.sasl_username,
                    "sasl_plain_password": self.sasl_password,
                }
            if "SSL" in self.security_protocol:
                options["ssl_context"] = create_default_context(cafile=self.ca_file)
        return options

    def librdkafka_options(self) -> dict[str, str | int]:
        """What a client of confluent-kafka takes: address and security; it logs nothing."""
        options: dict[str, str | int] = {
            "bootstrap.servers": self.bootstrap_servers,
            "security.protocol": self.security_protocol,
            "log_level": 0,
        }
        if "SASL" in self.security_protocol:
            options |= {
                "sasl.mechanism": self.sasl_mechanism,
                "sasl.username": self.sasl_username or "",
                "sasl.password": self.sasl_password or "",
            }
        if "SSL" in self.security_protocol and self.ca_file:
            options["ssl.ca.location"] = self.ca_file
        return options

    def consumer_options(self) -> dict[str, Any]:
        """For AIOKafkaConsumer: committed records only, no automatic commit, no silent jump over a gap."""
        return self.client_options() | {
            "isolation_level": "read_committed",
            "enable_auto_commit": False,
            "auto_offset_reset": "earliest",
            "check_crcs": self.has_crcs,
            "fetch_max_wait_ms": 100 if self.wakes_fetches else 10,
        }

    def follower_options(self) -> dict[str, Any]:
        """For an AIOKafkaConsumer that waits for news most of its life; on the embedded broker they may be a quarter of a second late.

        An empty fetch costs a millisecond at either end: ten in a second would be a percent of a core of a service with nothing to do.
        """
        return self.consumer_options() | {"fetch_max_wait_ms": 500 if self.wakes_fetches else 250, "consumer_timeout_ms": 1000}

    def producer_options(self) -> dict[str, Any]:
        """For AIOKafkaProducer: idempotent, compressed, every replica in sync."""
        return self.client_options() | {
            "enable_idempotence": True,
            "acks": "all",
            "compression_type": "lz4",
            "retry_backoff_ms": 5,
            "max_request_size": topics.MAX_DEAD_LETTER_BYTES,
        }
