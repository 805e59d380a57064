"""The abhyas command: instant help, one-line errors, and what it does on a broker."""

from __future__ import annotations

import asyncio
import json
import os
import re
import resource
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaProducer

from ops.stack.brokers.embedded import EmbeddedBroker, partition_counts
from ops.stack.services import Ports
from ops.topic_reader import full_name
from producers.submissions import hash_user
from runtime.kafka.connection import KafkaConnection
from schemas import topics
from schemas.dead_letter import MALFORMED, DeadLetter

pytestmark = pytest.mark.process

ABHYAS = [sys.executable, "-c", "import sys; sys.argv[0] = 'abhyas'; from ops.cli import main; main()"]


def abhyas(*arguments: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("KAFKA_", "TOPIC_", "APP_"))}
    return subprocess.run(
        [*ABHYAS, *arguments], cwd=folder, env=clean | environment, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.fixture
def on_broker(embedded_broker: EmbeddedBroker) -> dict[str, str]:
    """The environment of a broker with the contract's topics under a prefix of this test's own."""
    prefix = f"t{uuid4().hex[:8]}"
    embedded_broker.create_topics(partition_counts(topics.specs(prefix)))
    return {"KAFKA_BOOTSTRAP_SERVERS": embedded_broker.bootstrap_servers, "KAFKA_EMBEDDED": "true", "TOPIC_PREFIX": prefix}


def test_help_takes_less_than_half_a_second(tmp_path: Path) -> None:
    """Help is instant: CPU time, because a busy machine's clock says little."""
    spent = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = abhyas("--help", folder=tmp_path)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        assert done.returncode == 0
    assert min(spent) < 0.5


def test_help_loads_no_client_and_no_training(tmp_path: Path) -> None:
    """The command line itself imports neither Kafka clients nor HTTP servers nor anything of training."""
    program = (
        "import sys, ops.cli; print(*{'torch', 'aiokafka', 'confluent_kafka', 'fastapi', 'pydantic', 'numpy', 'rich'} & sys.modules.keys())"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["operator", "dance"], 2, "action 'dance' is unknown: expected one of cancel, promote"),
        (["operator", "cancel", "--model", "m"], 2, "action 'cancel' needs job_id"),
        (["operator", "promote", "--model", "m", "--version", "v2"], 2, "say why with --reason"),
        (["operator", "rollback", "--model", "m", "--reason", " "], 2, "say why with --reason"),
        (["history", "m"], 1, "m has no version in the artifact store (looked for finetuned/m): the store has no model"),
        (["verify", "v1", "--model", "m"], 1, "m has no version in the artifact store"),
        (["explain", "v1", "--model", "m"], 1, "m has no version in the artifact store"),
        (["tail", "feedbak"], 2, "topic 'feedbak' is not in the contract: expected one of feedback.submitted"),
        (["up", "--broker", "rabbit"], 2, "broker 'rabbit' is unknown: expected embedded, kafka or HOST:PORT"),
        (["tail"], 2, "Missing argument"),
        (["shards", "stage3"], 2, "stage 'stage3': expected one of stage1, stage2"),
        (["dlq", "redrive", "--topic", "feedbak"], 2, "topic 'feedbak' is not in the contract"),
        (["dlq", "redrive", "--topic", "clock.ticked"], 2, "topic 'clock.ticked' has no dead letters"),
        (["dlq", "redrive", "--since", "yesterday"], 2, "--since 'yesterday' is no time: expected ISO 8601"),
        (["dlq", "redrive", "--offset", "feedback.submitted:x"], 2, "--offset 'feedback.submitted:x': expected TOPIC:PARTITION:OFFSET"),
        (["erase"], 2, "expected one of --user RAW_ID and --user-hash HASH"),
        (["erase", "--user", "a", "--user-hash", "b"], 2, "expected one of --user RAW_ID and --user-hash HASH"),
        (["erase", "--user", "a"], 1, "the user cannot be hashed: set USER_HASH_KEY"),
        (["erase", "--user-hash", "asha"], 2, "user_hash"),
        (["bootstrap", "--model", "m", "--documents", "d.jsonl", "--eval", "e.jsonl"], 1, "d.jsonl is not a file"),
        (["publish", "feedback", "nothing.jsonl"], 1, "nothing.jsonl is not a file: expected JSON Lines, a JSON array or CSV"),
        (["publish", "turns", "nothing.jsonl"], 1, "nothing.jsonl is not a file: expected JSON Lines, a JSON array or CSV"),
        (["publish", "--history", "nothing.jsonl"], 1, "nothing.jsonl is not a file: expected JSON Lines, a JSON array or CSV"),
        (["publish", "--source", "chat"], 2, "publish: expected feedback FILE, turns FILE, documents FILE or --history"),
        (["publish", "--history", "a.jsonl", "feedback", "b.jsonl"], 2, "publish: expected either --history FILE, or feedback, turns or"),
        (["register", "--model", "m", "--version", "x", "folder"], 1, "folder is not a folder: expected a merged model"),
    ],
)
def test_expected_trouble_is_one_line(arguments: list[str], code: int, words: str, tmp_path: Path) -> None:
    """Wrong usage ends with 2, other trouble with 1; the line says what was expected, and there is no traceback."""
    done = abhyas(*arguments, folder=tmp_path)
    assert done.returncode == code
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_a_broker_that_is_away_is_one_line(tmp_path: Path) -> None:
    """The line names the address that was tried and what to do."""
    address = f"127.0.0.1:{Ports.free().runner}"
    done = abhyas("tail", "feedback.submitted", folder=tmp_path, KAFKA_BOOTSTRAP_SERVERS=address)
    assert done.returncode == 1
    assert done.stderr.startswith(f"abhyas: Kafka at {address} does not answer")
    assert "abhyas up" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_wrong_variable_is_named(tmp_path: Path) -> None:
    """A variable that does not hold what it should is named in upper case, as it is set."""
    done = abhyas("tail", "feedback.submitted", folder=tmp_path, KAFKA_SECURITY_PROTOCOL="carrier-pigeon")
    assert done.returncode == 1
    assert "KAFKA_SECURITY_PROTOCOL" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_operators_request_is_published_and_can_be_read(on_broker: dict[str, str], tmp_path: Path) -> None:
    """What `operator` publishes, `tail` shows, with actor, reason and the envelope."""
    asked = abhyas("operator", "pause", "--model", "m", "--reason", "festival", "--actor", "asha", folder=tmp_path, **on_broker)
    assert asked.returncode == 0, asked.stderr
    assert asked.stdout.startswith("asked to pause m (request cli-")
    shown = abhyas("tail", "operator.requested", "--from-beginning", "-n", "1", folder=tmp_path, **on_broker)
    record = json.loads(shown.stdout)
    assert record["value"] | {"request_id": "x"} == {
        "request_id": "x", "action": "pause", "model": "m", "actor": "asha", "reason": "festival", "drop": False,
    }  # fmt: skip
    assert record["headers"]["ce_type"] == "abhyas.operator.requested.v1"
    assert record["headers"]["ce_source"] == "/abhyas/cli"


def test_redrive_says_what_it_did(on_broker: dict[str, str], tmp_path: Path) -> None:
    """The summary line, what there is where nothing matched, and exit code 1 where a letter stays behind."""
    done = abhyas("dlq", "redrive", folder=tmp_path, **on_broker)
    assert (done.returncode, done.stdout) == (0, "0 matched, 0 sent, 0 already redriven, 0 skipped\n"), done.stderr
    connection = KafkaConnection(on_broker["KAFKA_BOOTSTRAP_SERVERS"], topic_prefix=on_broker["TOPIC_PREFIX"], embedded=True)
    letter = DeadLetter(connection.topic(topics.DOCUMENT_INGESTED), 2, 3, MALFORMED, "not JSON", "stage1", b"doc", b"{", ())
    asyncio.run(produce(connection, connection.dead_letters(topics.DOCUMENT_INGESTED), letter))
    other = abhyas("dlq", "redrive", "--reason", "too_late", folder=tmp_path, **on_broker)
    assert "there are, by reason: malformed 1" in other.stdout
    place = "document.ingested:0:0"
    named = abhyas("dlq", "redrive", "--offset", place, "--offset", "document.ingested:0:9", folder=tmp_path, **on_broker)
    assert named.returncode == 1, named.stderr
    assert named.stdout.startswith("1 matched, 1 sent, 0 already redriven, 1 skipped\n  skipped 1: no dead letter there: ")
    again = abhyas("dlq", "redrive", "--topic", "document.ingested", "--dry-run", folder=tmp_path, **on_broker)
    assert (again.returncode, again.stdout) == (0, "1 matched, 0 would be sent, 1 already redriven, 0 skipped\n")
    shown = abhyas("tail", "document.ingested", "--from-beginning", "-n", "1", folder=tmp_path, **on_broker)
    assert json.loads(shown.stdout)["value"] == "{"


async def produce(connection: KafkaConnection, topic: str, letter: DeadLetter) -> None:
    producer = AIOKafkaProducer(**connection.producer_options())
    await producer.start()
    await producer.send_and_wait(topic, letter.value, key=letter.key, headers=list(letter.to_record().headers))
    await producer.stop()


def test_a_damaged_file_is_one_line_of_trouble(on_broker: dict[str, str], tmp_path: Path) -> None:
    """With file, line and what was expected; also where a history's kind is to be told from it."""
    (tmp_path / "f.json").write_text('[{"query": "q", "correction": "c"},\n{"query": "q"')
    for arguments in (("feedback", "f.json"), ("--history", "f.json")):
        done = abhyas("publish", *arguments, folder=tmp_path, **on_broker)
        assert (done.returncode, done.stdout) == (1, "")
        assert re.fullmatch(r"abhyas: f.json:2: not JSON \(the text ends too early\): .*", done.stderr.strip())


def test_an_erasure_is_published_and_says_what_it_cannot_reach(on_broker: dict[str, str], tmp_path: Path) -> None:
    """The raw id is hashed with the gateway's key; the command names the topics that keep the text, and for how long."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "user_hash.key").write_text("secret\n")
    asked = abhyas("erase", "--user", "user 7", "--actor", "asha", "--reason", "letter 12", folder=tmp_path, **on_broker)
    assert asked.returncode == 0, asked.stderr
    user_hash = hash_user(b"secret", "user 7")
    assert asked.stdout.startswith(f"asked to erase user {user_hash} ")
    assert "user 7" not in asked.stdout
    kept = ", ".join(f"{name} (30 days)" for name in ("feedback.submitted.v1", "turn.completed.v1"))
    assert f"{kept} and sample.collected.v1 (30 days) and their dead letters" in asked.stdout
    again = abhyas("erase", "--user-hash", user_hash, "--actor", "asha", "--reason", "letter 12", folder=tmp_path, **on_broker)
    assert again.returncode == 0, again.stderr
    shown = abhyas("tail", "user.erased", "--from-beginning", "-n", "2", folder=tmp_path, **on_broker)
    first, second = (json.loads(line) for line in shown.stdout.splitlines())
    assert first["value"] == second["value"] == {"user_hash": user_hash, "actor": "asha", "reason": "letter 12"}
    assert first["headers"]["ce_id"] == second["headers"]["ce_id"]
    assert first["key"] == user_hash


def test_bootstrap_copies_the_files_and_asks(on_broker: dict[str, str], tmp_path: Path) -> None:
    """The files lie in the store where the request says, and the request names the base model."""
    rows = {
        "documents": {"id": "d-1", "text": "The Coral Gate Museum opened in 1927."},
        "eval": {"question": "When did the Coral Gate Museum open?", "answer": "1927"},
        "replay": {"prompt": "Where is the Coral Gate Museum?", "completion": "In Port Anmol."},
    }
    for name, row in rows.items():
        (tmp_path / f"{name}.jsonl").write_text(json.dumps(row) + "\n")
    arguments = ["--model", "m", "--documents", "documents.jsonl", "--eval", "eval.jsonl", "--replay", "replay.jsonl"]
    done = abhyas("bootstrap", *arguments, "--base-model", "org/base", "--wait-s", "0", folder=tmp_path, **on_broker)
    assert done.returncode == 0, done.stderr
    shown = abhyas("tail", "operator.requested", "--from-beginning", "-n", "1", folder=tmp_path, **on_broker)
    request = json.loads(shown.stdout)["value"]
    assert request["base_model"] == "org/base"
    for name, uri in (("documents", "documents_uri"), ("eval", "eval_uri"), ("replay", "replay_uri")):
        stored = tmp_path / "data" / "models" / request[uri].removeprefix("s3://models/")
        assert json.loads(stored.read_text()) == rows[name]


def test_bootstrap_without_a_runner_says_so(on_broker: dict[str, str], tmp_path: Path) -> None:
    """Nobody answers in time: exit code 1 and where to look."""
    (tmp_path / "documents.jsonl").write_text('{"id": "d-1", "text": "The Coral Gate Museum opened in 1927."}\n')
    (tmp_path / "eval.jsonl").write_text('{"question": "When did the Coral Gate Museum open?", "answer": "1927"}\n')
    arguments = ["--model", "m", "--documents", "documents.jsonl", "--eval", "eval.jsonl", "--wait-s", "1"]
    done = abhyas("bootstrap", *arguments, folder=tmp_path, **on_broker)
    assert done.returncode == 1
    assert "has not decided" in done.stderr
    assert "abhyas status" in done.stderr


def test_status_without_an_installation(tmp_path: Path) -> None:
    """Each service that does not answer is named, the exit code says it, and JSON is there for programs."""
    done = abhyas("status", "--json", folder=tmp_path)
    found = json.loads(done.stdout)
    assert found["stack"] is None
    assert set(found["services"]) == {"runner", "gateway", "consumers", "dashboard"}
    assert done.returncode == (0 if all(service["answers"] for service in found["services"].values()) else 1)


def test_topics_refuse_the_embedded_broker(on_broker: dict[str, str], tmp_path: Path) -> None:
    """The embedded broker makes its topics itself; the line says so."""
    done = abhyas("topics", "plan", folder=tmp_path, **on_broker)
    assert done.returncode == 1
    assert "embedded broker" in done.stderr
    assert "Traceback" not in done.stderr


def test_every_topic_can_be_named_in_three_ways() -> None:
    """Full name, contract's name, and the name without its version lead to the same topic, dead letters too."""
    for spec in topics.specs("p"):
        bare = spec.name.removeprefix("p.")
        for name in (spec.name, bare, bare.replace(".v1", "")):
            assert full_name(name, "p") == spec.name


def test_shards_are_shown_and_changed(on_broker: dict[str, str], tmp_path: Path) -> None:
    """A new installation has none; a change is said with the setting that goes with it; more than partitions are refused."""
    assert "no shards yet" in abhyas("shards", "stage2", folder=tmp_path, **on_broker).stdout
    assert "STAGE2_SHARDS=3" in abhyas("shards", "stage2", "3", folder=tmp_path, **on_broker).stdout
    assert abhyas("shards", "stage2", folder=tmp_path, **on_broker).stdout == "stage2 has 3 shards\n"
    refused = abhyas("shards", "stage2", "9", folder=tmp_path, **on_broker)
    assert (refused.returncode, "9 shards for 4 partitions" in refused.stderr) == (1, True)
