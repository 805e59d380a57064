"""The single node keeps its records over a crash, stays on loopback, and says why it cannot start."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from ops.stack.brokers.single_node import KafkaNotRunning, SingleNodeKafka, main
from ops.topic_contract import apply
from runtime.kafka.connection import KafkaConnection
from schemas.topics import TopicSpec

LIBS = Path(__file__).parents[4] / ".abhyas" / "kafka" / "libs"


@pytest.fixture
def node(tmp_path: Path, kafka_broker: str) -> Iterator[SingleNodeKafka]:
    """A node of this test's own, because it is killed; the session's broker proves that Kafka can be had at all."""
    assert kafka_broker
    own = SingleNodeKafka(tmp_path / "kafka", port=0, libs=LIBS)
    yield own
    own.kill()


def listening(pid: int) -> set[str]:
    """The addresses on which a process listens, as /proc has them (little-endian hexadecimal)."""
    sockets = {os.readlink(link) for link in Path(f"/proc/{pid}/fd").iterdir() if link.is_symlink()}
    rows = [line.split() for name in ("tcp", "tcp6") for line in Path(f"/proc/{pid}/net/{name}").read_text().splitlines()[1:]]
    return {row[1].rsplit(":", 1)[0] for row in rows if row[3] == "0A" and f"socket:[{row[9]}]" in sockets}


@pytest.mark.kafka
async def test_records_survive_a_crash_at_the_same_address(node: SingleNodeKafka) -> None:
    """A record that was acknowledged is still there after SIGKILL and a new start, on the same port; start is idempotent."""
    address = node.start()
    pid = node.pid()
    assert pid is not None
    # Java listens on IPv4 addresses through IPv6 sockets: ::ffff:127.0.0.1 or 127.0.0.1, nothing else.
    if sys.platform == "linux":
        assert listening(pid)
        assert listening(pid) <= {"0000000000000000FFFF00000100007F", "0100007F"}
    assert node.start() == address
    assert node.pid() == pid
    apply(KafkaConnection(address), [TopicSpec("kept", 1, 3_600_000, False, 1048576, "none", "test", "")])
    async with AIOKafkaProducer(bootstrap_servers=address, acks="all") as producer:
        await producer.send_and_wait("kept", b"before the crash", partition=0)
    assert node.kill()
    assert node.pid() is None
    assert node.start() == address
    async with AIOKafkaConsumer(bootstrap_servers=address) as consumer:
        consumer.assign([TopicPartition("kept", 0)])
        consumer.seek(TopicPartition("kept", 0), 0)
        assert (await consumer.getone()).value == b"before the crash"
    assert node.stop()
    assert not node.stop()


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    """A port that another program listens on is refused before anything is fetched or formatted."""
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        port = other.getsockname()[1]
        with pytest.raises(KafkaNotRunning, match=rf"port {port} on 127\.0\.0\.1 is taken .*--port"):
            SingleNodeKafka(tmp_path / "kafka", port).start()
    assert not (tmp_path / "kafka").exists()


@pytest.mark.process
def test_a_pid_that_another_program_has_now_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A stale pid file does not make `stop` end a stranger, and `status` says that nothing runs."""
    stranger = subprocess.Popen(["sleep", "60"])
    try:
        (tmp_path / "kafka.pid").write_text(str(stranger.pid))
        assert main(["status", "--data", str(tmp_path)]) == 3
        assert main(["stop", "--data", str(tmp_path)]) == 0
        assert stranger.poll() is None
        assert "no Kafka" in capsys.readouterr().out
    finally:
        stranger.kill()
        stranger.wait()


def test_the_command_says_why_it_cannot_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Without Java the command ends with 1 and the reason on stderr."""
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(["start", "--data", str(tmp_path / "kafka"), "--port", "0"]) == 1
    assert "Java 17" in capsys.readouterr().err
