"""What must come out of the input topics as they are: written down anew from the contract, without the stream processor's code."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from bench.drill.history import POISON_HEADER
from schemas import topics

MIDDLE_STAR: Final = 3
# What says who and when, and not what.
IDENTITY: Final = frozenset({"feedback_id", "doc_id", "revision", "version", "retracted", "user_hash"})
LETTER: Final = re.compile("[A-Za-z\u00c0-\u024f]|[\u0900-\u097f\ua8e0-\ua8ff]")
DEVANAGARI: Final = re.compile("[\u0900-\u097f\ua8e0-\ua8ff]")


class Revision(NamedTuple):
    """One revision of one sample, by its number and time: what sample.collected has exactly once."""

    sample_id: str
    revision: int
    retracted: bool
    occurred_at: str


class Day(NamedTuple):
    """What a summary is about."""

    model: str
    input: str
    partition: int
    day: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """The sample that one input record must make."""

    model: str
    negative: bool
    topic: str
    partition: int
    offset: int


@dataclass(slots=True)
class Expected:
    """Everything that stage 1 must have made; `days` holds the counts after each input record that changed them, by its number here."""

    records: int = 0
    duplicates: int = 0
    stale: int = 0
    samples: dict[Revision, Wanted] = field(default_factory=dict)
    newest: dict[str, Revision] = field(default_factory=dict)
    days: dict[Day, dict[int, dict[str, int]]] = field(default_factory=dict)
    poison: set[tuple[str, int, int]] = field(default_factory=set)

    def counted(self, model: str) -> set[str]:
        """The samples of a model whose newest revision is a negative."""
        return {
            sample_id
            for sample_id, revision in self.newest.items()
            if self.samples[revision].model == model and self.samples[revision].negative
        }


def expect(records: Iterable[Any]) -> Expected:
    """The expectation from the records of feedback.submitted and document.ingested, each partition in the order of its offsets."""
    found = Expected()
    contributions: dict[str, tuple[Day, dict[str, int]]] = {}
    said: dict[str, tuple[str, datetime]] = {}
    for record in records:
        topic = topics.FEEDBACK_SUBMITTED if record.topic.endswith(topics.FEEDBACK_SUBMITTED) else topics.DOCUMENT_INGESTED
        found.records += 1
        headers = dict(record.headers)
        if POISON_HEADER in headers:
            found.poison.add((topic, record.partition, record.offset))
            continue
        body = json.loads(record.value)
        kind, name = ("feedback", body["feedback_id"]) if topic == topics.FEEDBACK_SUBMITTED else ("document", body["doc_id"])
        owner = f"{body.get('user_hash') or ''}\n" if kind == "feedback" else ""
        sample_id = hashlib.sha256(f"{kind}\n{headers['ce_source'].decode()}\n{owner}{name}".encode()).hexdigest()
        number, gone = body.get("revision", 0) if kind == "feedback" else body["version"], body.get("retracted", False)
        arrived = Revision(sample_id, number, gone, headers["ce_time"].decode())
        content = "" if gone else json.dumps({field: body[field] for field in sorted(body) if field not in IDENTITY})
        moment, known = datetime.fromisoformat(arrived.occurred_at), found.newest.get(sample_id)
        if known is not None and arrived[1:3] <= known[1:3]:
            in_use, at = said[sample_id]
            if arrived[1:3] == known[1:3] and content == in_use:
                # The same again: whatever else was said in between has to be later than this.
                said[sample_id] = content, max(at, moment)
                found.duplicates += 1
                continue
            if arrived[1:3] < known[1:3] or moment < at:
                found.stale += 1
                continue
        said[sample_id] = content, moment
        found.newest[sample_id] = arrived
        found.samples[arrived] = Wanted(body["model"], _negative(kind, body), topic, record.partition, record.offset)
        day = Day(body["model"], kind, record.partition, _day(headers["ce_time"]))
        counts = _contribution(kind, body)
        if sample_id in contributions:
            before, taken = contributions[sample_id]
            _add(found, before, found.records, {name: -count for name, count in taken.items()})
        if counts:
            _add(found, day, found.records, counts)
            contributions[sample_id] = (day, counts)
        else:
            contributions.pop(sample_id, None)
    return found


def _negative(kind: str, body: dict[str, Any]) -> bool:
    if kind != "feedback" or body.get("retracted", False):
        return False
    return bool(body["rating"]["value"] < MIDDLE_STAR or (body.get("correction") or "").strip())


def _contribution(kind: str, body: dict[str, Any]) -> dict[str, int]:
    if body.get("retracted", False):
        return {}
    if kind == "feedback":
        counts = {"events": 1, "negatives": int(_negative(kind, body)), "corrections": int(bool(body.get("correction")))}
        spoken = {
            f"{name}_{language}": count * (body["language"] == language) for language in ("hi", "en") for name, count in counts.items()
        }
        return counts | {"rated": 1} | spoken
    text = body["text"]
    letters, devanagari = len(LETTER.findall(text)), len(DEVANAGARI.findall(text))
    return {"events": 1, "characters": len(text), "letters": letters, "devanagari": devanagari}


def _add(found: Expected, day: Day, number: int, counts: dict[str, int]) -> None:
    after = found.days.setdefault(day, {})
    last = after[max(after)] if after else dict.fromkeys(counts, 0)
    after[number] = {name: count + counts[name] for name, count in last.items()}


def _day(raw: bytes) -> str:
    return datetime.fromisoformat(raw.decode()).astimezone(UTC).date().isoformat()
