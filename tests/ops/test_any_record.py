"""`abhyas tail` and `abhyas dlq` show any record that Kafka can hold, and cut nothing."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaProducer, ConsumerRecord
from hypothesis import given, settings
from hypothesis import strategies as st

from ops.commands.topics.state import HeldState, overview
from ops.commands.topics.tail import as_json
from ops.dead_letters.letters import content, list_dead_letters, redriven_letter
from ops.stack.brokers.embedded import EmbeddedBroker, partition_counts
from ops.tables import plain, show_table
from runtime.kafka.connection import KafkaConnection
from schemas import topics
from schemas.dead_letter import DeadLetter, Redriven

RAW = (
    st.none()
    | st.binary(max_size=40)
    | st.sampled_from([b'{"a": NaN}', rb'"\ud800"', b"[" * 5_000, b"9" * 5_000, b"\xff\xfe", b"\xef\xbb\xbf{}"])
)
OURS = [name for name, _ in DeadLetter("t", 0, 0, "r", "d", "s", None, None, ()).to_record().headers]
HEADERS = st.lists(st.tuples(st.sampled_from([*OURS, "dlq_redriven", "ce_id", "ce_time", "x"]), RAW), max_size=9).map(tuple)
TIMES = st.integers(-(1 << 63), (1 << 63) - 1)


def record(key: bytes | None, value: bytes | None, headers: Any, timestamp: int = 0) -> Any:
    return ConsumerRecord("abhyas.feedback.submitted.v1.dlq", 0, 7, timestamp, 0, key, value, None, 0, 0, headers)


@settings(deadline=None)
@given(key=RAW, value=RAW, headers=HEADERS, timestamp=TIMES)
def test_k6_any_record_is_one_line_of_json(key: Any, value: Any, headers: Any, timestamp: int) -> None:
    """Bad UTF-8, null values, headers without a value or twice, JSON that no JSON writer takes, times outside the calendar."""
    shown = json.dumps(as_json(record(key, value, headers, timestamp)), ensure_ascii=False)
    shown.encode()
    again = json.loads(shown, parse_constant=pytest.fail)
    assert "\n" not in shown
    assert set(again["headers"]) == {name for name, _ in headers}
    assert (again["key"] is None) == (key is None)


@settings(deadline=None)
@given(key=RAW, value=RAW, headers=HEADERS, timestamp=TIMES)
def test_k6_any_record_of_a_dead_letter_topic_is_a_row(key: Any, value: Any, headers: Any, timestamp: int) -> None:
    """A letter, a marker, or somebody else's record: nothing fails, and what was found in headers is not told as a reason."""
    found = record(key, value, headers, timestamp)
    if redriven_letter(found) is None:
        row = content(found).row
        assert row.size_bytes >= 0
        assert row.reason
        if row.reason == "unreadable":
            assert row.detail.startswith("not a dead letter: ")


def test_k6_a_marker_of_thousands_of_digits_is_no_marker() -> None:
    """Numbers that Python does not read are nobody's place."""
    headers = tuple(Redriven(0, 1).wire_headers())
    assert redriven_letter(record(None, b"", headers)) is not None
    assert redriven_letter(record(None, b"", ((headers[0][0], b"0:" + b"1" * 5_000),))) is None


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.binary(max_size=12) | st.sampled_from([b"p|", b"p|x|1", b"p|x|1|2", b"p|\xff|1", b"version", b"shards"]),
            st.binary(max_size=8),
        )
    )
)
def test_k6_any_record_of_a_changelog_is_counted(records: list[tuple[bytes, bytes]]) -> None:
    """Foreign keys and values under ours are state of some kind, not a traceback."""
    held = HeldState("stage1", 0)
    for key, value in records:
        held.take(key, value)
    shown = overview(held)
    counted = len(shown["positions"]) + sum(kind["count"] for kind in shown["kinds"].values())
    assert counted + sum(name in held.records for name in (b"version", b"shards")) == len(held.records)
    json.dumps(shown).encode()


def test_k6_in_a_pipe_nothing_is_cut(capsys: pytest.CaptureFixture[str]) -> None:
    """A line a row with tabs between, however long a cell is; markup and control characters are words."""
    long = "लेख " * 200
    show_table(("a", "b"), [(long, "[/red] x"), ("one\ttwo\nthree", "\x1b[2J")])
    assert capsys.readouterr().out.splitlines() == ["a\tb", f"{long}\t[/red] x", "one\\ttwo\\nthree\t\\x1b[2J"]
    assert plain("क्\u200dष \u202e") == "क्\u200dष \u202e"


@pytest.fixture
async def letters(embedded_broker: EmbeddedBroker) -> AsyncIterator[KafkaConnection]:
    """A dead-letter topic with a letter of ours, a foreign record, a cut one and one with wrong headers."""
    prefix = f"t{uuid4().hex[:8]}"
    embedded_broker.create_topics(partition_counts(topics.specs(prefix)))
    connection = KafkaConnection(embedded_broker.bootstrap_servers, topic_prefix=prefix, embedded=True)
    producer = AIOKafkaProducer(**connection.producer_options())
    await producer.start()
    ours = DeadLetter("t", 0, 0, "malformed", "ce_id: " + "expected " * 60, "stage1", b"\xff", b"\xff{", (("ce_id", None),))
    name = connection.dead_letters(topics.FEEDBACK_SUBMITTED)
    for key, value, headers in (
        (b"\xff", b"\xff{", list(ours.to_record().headers)),
        (b"k", None, []),
        (None, b"x", [("dlq_reason", b"\xff"), ("dlq_offset", None), ("dlq_redriven", b"9" * 5_000)]),
        (b"k", b"[red]", [("dlq_redriven", b"9" * 5_000)]),
    ):
        await producer.send_and_wait(name, value, key=key, headers=headers)
    yield connection
    await producer.stop()


async def _abhyas(connection: KafkaConnection, *arguments: str, shell: str = "") -> subprocess.CompletedProcess[str]:
    environment = os.environ | {
        "KAFKA_BOOTSTRAP_SERVERS": connection.bootstrap_servers, "KAFKA_EMBEDDED": "true", "TOPIC_PREFIX": connection.topic_prefix,
        "COLUMNS": "80", "PYTHONIOENCODING": "ascii",
    }  # fmt: skip
    command = " ".join((sys.executable, "-m", "ops.cli", *arguments)) + shell
    return await asyncio.to_thread(
        subprocess.run, ["bash", "-c", command], env=environment, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.process
async def test_k6_the_commands_survive_and_cut_nothing(letters: KafkaConnection) -> None:
    """In a pipe, 80 columns, on a terminal that knows ASCII alone: every record whole; a reader who leaves is no trouble."""
    assert len(await list_dead_letters(letters)) == 4
    listed = await _abhyas(letters, "dlq", "list")
    assert (listed.returncode, listed.stderr) == (0, "")
    rows = [line.split("\t") for line in listed.stdout.splitlines()]
    assert len(rows) == 5
    assert all(len(row) == 8 for row in rows)
    assert sum(row[5].count("expected") for row in rows) == 60
    tailed = await _abhyas(letters, "tail", "feedback.submitted.dlq", "--from-beginning", "-n", "4")
    assert (tailed.returncode, tailed.stderr) == (0, "")
    assert len([json.loads(line) for line in tailed.stdout.splitlines()]) == 4
    left = await _abhyas(letters, "dlq", "list", shell=" | true; echo ${PIPESTATUS[0]}")
    assert left.stderr == ""
    assert left.stdout.strip() in ("0", "1")
    left = await _abhyas(letters, "tail", "feedback.submitted.dlq", "--from-beginning", "-n", "4", shell=" | head -n 1 >/dev/null")
    assert (left.returncode, left.stderr) == (0, "")
