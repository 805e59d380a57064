"""`abhyas whatif` on a broker: a recorded history, read from the topics and run through other policies."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from consumers.decide.inputs import Entry, Input, JobSeen, SampleSeen, ServingSeen, TickSeen, from_ms
from consumers.decide.journal import journal
from consumers.decide.trigger import ModelTrigger
from consumers.settings import ConsumerSettings
from ops.errors import OperationFailed
from ops.stack.brokers.embedded import EmbeddedBroker, partition_counts
from ops.whatif.policies import read_policies
from ops.whatif.run import what_if
from producers.publisher import Publisher
from runtime.kafka.connection import KafkaConnection
from schemas import topics
from schemas.events.retrain_requested import RetrainRequested
from schemas.events.trigger_journal import TriggerJournal

START_MS = 1_795_400_000_000
HOUR_MS = 3_600_000
SETTINGS = {"retrain_trigger_threshold": 10, "batch_min_users": 2, "batch_max_per_user": 100}


@pytest.fixture
def connection(embedded_broker: EmbeddedBroker) -> KafkaConnection:
    prefix = f"t{uuid4().hex[:8]}"
    embedded_broker.create_topics(partition_counts(topics.specs(prefix)))
    return KafkaConnection(embedded_broker.bootstrap_servers, topic_prefix=prefix, embedded=True)


def recorded(model: str, hours: int = 24) -> tuple[list[TriggerJournal], list[RetrainRequested]]:
    """Two negatives an hour for a day under a threshold of 10; each run takes half an hour and is promoted."""
    trigger = ModelTrigger(model, ConsumerSettings(**SETTINGS).trigger_policy())  # type: ignore[arg-type]
    entries: list[Entry] = []
    commands: list[RetrainRequested] = []

    def feed(seen: Input) -> None:
        entries.append(Entry(topics.SAMPLE_COLLECTED, 0, len(entries), seen))
        commands.extend(decision for decision in trigger.apply(entries[-1]) if isinstance(decision, RetrainRequested))

    feed(ServingSeen("v0", "bootstrap"))
    for half in range(2 * hours):
        feed(TickSeen(START_MS + half * HOUR_MS // 2))
        command = trigger.command()
        if command is not None:
            feed(JobSeen(command.command_id, 1, "promoted", False, f"v{command.batch.number}"))
        feed(SampleSeen(f"{half:064x}", 0, False, True, False, False, contributor=f"u:{half % 3}"))
    wires = [TriggerJournal.model_validate_json(msgspec.json.encode(record)) for start in range(0, len(entries), 7)
             for record in journal(model, start, entries[start : start + 7])]  # fmt: skip
    return wires, commands


async def publish(connection: KafkaConnection, *events: Any) -> None:
    async with Publisher(connection, "/test") as publisher:
        for event in events:
            await publisher.send(event, from_ms(START_MS))


def policies(folder: Path, **tables: dict[str, Any]) -> Path:
    path = folder / "policies.json"
    path.write_text(json.dumps(tables))
    return path


async def test_the_same_policy_makes_the_recorded_commands_again(
    connection: KafkaConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the topics alone, other models' histories beside it: id, batch, hash and time of every command."""
    for name, value in SETTINGS.items():
        monkeypatch.setenv(name.upper(), str(value))
    journals, commands = recorded("m")
    others, others_commands = recorded("n", hours=5)
    await publish(connection, *journals, *commands, *others, *others_commands)
    answer = await what_if(connection, "m", read_policies(policies(tmp_path, same={"run_outcome": "recorded"})))
    (simulation,) = answer.simulations
    assert [(run.command_id, run.number, run.sha256, from_ms(run.asked_ms[0])) for run in simulation.runs] == [
        (command.command_id, command.batch.number, command.batch.sha256, command.requested_at) for command in commands
    ]
    assert list(answer.history.runs.values()) == simulation.runs
    assert (len(commands), answer.history.complete, answer.history.median_minutes()) == (4, True, 30)


async def test_a_history_that_cannot_be_run_is_said(connection: KafkaConnection, tmp_path: Path) -> None:
    """A model without a journal, and a journal with a hole in it."""
    scenarios = read_policies(policies(tmp_path, x={}))
    with pytest.raises(OperationFailed, match="model 'm' has no recorded history"):
        await what_if(connection, "m", scenarios)
    journals, _ = recorded("m")
    await publish(connection, journals[0], journals[2])
    with pytest.raises(OperationFailed, match=r"the history of 'm' can't be run: .* entry 7 expected, 14 found"):
        await what_if(connection, "m", scenarios)


def whatif(connection: KafkaConnection, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("KAFKA_", "TOPIC_", "APP_"))}
    environment = {
        "KAFKA_BOOTSTRAP_SERVERS": connection.bootstrap_servers,
        "KAFKA_EMBEDDED": "true",
        "TOPIC_PREFIX": connection.topic_prefix,
    }
    settings = {name.upper(): str(value) for name, value in SETTINGS.items()}
    program = "import sys; sys.argv[0] = 'abhyas'; from ops.cli import main; main()"
    command = [sys.executable, "-c", program, "whatif", "--model", "m", *arguments]
    return subprocess.run(command, cwd=folder, env=clean | environment | settings, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.process
def test_the_command_shows_baseline_policies_and_what_was_assumed(connection: KafkaConnection, tmp_path: Path) -> None:
    """Beside the recorded runs each policy's, as JSON and as a table; a journal that lost its beginning says from when it is known."""
    journals, commands = recorded("m")
    asyncio.run(publish(connection, *journals[1:], *commands))
    file = policies(tmp_path, eager={"threshold": 4, "cool_down_minutes": 0, "run_minutes": 20}, never={"threshold": 1000})
    done = whatif(connection, tmp_path, "--policy", str(file), "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["history"]["complete"] is False
    assert found["history"]["note"].startswith(f"the history is known from {found['history']['from']} on")
    assert [run["batch"] for run in found["recorded"]["runs"]] == [1, 2, 3, 4]
    assert found["recorded"]["runs"][0]["sha256"] == commands[0].batch.sha256
    eager, never = found["policies"]
    assert [run["samples"] for run in eager["runs"]][:3] == [4, 4, 4]
    assert eager["differs"] == {"threshold": 4, "min_trainable": 4, "cool_down_minutes": 0}
    assert eager["assumed"]["note"] == "a run ends after 20 minutes (as the policy says), promoted (recorded most often, 4 of 4)"
    assert (never["runs"], never["assumed"]["run_minutes"]) == ([], 30)
    table = whatif(connection, tmp_path, "--policy", str(file))
    assert table.returncode == 0, table.stderr
    assert "recorded: 4 runs" in table.stdout
    assert "drift of documents is left out: the serving version has no drift baseline" in table.stdout
    assert f"eager: {len(eager['runs'])} runs with threshold 4, min_trainable 4, cool_down_minutes 0" in table.stdout
    assert commands[0].batch.sha256[:12] in table.stdout


@pytest.mark.process
def test_a_wrong_policy_is_one_line(connection: KafkaConnection, tmp_path: Path) -> None:
    """It is told before the broker is asked anything."""
    done = whatif(connection, tmp_path, "--policy", str(policies(tmp_path, x={"cooldown": 3})))
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "policy 'x': field 'cooldown' is unknown" in done.stderr
