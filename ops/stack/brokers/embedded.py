"""The embedded broker: librdkafka's in-process mock cluster, spoken to with the Kafka protocol by the same clients as a real one.

What it is not (measured with librdkafka 2.16.0, aiokafka 0.14.0; the numbers are in docs/adr/0020-brokers.md):

- Memory only. It keeps the newest 5 MB or so of each partition and drops older records in silence, so a reader can fall behind the
  log's start: `log_starts` and `fallen_behind` tell, and the stack must then stop.
- Records of open and aborted transactions are visible under `read_committed`; nobody is fenced, a zombie commits; group offsets
  sent in a transaction are not recorded (those that a consumer commits itself are). Record sizes are not limited.
- Transaction markers carry a wrong CRC: aiokafka needs `check_crcs=False`, else CorruptRecordException.
- A fetch is answered only after `fetch_max_wait_ms`, so that wait is the latency. Subscribing as a group takes 3 s.
- No CreateTopics, no configs. A topic that was not created here comes into being with 4 partitions when a client first names it.

Plain, idempotent and transactional producing, lz4, keys, headers, `send_batch`, seeking, log-end offsets and `none`'s
OffsetOutOfRange work as on Apache Kafka. The cluster's threads live in the process that made it and end with it: `abhyas up` runs
`python -m ops.stack.brokers.embedded` as a child with a pipe for stdin, so that the broker goes when its owner goes, even by SIGKILL.
"""

from __future__ import annotations

import argparse
import asyncio
import ctypes
import os
import signal
import socket
import stat
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType, TracebackType
from typing import Final, Self

from aiokafka import TopicPartition
from confluent_kafka import KafkaException
from confluent_kafka import TopicPartition as NamedPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from ops.stack.brokers.librdkafka import load_librdkafka
from runtime.whole_files import write_whole
from schemas.topics import TopicSpec, specs

# One broker is enough: replication protects against the loss of a broker, and this one lives and dies as a whole.
BROKERS: Final = 1
_PRODUCER: Final = 0  # rd_kafka_type_t: the mock cluster hangs on a client handle of either type
_WAKE_EVERY_S: Final = 0.02
ANSWER_TIMEOUT_S: Final = 5.0


class EmbeddedBrokerError(RuntimeError):
    """The embedded broker could not start or has lost what a reader still needed."""


class EmbeddedBroker:
    """A mock cluster with exactly these topics and partition counts, from `__enter__` to `__exit__`.

    Starts in 20 ms and stops in one. Nothing survives it.
    """

    def __init__(self, topics: Mapping[str, int]) -> None:
        self._topics = dict(topics)
        self._library: ctypes.CDLL | None = None
        self._client: int | None = None
        self._cluster: int | None = None
        self._bootstrap_servers = ""

    @property
    def bootstrap_servers(self) -> str:
        """`host:port` on loopback, the port chosen by the system."""
        if self._cluster is None:
            raise EmbeddedBrokerError("the embedded broker is not running: enter its context first")
        return self._bootstrap_servers

    def start(self) -> None:
        """Start the cluster and create the topics before any client can touch them."""
        library = self._library = load_librdkafka()
        error = ctypes.create_string_buffer(512)
        configuration = library.rd_kafka_conf_new()
        # The handle itself has no bootstrap servers and would say so on stderr: errors only.
        library.rd_kafka_conf_set(configuration, b"log_level", b"3", error, len(error))
        self._client = library.rd_kafka_new(_PRODUCER, configuration, error, len(error))
        if not self._client:
            library.rd_kafka_conf_destroy(configuration)
            raise EmbeddedBrokerError(f"librdkafka did not start: {error.value.decode()}")
        self._cluster = library.rd_kafka_mock_cluster_new(self._client, BROKERS)
        if not self._cluster:
            self.stop()
            raise EmbeddedBrokerError("librdkafka could not open its mock cluster on 127.0.0.1: is loopback networking allowed here?")
        self._bootstrap_servers = library.rd_kafka_mock_cluster_bootstraps(self._cluster).decode()
        try:
            self.create_topics(self._topics)
        except EmbeddedBrokerError:
            self.stop()
            raise

    def create_topics(self, topics: Mapping[str, int]) -> None:
        """Create these topics with these partition counts; raises EmbeddedBrokerError for one that is there already."""
        address, library = self.bootstrap_servers, self._library
        assert library is not None
        with _kept_awake(address):
            for name, partitions in topics.items():
                code = library.rd_kafka_mock_topic_create(self._cluster, name.encode(), partitions, BROKERS)
                if code:
                    reason = library.rd_kafka_err2str(code).decode()
                    raise EmbeddedBrokerError(f"topic {name!r} with {partitions} partitions could not be created: {reason}")

    def stop(self) -> None:
        """End the cluster and forget all records; does nothing when it is not running."""
        if self._library is not None and self._cluster:
            self._library.rd_kafka_mock_cluster_destroy(self._cluster)
        if self._library is not None and self._client:
            self._library.rd_kafka_destroy(self._client)
        self._cluster = self._client = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()


@contextmanager
def _kept_awake(address: str) -> Iterator[None]:
    """Wake the mock cluster's thread every 20 ms by connecting to it.

    Its thread now and then misses the signal that a topic is to be created and sleeps out its poll of 1 s (1 start in 5 with
    36 topics); a new connection ends that poll.
    """
    host, port = address.split(",", maxsplit=1)[0].rsplit(":", maxsplit=1)
    done = threading.Event()

    def knock() -> None:
        while not done.wait(_WAKE_EVERY_S):
            socket.create_connection((host, int(port)), timeout=1).close()

    knocker = threading.Thread(target=knock, name="embedded-broker-waker", daemon=True)
    knocker.start()
    try:
        yield
    finally:
        done.set()
        knocker.join()


def partition_counts(contract: Iterable[TopicSpec]) -> dict[str, int]:
    """What EmbeddedBroker takes, from the contract's topics."""
    return {spec.name: spec.partitions for spec in contract}


async def log_starts(bootstrap_servers: str, topic_names: Iterable[str] | None = None) -> dict[TopicPartition, int]:
    """The first offset still kept of every partition of these topics (default: all topics of the broker).

    Takes 5 ms for 92 partitions; aiokafka's `beginning_offsets` waits 100 ms for the metadata of each topic it has not seen.
    Raises EmbeddedBrokerError when the broker does not answer within 5 s.
    """
    return await asyncio.to_thread(_log_starts, bootstrap_servers, None if topic_names is None else set(topic_names))


def _log_starts(bootstrap_servers: str, topic_names: set[str] | None) -> dict[TopicPartition, int]:
    admin = AdminClient({"bootstrap.servers": bootstrap_servers, "log_level": 0})
    try:
        # All topics, then the choice: to ask for one by name would create it here if it were missing.
        known = admin.list_topics(timeout=ANSWER_TIMEOUT_S).topics.items()
        wanted = {
            NamedPartition(name, partition): OffsetSpec.earliest()
            for name, topic in known
            if topic_names is None or name in topic_names
            for partition in topic.partitions
        }
        futures = admin.list_offsets(wanted, request_timeout=ANSWER_TIMEOUT_S) if wanted else {}
        return {TopicPartition(at.topic, at.partition): future.result().offset for at, future in futures.items()}
    except KafkaException as error:
        reason = error.args[0].str()
        raise EmbeddedBrokerError(f"the embedded broker at {bootstrap_servers} does not tell its log starts: {reason}") from error


def fallen_behind(positions: Mapping[TopicPartition, int], starts: Mapping[TopicPartition, int]) -> dict[TopicPartition, int]:
    """The partitions whose next offset to read is gone, with the number of offsets lost; any entry means: stop the stack.

    >>> fallen_behind({TopicPartition("a", 0): 3, TopicPartition("a", 1): 9}, {TopicPartition("a", 0): 5, TopicPartition("a", 1): 9})
    {TopicPartition(topic='a', partition=0): 2}
    """
    return {tp: starts[tp] - position for tp, position in positions.items() if tp in starts and position < starts[tp]}


def _serve(broker: EmbeddedBroker, port_file: Path) -> None:
    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    with broker:
        # Written beside and renamed: whoever waits for the file never reads half an address.
        write_whole(port_file, broker.bootstrap_servers.encode())
        try:
            if stat.S_ISFIFO(os.fstat(sys.stdin.fileno()).st_mode):
                sys.stdin.buffer.read()  # the owner holds the other end and never writes: this returns when the owner is gone
            else:
                threading.Event().wait()  # a terminal or /dev/null says nothing about an owner: only a signal ends it
        finally:
            port_file.unlink(missing_ok=True)


def main(arguments: list[str] | None = None) -> None:
    """Serve the contract's topics until SIGTERM, SIGINT or, where stdin is a pipe, until it closes."""
    parser = argparse.ArgumentParser(prog="python -m ops.stack.brokers.embedded", description=main.__doc__)
    parser.add_argument(
        "--port-file", type=Path, required=True, help="where to write host:port once the topics are there; removed at the end"
    )
    parser.add_argument("--topic-prefix", default="abhyas", help="prefix of the contract's topics (default: abhyas)")
    chosen = parser.parse_args(arguments)
    _serve(EmbeddedBroker(partition_counts(specs(chosen.topic_prefix))), chosen.port_file)


if __name__ == "__main__":
    main()
