"""`abhyas state`: what the stages remember, from their changelogs."""

from __future__ import annotations

import json
from pathlib import Path
from uuid import uuid4

import pytest

from consumers.collect.deduplication import Mark, pack
from ops.commands.topics.state import matches, overview, read, state
from ops.errors import WrongUsage
from ops.stack.brokers.embedded import EmbeddedBroker, partition_counts
from runtime.kafka.connection import KafkaConnection
from runtime.kafka.transaction import TransactionalWriter
from schemas import topics
from schemas.envelope import WireRecord

SAMPLE, OTHER, USER = "ab" * 16, "cd" * 16, "ef" * 16
MARK = Mark(1_795_000_000, 3, False, "tiny-llama", bytes.fromhex(USER), 739943, (1, 1, 0, 1))
BUFFERED = b'[1,0,false,false,0,2,17,1795000000000,0,"",-1,"u:' + USER.encode() + b'",1795000000]'


@pytest.fixture
async def connection(embedded_broker: EmbeddedBroker, monkeypatch: pytest.MonkeyPatch) -> KafkaConnection:
    """Both changelogs: a mark, one that was dropped again, a later position, and a pending sample."""
    prefix = f"t{uuid4().hex[:8]}"
    embedded_broker.create_topics(partition_counts(topics.specs(prefix)))
    for name, value in (("BOOTSTRAP_SERVERS", embedded_broker.bootstrap_servers), ("EMBEDDED", "true")):
        monkeypatch.setenv(f"KAFKA_{name}", value)
    monkeypatch.setenv("TOPIC_PREFIX", prefix)
    connection = KafkaConnection(embedded_broker.bootstrap_servers, topic_prefix=prefix, embedded=True)
    writer = TransactionalWriter(connection, f"{prefix}-test")
    await writer.start()
    mark, dropped = b"k" + bytes.fromhex(SAMPLE), b"k" + bytes.fromhex(OTHER)
    position = b"p|feedback.submitted.v1|2"
    first = [WireRecord(b"shards", b"4"), WireRecord(b"version", b"2"), WireRecord(mark, pack(MARK)), WireRecord(dropped, pack(MARK))]
    await writer.commit({(connection.topic(topics.STAGE1_CHANGELOG), 2): [*first, WireRecord(position, b"1")]})
    await writer.commit({(connection.topic(topics.STAGE1_CHANGELOG), 2): [WireRecord(dropped, None), WireRecord(position, b"9")]})
    sample = [WireRecord(b"b|tiny-llama|" + SAMPLE.encode() * 2, BUFFERED)]
    await writer.commit({(connection.topic(topics.STAGE2_CHANGELOG), 1): sample})
    await writer.stop()
    return connection


async def test_overview_counts_what_is_left(connection: KafkaConnection) -> None:
    """By partition: kinds with counts and bytes, tombstones taken off, the newest positions, shards, and version 1 where none is named."""
    found = [overview(held) for held in await read(connection, ("stage1", "stage2"))]
    assert found == [
        {
            "stage": "stage1",
            "partition": 2,
            "version": 2,
            "shards": 4,
            "kinds": {"feedback mark (former id)": {"count": 1, "bytes": 17 + len(pack(MARK))}},
            "positions": {"feedback.submitted.v1 2": 9},
        },
        {
            "stage": "stage2",
            "partition": 1,
            "version": 1,
            "shards": None,
            "kinds": {"sample": {"count": 1, "bytes": 77 + len(BUFFERED)}},
            "positions": {},
        },
    ]
    assert [held.stage for held in await read(connection, ("stage2",))] == ["stage2"]


async def test_a_key_gives_its_values_in_both_stages(connection: KafkaConnection) -> None:
    """Sample, user and model are found wherever they are kept, and a raw key by its beginning."""
    held = await read(connection, ("stage1", "stage2"))
    both = matches(held, f"sample:{SAMPLE * 2}")
    assert [(record["stage"], record["partition"], record["kind"]) for record in both] == [
        ("stage1", 2, "feedback mark (former id)"),
        ("stage2", 1, "sample"),
    ]
    assert both == matches(held, f"user:{USER}") == matches(held, "model:tiny-llama")
    assert (both[0]["value"]["revision"], both[1]["value"]["status"]) == (3, "pending")
    assert matches(held, f"sample:{OTHER}") == []
    assert [record["value"] for record in matches(held, "p|feedback")] == [9]


def test_the_command_prints_json_or_a_table(connection: KafkaConnection, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a key a table, with one a JSON object a line; exit code 1 where nothing is kept; a wrong stage is wrong usage."""
    folder = Path("nowhere")
    assert state(None, stage=None, as_json=False, data=folder) == 0
    table = capsys.readouterr().out
    assert "feedback mark (former id)" in table
    assert "feedback.submitted.v1 2: 9" in table
    assert state(None, stage="2", as_json=True, data=folder) == 0
    assert [partition["stage"] for partition in json.loads(capsys.readouterr().out)] == ["stage2"]
    assert state(f"sample:{SAMPLE}", stage="1", as_json=False, data=folder) == 0
    assert json.loads(capsys.readouterr().out)["value"]["counted"] == [1, 1, 0, 1]
    assert state("sample:00", stage=None, as_json=False, data=folder) == 1
    assert "nothing is kept" in capsys.readouterr().out
    assert state("sample:00", stage=None, as_json=True, data=folder) == 1
    assert json.loads(capsys.readouterr().out) == []
    with pytest.raises(WrongUsage, match="expected 1 or 2"):
        state(None, stage="3", as_json=False, data=folder)
