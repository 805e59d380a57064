"""How to reach Kafka: one frozen description from which every client of ours takes its options."""

from __future__ import annotations

from dataclasses import dataclass
from ssl import create_default_context
from typing import Any, Literal

from schemas import topics


@dataclass(frozen=True, slots=True)
class KafkaConnection:
    """Address, topic prefix, and what differs between the embedded broker and a real one.

    `embedded` is librdkafka's mock cluster: its transactional records carry no valid CRC, so it must not be checked,
    and it answers a fetch only after `fetch_max_wait_ms`, so that wait is the latency.
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
            "check_crcs": not self.embedded,
            "fetch_max_wait_ms": 10 if self.embedded else 100,
        }

    def follower_options(self) -> dict[str, Any]:
        """For an AIOKafkaConsumer that waits for news most of its life; on the embedded broker they may be a quarter of a second late.

        An empty fetch costs a millisecond at either end: ten in a second would be a percent of a core of a service with nothing to do.
        """
        return self.consumer_options() | {"fetch_max_wait_ms": 250 if self.embedded else 500, "consumer_timeout_ms": 1000}

    def producer_options(self) -> dict[str, Any]:
        """For AIOKafkaProducer: idempotent, compressed, every replica in sync."""
        return self.client_options() | {
            "enable_idempotence": True,
            "acks": "all",
            "compression_type": "lz4",
            "retry_backoff_ms": 5,
            "max_request_size": topics.MAX_DEAD_LETTER_BYTES,
        }
