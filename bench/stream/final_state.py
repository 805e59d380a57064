"""What a contender's state came to, in the same plain values for all of them: a figure is compared only where these agree."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from bench.stream.topic_reading import read_all
from consumers.collect.daily_counts import DayCounts
from consumers.collect.deduplication import unpack
from consumers.state_keys import FEEDBACK_KEY
from runtime.kafka.connection import KafkaConnection
from schemas import topics

# What every contender counts of a day; ours counts by language too.
COUNTS = ("events", "negatives", "corrections", "rated")
# Fields of a sample that every contender has to get right; the provenance's offset is the input's, so it counts too.
SAMPLE_FIELDS = (
    "sample_id", "revision", "retracted", "model", "group", "quarantine", "negative", "score", "query", "response", "correction",
    "user_hash", "provenance",
)  # fmt: skip


@dataclass(slots=True)
class FinalState:
    """What was kept and what was sent.

    Marks by the first 32 hex digits of the sample id: user (32 hex digits), time_s, revision, retracted, model, day, contribution. Day
    counts by (model, day), summed over partitions or users. Samples in order of id.
    """

    marks: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    days: dict[tuple[str, int], tuple[int, ...]] = field(default_factory=dict)
    samples: list[tuple[Any, ...]] = field(default_factory=list)

    def add_day(self, model: str, day: int, counts: Iterable[int]) -> None:
        """Adds one part of a day's counts; parts are kept by partition, or by user."""
        found = self.days.get((model, day))
        self.days[model, day] = tuple(counts) if found is None else tuple(a + b for a, b in zip(found, counts, strict=True))


def differences(ours: FinalState, theirs: FinalState) -> list[str]:
    """In which of the three they differ, and in how many places; empty where both did the same work."""
    found = []
    for name, unequal, counts in (
        ("marks", _unequal(ours.marks, theirs.marks), (len(ours.marks), len(theirs.marks))),
        ("day counts", _unequal(ours.days, theirs.days), (len(ours.days), len(theirs.days))),
    ):
        if unequal:
            found.append(f"{name}: {unequal} of {counts[0]} and {counts[1]} differ")
    unequal = len(set(ours.samples) ^ set(theirs.samples))
    if unequal or len(ours.samples) != len(theirs.samples):
        found.append(f"samples: {len(ours.samples)} against {len(theirs.samples)}, {unequal} not in both")
    return found


def _unequal(ours: Mapping[Any, Any], theirs: Mapping[Any, Any]) -> int:
    return sum(ours.get(key) != theirs.get(key) for key in ours.keys() | theirs.keys())


async def our_state(connection: KafkaConnection) -> FinalState:
    """Stage 1's state, from its changelog, and its samples."""
    newest: dict[tuple[int, bytes], bytes | None] = {}
    async for record in read_all(connection, connection.topic(topics.STAGE1_CHANGELOG)):
        newest[record.partition, record.key] = record.value
    state = FinalState(samples=await _samples(connection, connection.topic(topics.SAMPLE_COLLECTED)))
    for (_, key), value in newest.items():
        if value is None:
            continue
        if key.startswith(FEEDBACK_KEY):
            mark = unpack(value)
            contribution = tuple(mark.contribution[: len(COUNTS)])
            kept = (mark.user.hex(), mark.time_s, mark.revision, mark.retracted, mark.model, mark.day, contribution)
            state.marks[key[1:].hex()] = kept
        elif key.startswith(b"d|"):
            _, model, _, day = key.decode().split("|")
            state.add_day(model, int(day), msgspec.json.decode(value, type=DayCounts).counts[: len(COUNTS)])
    return state


async def keyed_state(connection: KafkaConnection, changelog: str, samples: str) -> FinalState:
    """The state of a peer that keeps JSON values by user and name: marks by sample id, counts by d|model|feedback|day.

    Quix writes the key `<user>|<JSON of the name>`, Faust the JSON of `<user>|<name>`.
    """
    newest: dict[bytes, bytes | None] = {}
    async for record in read_all(connection, changelog):
        newest[record.key] = record.value
    state = FinalState(samples=await _samples(connection, samples))
    for key, value in newest.items():
        if value is None:
            continue
        if key.startswith(b'"'):
            user, name = json.loads(key).split("|", 1)
        else:
            user, name = key[:64].decode(), json.loads(key[65:])
        if name.startswith("d|"):
            _, model, _, day = name.split("|")
            state.add_day(model, int(day), json.loads(value))
        else:
            time_s, revision, retracted, model, day, contribution = json.loads(value)
            state.marks[name[:32]] = (user[:32], time_s, revision, retracted, model, day, tuple(contribution))
    return state


async def _samples(connection: KafkaConnection, topic: str) -> list[tuple[Any, ...]]:
    found = []
    async for record in read_all(connection, topic):
        sample = json.loads(record.value)
        sample["provenance"] = tuple(sorted(sample["provenance"].items()))
        sample["quarantine"] = sample.get("quarantine")
        # What is empty may be left out.
        found.append(tuple(sample.get(name) or None for name in SAMPLE_FIELDS))
    return sorted(found, key=repr)
