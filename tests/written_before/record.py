"""How the records of this folder were made, at the revision that names each: `python -m tests.written_before.record FOLDER` there.

Events through the pure stages, as their shards would batch them, with what each stage wrote to its changelog and topics.
"""

from __future__ import annotations

import hashlib
import json
import sys
from base64 import b64encode
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from consumers.core.collector import Collector
from consumers.core.decider import Decider
from consumers.core.drift import DriftPolicy
from consumers.core.intake import IntakePolicy
from consumers.core.records import Effects, InputRecord, position_key
from consumers.core.trigger_state import TriggerPolicy
from consumers.state.migrations import current_version
from consumers.state.snapshot import Snapshots
from producers.redact import redact_together
from schemas import envelope, topics
from schemas.clock import ClockTicked
from schemas.document import DocumentIngested
from schemas.erasure import UserErased
from schemas.feedback import FeedbackSubmitted
from schemas.model import ModelCurrent
from schemas.rating import Rating

START = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
MODEL = "tiny-llama"
GATEWAY, CLI = "/abhyas/gateway", "/abhyas/cli"


def user(number: int) -> str:
    return hashlib.sha256(f"user-{number}".encode()).hexdigest()


def feedback(name: str, number: int, minute: int, *, source: str = GATEWAY, stars: float = 1, **fields: Any) -> InputRecord:
    said: dict[str, Any] = {
        "feedback_id": name,
        "model": MODEL,
        "user_hash": user(number),
        "query": f"ताजमहल कहाँ है? {name}",
        "response": "पता नहीं",
        "correction": f"आगरा, {name}",
        "rating": Rating(scale="stars_1_5", value=stars, score=(stars - 3) / 2),
        "source_group": f"group-{name}",
    }
    return record(FeedbackSubmitted(**(said | fields)), source, minute)


def document(name: str, minute: int, *, source: str = CLI, **fields: Any) -> InputRecord:
    text = f"ताजमहल आगरा में यमुना के किनारे है। {name}"
    given: dict[str, Any] = {"doc_id": name, "model": MODEL, "text": text, "sha256": hashlib.sha256(text.encode()).hexdigest()}
    return record(DocumentIngested(**(given | fields)), source, minute)


def record(event: Any, source: str, minute: int) -> InputRecord:
    time = START + timedelta(minutes=minute)
    wire = envelope.encode(event, source=source, time=time)
    return InputRecord(event.TOPIC, 0, 0, wire.key, wire.value, wire.headers, round(time.timestamp() * 1000))


def placed(records: Iterable[InputRecord]) -> list[InputRecord]:
    """The records with the offsets that they have in their partition."""
    ends: dict[str, int] = {}
    found = []
    for one in records:
        offset = ends.get(one.topic, 0)
        ends[one.topic] = offset + 1
        found.append(InputRecord(one.topic, 0, offset, one.key, one.value, one.headers, one.timestamp_ms))
    return found


def lines(path: Path, records: Sequence[tuple[bytes | None, bytes | None, Sequence[tuple[str, bytes | None]], int]]) -> None:
    """One record a line: key, value and headers in base64, the timestamp beside them."""

    def text(raw: bytes | None) -> str | None:
        return None if raw is None else b64encode(raw).decode()

    written = (
        {"key": text(key), "value": text(value), "headers": [[name, text(raw)] for name, raw in headers], "at_ms": at_ms}
        for key, value, headers, at_ms in records
    )
    path.write_text("".join(json.dumps(one) + "\n" for one in written), encoding="utf-8")


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    events = [feedback(f"f{number}", number, number) for number in range(6)]
    events += [feedback(f"c{number}", number, 10 + number, source=CLI) for number in range(4)]
    events += [document(f"d{number}", 20 + number) for number in range(3)]
    events += [
        feedback("f0", 0, 30, revision=1, correction="आगरा में"),
        feedback("f1", 1, 31, retracted=True, query="", response="", correction=None, rating=None),
        document("d0", 32, version=2, text="नया पाठ", sha256=hashlib.sha256("नया पाठ".encode()).hexdigest()),
        feedback("praise", 4, 33, stars=5, correction=None),
        feedback("nobody", 0, 34, user_hash=None, conversation_id="talk-1"),
        record(UserErased(user_hash=user(5), actor="asha"), GATEWAY, 40),
        feedback("f6", 6, 41),
    ]
    inputs = placed(events)
    policy = IntakePolicy(default_model=MODEL, holdout_key=b"a key", holdout_percent=0, redact=redact_together)
    collector = Collector(0, policy)
    changelog1: list[tuple[bytes, bytes | None]] = [(b"shards", b"1"), (b"version", str(current_version(topics.STAGE1_CHANGELOG)).encode())]
    produced: dict[str, list[InputRecord]] = {}
    for first in range(0, len(inputs), 5):
        batch = inputs[first : first + 5]
        effects = collector.process(batch)
        changelog1 += list(effects.changes.items())
        changelog1 += [(position_key(one.topic, 0), str(one.offset + 1).encode()) for one in batch]
        keep(produced, effects, batch[-1].timestamp_ms)
    serving = ModelCurrent(
        model=MODEL, version="v0", artifact_uri="base/tiny-llama", artifact_sha256="0" * 64, cause="bootstrap", decision_id="decision-v0",
        base_model="abhyas/tiny-llama", holdout_key_id="0" * 8, holdout_percent=0, since=START,
    )  # fmt: skip
    ticks = [record(ClockTicked(now=START + timedelta(minutes=minute), interval_s=10), "abhyas/ticker", minute) for minute in (1, 45)]
    order = [record(serving, "abhyas/runner", 0), ticks[0], *produced[topics.SAMPLE_COLLECTED], *produced[topics.SIGNAL_SUMMARISED]]
    order += [one for one in inputs if one.topic == topics.USER_ERASED]
    decisions = placed([*order, ticks[1]])
    decider = Decider(0, TriggerPolicy(drift=DriftPolicy(), threshold=6, max_per_user=10, min_users=3))
    changelog2: list[tuple[bytes, bytes | None]] = [(b"shards", b"1"), (b"version", str(current_version(topics.STAGE2_CHANGELOG)).encode())]
    for first in range(0, len(decisions), 7):
        batch = decisions[first : first + 7]
        effects = decider.process(batch)
        changelog2 += list(effects.changes.items())
        changelog2 += [(position_key(one.topic, 0), str(one.offset + 1).encode()) for one in batch]
        keep(produced, effects, batch[-1].timestamp_ms)
    for name, changes in ((topics.STAGE1_CHANGELOG, changelog1), (topics.STAGE2_CHANGELOG, changelog2)):
        lines(folder / f"{name}.jsonl", [(key, value, (), 0) for key, value in changes])
    by_topic: dict[str, list[InputRecord]] = {}
    for one in (*inputs, *(one for one in decisions if one.topic != topics.USER_ERASED)):
        if one.topic not in produced:
            by_topic.setdefault(one.topic, []).append(one)
    for name, found in (by_topic | produced).items():
        lines(folder / f"{name}.jsonl", [(one.key, one.value, one.headers, one.timestamp_ms) for one in found])
    version = current_version(topics.STAGE1_CHANGELOG)
    snapshots = Snapshots(folder / "snapshots", "abhyas.stage1.changelog.v1", "id", version, START.timestamp)
    snapshots.write(0, list(collector.items()), shards=1, changelog_next=len(changelog1))


def keep(produced: dict[str, list[InputRecord]], effects: Effects, at_ms: int) -> None:
    """What a step wrote, by topic, with offsets."""
    for one in effects.encoded:
        found = produced.setdefault(one.topic, [])
        found.append(InputRecord(one.topic, 0, len(found), one.key, one.value, tuple(one.headers), at_ms))
    for emitted in effects.events:
        wire = envelope.encode(emitted.event, source="abhyas/stage2", time=emitted.time)
        found = produced.setdefault(emitted.event.TOPIC, [])
        found.append(InputRecord(emitted.event.TOPIC, 0, len(found), wire.key, wire.value, wire.headers, at_ms))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
