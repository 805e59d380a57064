"""State of 57fab2c: what it wrote is what this release writes, but for the fields that are new since, and both stages go on from it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from consumers.collect.collector import Collector
from consumers.decide.decider import Decider
from consumers.decide.journal import replay
from consumers.engine.snapshot import Snapshots
from consumers.engine.stage import Task
from consumers.kept_state import current_version
from consumers.migrations import STAGE1
from consumers.records import Effects, InputRecord
from schemas import topics
from schemas.envelope import encode
from schemas.events.retrain_requested import RetrainRequested
from schemas.events.trigger_journal import TriggerJournal
from tests.written_before.read import BEFORE, FORMER, HERE, recorded, restored

ONE, TWO = topics.STAGE1_CHANGELOG, topics.STAGE2_CHANGELOG
OUTPUTS = {ONE: (topics.SAMPLE_COLLECTED, topics.SIGNAL_SUMMARISED), TWO: (topics.RETRAIN_REQUESTED, topics.TRIGGER_JOURNAL)}
VERSIONS_THEN = {ONE: 4, TWO: 5}
Making = Callable[[str], Task]


def inputs(changelog: str) -> list[list[InputRecord]]:
    """What the stage of a changelog had read, in its batches."""
    if changelog == ONE:
        read = [one for name in (topics.FEEDBACK_SUBMITTED, topics.DOCUMENT_INGESTED, topics.USER_ERASED) for one in recorded(BEFORE, name)]
        read.sort(key=lambda one: one.timestamp_ms)
        return [read[first : first + 5] for first in range(0, len(read), 5)]
    (serving,), (early, late) = recorded(BEFORE, topics.MODEL_CURRENT), recorded(BEFORE, topics.CLOCK_TICKED)
    between = (one for name in (*OUTPUTS[ONE], topics.USER_ERASED) for one in recorded(BEFORE, name))
    read = [serving, early, *between, late]
    return [read[first : first + 7] for first in range(0, len(read), 7)]


def written(effects: Effects, topic: str) -> list[bytes]:
    """The values that a step writes to a topic."""
    events = (encode(one.event, source="abhyas/stage2", time=one.time).value for one in effects.events if topic == one.event.TOPIC)
    return [*(_as_before(one.value) for one in effects.encoded if one.topic == topic), *events]


def _as_before(value: bytes) -> bytes:
    """Without what a negative is worth, which that release did not say."""
    return re.sub(rb',"negative_class":"(correction|bare)"', b"", value)


def by_key(records: Iterable[tuple[bytes | None, bytes | None]]) -> dict[bytes | None, list[bytes | None]]:
    """What was written under each key, in order; in a compacted log nothing depends on the order of two keys."""
    found: dict[bytes | None, list[bytes | None]] = {}
    for key, value in records:
        found.setdefault(key, []).append(value)
    return found


@pytest.fixture
def making(build: Any) -> Making:
    """Makes the empty task of a stage, set as it was where the records were made."""
    trigger = build.trigger_policy(threshold=6, max_per_user=10, min_users=3)
    return lambda changelog: Collector(0, build.intake_policy()) if changelog == ONE else Decider(0, trigger)


# Of stage 2's form since: fields at the end of three structs, by their key, and praise among the samples.
FIELDS_THEN = {b"b|": 16, b"m|tiny-llama|clock": 9, b"m|tiny-llama|run": 5}
PRAISED = 6


def then(state: Iterable[tuple[bytes | None, bytes | None]]) -> Iterator[tuple[bytes | None, bytes | None]]:
    """The records of a state as 57fab2c would have written them."""
    for key, value in state:
        kept = next((count for begin, count in FIELDS_THEN.items() if (key or b"").startswith(begin)), None)
        fields = [] if kept is None or value is None else msgspec.json.decode(value)
        if not fields:
            yield key, value
        elif kept != FIELDS_THEN[b"b|"] or fields[4] != PRAISED:
            yield key, msgspec.json.encode(fields[:kept])


def entries(journal: list[bytes]) -> list[dict[str, Any]]:
    """The entries of a journal without the fields that are new since."""
    found = [entry for record in journal for entry in json.loads(record)["entries"]]
    return [entry | {"fields": {name: field for name, field in entry["fields"].items() if name not in NEW_FIELDS}} for entry in found]


NEW_FIELDS = ("praise", "class", "base_model")


@pytest.mark.parametrize("changelog", [ONE, TWO])
def test_the_same_inputs_give_what_57fab2c_wrote(making: Making, changelog: str) -> None:
    """Every record of the topics in its order, and of the state in that of its key; restored, they are the state of who read the inputs.

    The bytes are the same but for the journal's, whose entries are.
    """
    task = making(changelog)
    steps = [task.process(batch) for batch in inputs(changelog)]
    state = then(change for effects in steps for change in effects.changes.items())
    assert by_key(state) == by_key((one.key, one.value) for one in recorded(BEFORE, changelog) if (one.key or b"")[:1] not in b"psv")
    for topic in OUTPUTS[changelog]:
        made, before = [value for effects in steps for value in written(effects, topic)], [one.value for one in recorded(BEFORE, topic)]
        if topic == topics.TRIGGER_JOURNAL:
            assert entries(made) == entries([one or b"" for one in before])
        else:
            assert made == before
    owned = restored(BEFORE, changelog, making(changelog))
    assert (owned.version, owned.shards) == (VERSIONS_THEN[changelog], {1})
    assert owned.next == {(one.topic, 0): one.offset + 1 for batch in inputs(changelog) for one in batch}
    assert dict(then(owned.task.save())) == dict(then(task.save()))


@pytest.mark.parametrize("revision", [FORMER, BEFORE])
def test_journals_of_the_releases_before_replay_to_the_same_commands(build: Any, revision: str) -> None:
    """Their entries name no class and no praise: every command comes out in the bytes that were published."""
    records = [TriggerJournal.model_validate_json(one.value or b"") for one in recorded(revision, topics.TRIGGER_JOURNAL)]
    policy = build.trigger_policy(threshold=6, max_per_user=10, min_users=3)
    found = [one for one in replay(build.model, policy, records) if isinstance(one, RetrainRequested)]
    published = [RetrainRequested.model_validate_json(one.value or b"") for one in recorded(revision, topics.RETRAIN_REQUESTED)]
    assert found == published
    assert published


def test_the_snapshot_of_57fab2c_is_the_state(build: Any, making: Making) -> None:
    """It is of this release's form, so a start from it restores what the changelog would."""
    snapshots = Snapshots(HERE / BEFORE / "snapshots", "abhyas.stage1.changelog.v1", "id", current_version(STAGE1), build.start.timestamp)
    header, records = snapshots.read(0) or pytest.fail("there is no snapshot")
    task = making(ONE)
    for key, value in records:
        task.load(key, value)
    assert header.changelog_next == len(recorded(BEFORE, ONE))
    assert dict(task.save()) == dict(restored(BEFORE, ONE, making(ONE)).task.save())


def test_both_stages_go_on_from_it(build: Any, making: Making) -> None:
    """What was said before is known; what is new is collected and, with it, the next batch is leased and numbered on."""
    collector, decider = restored(BEFORE, ONE, making(ONE)).task, restored(BEFORE, TWO, making(TWO)).task
    known = [one for name in (topics.FEEDBACK_SUBMITTED, topics.DOCUMENT_INGESTED) for one in recorded(BEFORE, name)]
    assert written(collector.process(known), topics.SAMPLE_COLLECTED) == []
    later = build.start + timedelta(hours=8)
    said = [build.feedback(f"new{n}", user_hash=f"{n}" * 64, correction=f"आगरा {n}", source_group=f"g{n}") for n in range(8)]
    effects = collector.process([build.record(one, offset=100 + n, time=later) for n, one in enumerate(said)])
    samples = [InputRecord(one.topic, 0, 100 + n, one.key, one.value, tuple(one.headers), 0) for n, one in enumerate(effects.encoded)]
    assert len(written(effects, topics.SAMPLE_COLLECTED)) == 8
    (before,) = recorded(BEFORE, topics.RETRAIN_REQUESTED)
    job = build.job(json.loads(before.value or b"{}")["command_id"])
    steps = [build.record(job, offset=100, time=later), *samples, build.record(build.tick(9 * 3600), offset=100, time=later)]
    (command,) = [one.event for one in decider.process(steps).events if one.event.TOPIC == topics.RETRAIN_REQUESTED]
    assert command.batch.number == 2
    assert len(command.batch.samples) >= 6
