"""State of the release before, whose samples were named by their way in alone: taken over, nothing doubled, nothing out of reach."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from consumers.collect.collector import Collector
from consumers.decide.buffer.buffered import Status
from consumers.decide.buffer.negative_buffer import NegativeBuffer
from consumers.decide.decider import Decider
from consumers.engine.changelog import migration_records
from consumers.engine.snapshot import Snapshots, UnusableSnapshot
from consumers.engine.stage import OwnedTask
from consumers.kept_state import current_version
from consumers.migrations import STAGE1
from consumers.records import Effects, InputRecord
from gpu_runner.event_log.withdrawals import KnownSample, Retraction, Withdrawals, known_samples
from gpu_runner.jobs.leased_samples import settle
from schemas import topics
from schemas.envelope import decode
from schemas.events.retrain_requested import LeasedBatch
from schemas.events.sample_collected import SampleCollected
from schemas.events.signal_summarised import SignalSummarised
from schemas.fields import SampleRef
from schemas.identity import DEFAULT_SOURCE, FORMER_WAYS_IN, former_ids, sample_id
from tests.written_before import read as written_before

FOLDER = written_before.HERE / written_before.FORMER
MODEL = "tiny-llama"
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
GATEWAY, CLI = FORMER_WAYS_IN


def recorded(name: str) -> list[InputRecord]:
    """The records of a topic as they lay there."""
    return written_before.recorded(written_before.FORMER, name)


def restored(changelog: str, task: Any) -> OwnedTask:
    """A task as this release takes it back from what the release before wrote."""
    owned = written_before.restored(written_before.FORMER, changelog, task)
    assert owned.version == 3
    return owned


@pytest.fixture
def collector(build: Any) -> Collector:
    return restored(topics.STAGE1_CHANGELOG, Collector(0, build.intake_policy())).task  # type: ignore[return-value]


@pytest.fixture
def buffer(build: Any) -> NegativeBuffer:
    decider = Decider(0, build.trigger_policy(threshold=6, max_per_user=10, min_users=3))
    restored(topics.STAGE2_CHANGELOG, decider)
    return decider.triggers[MODEL].buffer


def again(name: str, *, source: str, time: datetime = NOON, **changed: Any) -> InputRecord:
    """A feedback or a document of the recorded ones, said again with other fields, by another way in, at another time."""
    wanted = topics.FEEDBACK_SUBMITTED if name[0] in "fc" else topics.DOCUMENT_INGESTED
    for record in recorded(wanted):
        value = json.loads(record.value or b"{}")
        if name in (value.get("feedback_id"), value.get("doc_id")):
            headers = [
                (header, source.encode() if header == "ce_source" else time.isoformat().encode() if header == "ce_time" else raw)
                for header, raw in record.headers
            ]
            body = json.dumps(value | changed).encode()
            return msgspec.structs.replace(
                record, value=body, headers=tuple(headers), offset=100, timestamp_ms=round(time.timestamp() * 1000)
            )
    raise LookupError(name)


def samples(build: Any, effects: Effects) -> list[SampleCollected]:
    return build.emitted(effects, SampleCollected)


def day_events(build: Any, effects: Effects, kind: str) -> int:
    return [summary for summary in build.emitted(effects, SignalSummarised) if summary.input == kind][-1].counts["events"]


def outcomes(effects: Effects) -> list[str]:
    return [outcome for (_, outcome), count in effects.outcomes.items() for _ in range(count)]


def old(name: str, way: str) -> str:
    return former_ids("feedback" if name[0] in "fc" else "document", DEFAULT_SOURCE, name)[FORMER_WAYS_IN.index(way)]


@pytest.mark.parametrize("source", [None, DEFAULT_SOURCE])
def test_k3_what_was_remembered_is_known_on_every_way_in(build: Any, collector: Collector, source: str | None) -> None:
    """Everything published before comes again, from where it came and as the default frontend's: no sample, no count."""
    published = [record for name in (topics.FEEDBACK_SUBMITTED, topics.DOCUMENT_INGESTED) for record in recorded(name)]
    if source is not None:
        published = [
            msgspec.structs.replace(
                record, headers=tuple((name, source.encode() if name == "ce_source" else raw) for name, raw in record.headers)
            )
            for record in published
        ]
    effects = collector.process(published)
    assert samples(build, effects) == []
    assert set(outcomes(effects)) <= {"duplicate", "stale", "erased"}


def test_k3_revision_takes_the_former_mark_back_once(build: Any, collector: Collector) -> None:
    """Other words of an old feedback, by another way in: revised, counted once, under the new id with the former ones beside it."""
    later = again("f2", source=DEFAULT_SOURCE, correction="दिल्ली में", rating=None)
    effects = collector.process([later, msgspec.structs.replace(later, offset=101)])
    (sample,) = samples(build, effects)
    # The recorded ones hold a correction already: what adds the same to the counts was a duplicate in the release before.
    assert outcomes(effects) == ["revised", "duplicate"]
    assert sample.sample_id == sample_id("feedback", DEFAULT_SOURCE, "f2", sample.user_hash)
    assert old("f2", GATEWAY) in sample.former_ids
    before = json.loads(recorded(topics.SIGNAL_SUMMARISED)[-1].value or b"{}")["counts"]["events"]
    assert day_events(build, effects, "feedback") == before
    former = b"k" + bytes.fromhex(old("f2", GATEWAY))[:16]
    assert effects.changes[former] is None
    assert former not in dict(collector.save())
    # What is said of it next is known to be held under a former id, too.
    (third,) = samples(
        build, collector.process([again("f2", source=CLI, time=NOON + timedelta(minutes=1), correction="गोवा", rating=None)])
    )
    assert (third.sample_id, third.former_ids) == (sample.sample_id, sample.former_ids)


def test_k3_another_users_feedback_of_the_same_id_is_their_own(build: Any, collector: Collector) -> None:
    """A former id said nothing of the user: the old mark stays the old user's."""
    effects = collector.process([again("f3", source=GATEWAY, user_hash="e" * 64)])
    assert outcomes(effects) == ["collected"]
    assert b"k" + bytes.fromhex(old("f3", GATEWAY))[:16] in dict(collector.save())


def test_k3_documents_and_the_window(build: Any, collector: Collector) -> None:
    """An old document's next version takes the place of the former one; what is left of the former marks goes with the window."""
    text = {"text": "यमुना", "sha256": hashlib.sha256("यमुना".encode()).hexdigest()}
    before = collector.state_keys
    effects = collector.process([again("d1", source=DEFAULT_SOURCE, version=2, **text)])
    assert outcomes(effects) == ["revised"]
    assert day_events(build, effects, "document") == 3
    assert collector.state_keys == before
    far = NOON + timedelta(days=20)
    collector.process([again("f0", source="chat", time=far), again("d0", source="chat", time=far)])
    assert {key[:1] for key, _ in collector.save()} & {b"k", b"q"} == set()


def test_k3_stage_2_keeps_the_former_name(build: Any, collector: Collector, buffer: NegativeBuffer) -> None:
    """A leased sample's revision, and a retraction by another way in, reach what is held under the former id; nothing is doubled."""
    held = len(buffer)
    records = [
        again("f2", source=DEFAULT_SOURCE, correction="दिल्ली में", rating=None),
        again("c1", source=GATEWAY, revision=1, retracted=True),
        again("f4", source=DEFAULT_SOURCE, user_hash="e" * 64),
    ]
    decider = Decider(0, build.trigger_policy(threshold=6, max_per_user=10, min_users=3))
    restored(topics.STAGE2_CHANGELOG, decider)
    taken = [
        InputRecord(topics.SAMPLE_COLLECTED, 0, 200 + number, made.key, made.value, tuple(made.headers), 0)
        for number, made in enumerate(one for one in collector.process(records).encoded if one.topic == topics.SAMPLE_COLLECTED)
    ]
    decider.process(taken)
    after = decider.triggers[MODEL].buffer
    assert len(after) == held + 1
    assert (after.status(old("f2", GATEWAY)), after.status(old("c1", CLI))) == (Status.LEASED, Status.DROPPED)
    assert after.status(old("f4", GATEWAY)) is Status.LEASED


def test_k3_the_runner_finds_what_it_holds_under_a_former_name(build: Any, collector: Collector) -> None:
    """A retraction reaches what was trained before, of that user alone; a leased record is read under the name that the lease has."""
    record = recorded(topics.SAMPLE_COLLECTED)[3]
    trained = decode(record.value, record.headers, SampleCollected)[1]
    assert trained.sample_id == old("f3", GATEWAY)
    listed = known_samples(json.loads(json.dumps({trained.sample_id: KnownSample.of(trained).as_dict()})))
    (gone,) = samples(build, collector.process([again("f3", source=CLI, revision=5, retracted=True)]))
    withdrawals = Withdrawals()
    withdrawals.apply(Retraction.of(gone))
    assert withdrawals.withdrawn(MODEL, listed) == {trained.sample_id: "retracted"}
    another = Withdrawals()
    another.apply(Retraction.of(gone.model_copy(update={"user_hash": "e" * 64})))
    assert another.withdrawn(MODEL, listed) == {}
    (revised,) = samples(build, collector.process([again("c2", source=DEFAULT_SOURCE, revision=1, correction="नया")]))
    ref = SampleRef(sample_id=old("c2", CLI), revision=1, partition=0, offset=9)
    batch = LeasedBatch(number=1, sha256="0" * 64, samples=(ref,))
    (leased,) = settle(batch, {(0, 9): revised}, Withdrawals()).samples
    assert leased.sample_id == old("c2", CLI)
    assert not settle(batch, {(0, 9): revised}, _retracting(revised)).samples


def _retracting(sample: SampleCollected) -> Withdrawals:
    made = Withdrawals()
    made.apply(Retraction.of(sample.model_copy(update={"retracted": True, "former_ids": ()})))
    return made


def test_k3_changelog_names_its_version_and_old_snapshots_are_passed_over(build: Any) -> None:
    """The first start writes the version and the state as it is; a snapshot of the former version is not believed."""
    owned = restored(topics.STAGE1_CHANGELOG, Collector(0, build.intake_policy()))
    written = {record.key: record.value for record in migration_records(owned, current_version(STAGE1))}
    assert written[b"version"] == b"4"
    assert {key: value for key, value in written.items() if key[:1] in (b"k", b"q")} == {
        key: value for key, value in owned.task.save() if key[:1] in (b"k", b"q")
    }
    snapshots = Snapshots(FOLDER / "snapshots", "abhyas.stage1.changelog.v1", "id", 4, NOON.timestamp)
    with pytest.raises(UnusableSnapshot, match="version 3"):
        snapshots.read(0)
