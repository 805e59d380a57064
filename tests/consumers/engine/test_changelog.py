"""What a changelog partition holds."""

from __future__ import annotations

from typing import Any

import pytest

from consumers.collect.collector import Collector
from consumers.decide.decider import Decider
from consumers.engine.changelog import apply_all, apply_changelog, changelog_records, migration_records, state_records
from consumers.engine.stage import OwnedTask
from consumers.kept_state import current_version
from consumers.migrations import STAGE1
from schemas import topics
from schemas.envelope import WireRecord


def test_positions_travel_with_the_state(build: Any) -> None:
    """State and positions written together come back together; a tombstone of a position forgets it."""
    collector = Collector(0, build.intake_policy())
    effects = collector.process([build.record(build.feedback())])
    restored = OwnedTask(Collector(0, build.intake_policy()))
    for record in changelog_records(effects.changes, {(topics.FEEDBACK_SUBMITTED, 0): 1}):
        apply_changelog(restored, record.key, record.value)
    assert restored.next == {(topics.FEEDBACK_SUBMITTED, 0): 1}
    assert restored.task.state_keys == collector.state_keys
    apply_changelog(restored, f"p|{topics.FEEDBACK_SUBMITTED}|0".encode(), None)
    assert restored.next == {}


def test_k1_topic_ids_travel_with_the_positions(build: Any) -> None:
    """The ids of the topics that the positions are of come back, in a snapshot and after a migration too; old state has none."""
    owned = OwnedTask(Collector(0, build.intake_policy()))
    key = f"i|{topics.FEEDBACK_SUBMITTED}".encode()
    apply_all(owned, [*OLD, WireRecord(key, b"an/id+1")], STAGE1)
    assert owned.topic_ids == {topics.FEEDBACK_SUBMITTED: "an/id+1"}
    assert (key, b"an/id+1") in list(state_records(owned))
    assert (key, b"an/id+1") in [(record.key, record.value) for record in migration_records(owned, NEWEST)]
    apply_changelog(owned, key, None)
    assert owned.topic_ids == taken(build, *OLD).topic_ids == {}


def test_foreign_records_are_refused(build: Any) -> None:
    """A record without a key, or with a key of another stage, is refused instead of being skipped."""
    owned = OwnedTask(Decider(0, build.trigger_policy()))
    with pytest.raises(ValueError, match="no key"):
        apply_changelog(owned, None, b"1")
    with pytest.raises(ValueError, match="stage 2"):
        apply_changelog(owned, b"s|abc", b"1")


NEWEST = current_version(STAGE1)
OLD = [
    WireRecord(b"s|" + b"ab" * 32, b'[1,0,false,"m","feedback",739943,[1,1,0,1]]'),
    WireRecord(b"s|" + b"cd" * 32, b'[1,0,false,"m","document",739943,[1,4,4,0]]'),
    WireRecord(b"d|m|feedback|739943", b"[1,1,[1,1,0,1]]"),
    WireRecord(b"n", b"[1,2,0,0,{}]"),
    WireRecord(b"p|feedback.submitted.v1|0", b"1"),
]


def taken(build: Any, *records: WireRecord) -> OwnedTask:
    owned = OwnedTask(Collector(0, build.intake_policy()))
    apply_all(owned, records, STAGE1)
    return owned


def test_migration_is_tombstones_then_version_then_state(build: Any) -> None:
    """An older state is written anew: keys that it had and the new form has not go first, so that a former release sees the version."""
    owned = taken(build, *OLD)
    assert owned.version is None
    written = migration_records(owned, NEWEST)
    keys = [record.key for record in written]
    version = keys.index(b"version")
    assert {(record.key, record.value) for record in written[:version]} == {(OLD[0].key, None), (OLD[1].key, None)}
    assert {record.key: record.value for record in written[version + 1 :]} == dict(state_records(owned))
    assert b"p|feedback.submitted.v1|0" in keys[version:]


def test_both_forms_in_one_log_give_the_new_state(build: Any) -> None:
    """A log that holds the old form, its migration and what came after restores to the same as the new form alone, compacted or not."""
    migration = migration_records(taken(build, *OLD), NEWEST)
    dropped = WireRecord(b"k" + bytes.fromhex("ab" * 16), None)
    whole = taken(build, *OLD, *migration, dropped)
    compacted = taken(build, *(record for record in migration if record.value is not None), dropped)
    assert dict(state_records(whole)) == dict(state_records(compacted))
    assert whole.task.state_keys == taken(build, *OLD).task.state_keys - 1
    assert (whole.version, whole.outdated) == (NEWEST, set())


def test_a_newer_version_is_refused(build: Any) -> None:
    """State of a release that is not known stops the restore and says what to start."""
    with pytest.raises(ValueError, match=r"version 5 is newer than this release knows \(4\): start the release that wrote it"):
        taken(build, WireRecord(b"version", b"5"))


def test_the_order_of_records_is_kept(build: Any) -> None:
    """Of two records of a key the later one counts, tombstones included, whatever lies between them."""
    key, value = b"k" + bytes(16), b"x"
    shell = WireRecord(b"p|feedback.submitted.v1|0", b"1")
    version = WireRecord(b"version", str(NEWEST).encode())
    assert dict(taken(build, version, WireRecord(key, value), shell, WireRecord(key, b"y")).task.save())[key] == b"y"
    assert taken(build, version, WireRecord(key, value), shell, WireRecord(key, None)).task.state_keys == 0
    assert taken(build, version, WireRecord(key, None), shell, WireRecord(key, value)).task.state_keys == 1
