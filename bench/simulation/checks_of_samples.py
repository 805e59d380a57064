"""Of stage 1: each (sample, revision) exactly once, the last one wins, day counts exact, nothing refused in silence."""

from __future__ import annotations

from base64 import b64decode
from collections import Counter
from collections.abc import Iterator
from datetime import date
from typing import Any, Final

import numpy as np

from bench.simulation.history import History
from bench.simulation.plan import MODELS
from bench.simulation.reference_samples import Emission, Limits, Origin, ReferenceCollector
from bench.simulation.reference_turns import ReferenceTurns
from bench.simulation.simulated_sketcher import SimulatedSketcher
from bench.simulation.world import CONNECTION, FUTURE_S, HOLDOUT_KEY, HOLDOUT_PERCENT, LATENESS_S
from consumers.drift.features.sketch import empty, unpacked
from schemas import topics

KINDS: Final = {topics.FEEDBACK_SUBMITTED: "feedback", topics.DOCUMENT_INGESTED: "document"}
COUNT_NAMES: Final = {
    "feedback": (
        "events", "negatives", "corrections", "rated",
        "events_hi", "negatives_hi", "corrections_hi", "events_en", "negatives_en", "corrections_en",
    ),
    "document": ("events", "characters", "letters", "devanagari"),
}  # fmt: skip


def samples(history: History) -> Iterator[str]:
    """What stage 1 wrote against what was published."""
    limits = Limits(MODELS[0], HOLDOUT_KEY, HOLDOUT_PERCENT, LATENESS_S, FUTURE_S)
    collectors: dict[tuple[str, int], ReferenceCollector] = {}
    # All of them, before the feedback: which was read first makes no difference.
    turns = {number: ReferenceTurns(LATENESS_S, FUTURE_S) for number in range(topics.INPUT_PARTITIONS)}
    for origin, publication, broker_ms in history.published:
        if origin.topic == topics.TURN_COMPLETED:
            turns[origin.partition].take(publication, origin.offset, broker_ms)
    for origin, publication, broker_ms in history.published:
        if origin.topic in KINDS:
            collector = collectors.setdefault(
                (origin.topic, origin.partition),
                ReferenceCollector(KINDS[origin.topic], limits, history.erased, turns=turns[origin.partition]),
            )
            collector.take(publication, origin, broker_ms)
    for collector in collectors.values():
        collector.close()
    yield from _emissions(history, list(collectors.values()))
    refused = [(Origin(topics.TURN_COMPLETED, number, offset), reason) for number, of in turns.items() for offset, reason in of.refused]
    yield from _letters(history, Counter([*refused, *(refused for collector in collectors.values() for refused in collector.refused)]))
    yield from _day_counts(history, collectors)
    yield from _day_sketches(history, collectors)


def _emissions(history: History, collectors: list[ReferenceCollector]) -> Iterator[str]:
    expected = Counter(emission for collector in collectors for emission in collector.emitted)
    optional = {emission for collector in collectors for emission in collector.optional}
    found = Counter(_emission(record.value) for record in history.of(topics.SAMPLE_COLLECTED))
    for emission, times in (found - expected).items():
        yield f"sample.collected: {times} too many of {emission}"
    for emission, times in (expected - found).items():
        if emission not in optional:
            yield f"sample.collected: {times} missing of {emission}"


def _emission(value: dict[str, Any]) -> Emission:
    origin = value["provenance"]
    return Emission(
        value["model"], value["sample_id"], value["revision"], value.get("retracted", False), value.get("negative", False),
        value.get("quarantine") is not None, Origin(origin["topic"], origin["partition"], origin["offset"]),
    )  # fmt: skip


def _letters(history: History, expected: Counter[tuple[Origin, str]]) -> Iterator[str]:
    found: Counter[tuple[Origin, str]] = Counter()
    for name in (*KINDS, topics.TURN_COMPLETED):
        for record in history.of(f"{name}{topics.DLQ_SUFFIX}"):
            headers = {header: (value or b"").decode() for header, value in record.headers.items()}
            topic = headers["dlq_topic"].removeprefix(f"{CONNECTION.topic_prefix}.")
            found[Origin(topic, int(headers["dlq_partition"]), int(headers["dlq_offset"])), headers["dlq_reason"]] += 1
    if found != expected:
        yield f"dead letters: {list((found - expected).items())[:3]} too many, {list((expected - found).items())[:3]} missing"


def _day_counts(history: History, collectors: dict[tuple[str, int], ReferenceCollector]) -> Iterator[str]:
    told: dict[tuple[str, int, str, int], dict[str, int]] = {}
    sequences: dict[tuple[str, int, str, int], int] = {}
    for record in history.of(topics.SIGNAL_SUMMARISED):
        value = record.value
        place = (value["input"], value["partition"], value["model"], date.fromisoformat(value["event_day"]).toordinal())
        told[place] = value["counts"]
        if value["sequence"] <= sequences.get(place, 0):
            yield f"signal.summarised: {place} went from sequence {sequences[place]} to {value['sequence']}"
        sequences[place] = value["sequence"]
    for (name, partition), collector in collectors.items():
        kind = KINDS[name]
        for (model, day), counts in collector.counts.items():
            expected = {count: counts.get(index, 0) for index, count in enumerate(COUNT_NAMES[kind])}
            found = told.pop((kind, partition, model, day), None)
            if (model, day) in collector.unsure:
                continue
            if found != expected and (found is not None or any(expected.values())):
                yield f"signal.summarised: partition {partition} {model} {kind} day {day} has {found}, expected {expected}"
    for place, left in told.items():
        if any(left.values()):
            yield f"signal.summarised: {place} counts what nothing is left of: {left}"


def _day_sketches(history: History, collectors: dict[tuple[str, int], ReferenceCollector]) -> Iterator[str]:
    """Of each partition and day the newest sketch is the sum of its documents' newest revisions, by the one baseline there is."""
    told = {}
    for record in history.of(topics.SIGNAL_SUMMARISED):
        value = record.value
        if value["input"] == "document":
            told[value["partition"], value["model"], date.fromisoformat(value["event_day"]).toordinal()] = value
    for (name, partition), collector in collectors.items():
        if KINDS[name] != "document":
            continue
        for (model, day), expected in collector.sketches.items():
            value = told.get((partition, model, day), {})
            sketch, baseline = value.get("sketch"), value.get("baseline")
            found = empty() if sketch is None else unpacked(b64decode(sketch))
            if not np.array_equal(found, expected) or (sketch is not None and baseline != SimulatedSketcher().sha256):
                yield f"signal.summarised: partition {partition} {model} document day {day} has another sketch than its documents make"
