"""Snapshots: what is believed of a file, and what is not."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from consumers.collect.collector import Collector
from consumers.engine.changelog import state_records
from consumers.engine.snapshot import MAX_AGE_S, Snapshots, UnusableSnapshot
from consumers.engine.stage import OwnedTask

RECORDS = [(b"k" + bytes([number]), b"v" * number) for number in range(200)]


@pytest.fixture
def snapshots(tmp_path: Path) -> Snapshots:
    return Snapshots(tmp_path / "snapshots" / "abhyas" / "stage1", "abhyas.stage1.changelog.v1", "an id", 2, now_s=lambda: 1_000_000.0)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.binary(min_size=1, max_size=40), st.binary(max_size=200)), max_size=60))
def test_records_come_back_in_their_order(snapshots: Snapshots, records: list[tuple[bytes, bytes]]) -> None:
    """What was written is read: records, offset, number of shards."""
    size = snapshots.write(3, records, shards=4, changelog_next=99)
    found = snapshots.read(3)
    assert found is not None
    assert found[1] == records
    assert (found[0].changelog_next, found[0].shards, found[0].partition, found[0].version) == (99, 4, 3, 2)
    assert snapshots.path(3).stat().st_size == size


def test_more_than_one_frame_comes_back(snapshots: Snapshots) -> None:
    """A large state goes in several frames."""
    records = [(number.to_bytes(4, "big"), b"v") for number in range(10_000)]
    snapshots.write(0, records, shards=1, changelog_next=1)
    found = snapshots.read(0)
    assert found is not None
    assert found[1] == records


def test_a_newer_snapshot_takes_the_place_of_the_older(snapshots: Snapshots) -> None:
    """One file a partition, whatever was written before; no draft is left."""
    for offset in (1, 2, 3):
        snapshots.write(0, RECORDS, shards=4, changelog_next=offset)
    assert [path.name for path in snapshots.folder.iterdir()] == ["0"]
    found = snapshots.read(0)
    assert found is not None
    assert found[0].changelog_next == 3


@pytest.mark.parametrize("cut", [0, 1, 32, 33, 100, -1])
def test_a_torn_file_is_not_believed(snapshots: Snapshots, cut: int) -> None:
    """A file that was cut off anywhere does not fit its sha256."""
    snapshots.write(0, RECORDS, shards=4, changelog_next=9)
    path = snapshots.path(0)
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(UnusableSnapshot, match="sha256"):
        snapshots.read(0)


def test_one_changed_bit_is_not_believed(snapshots: Snapshots) -> None:
    """Content that changed does not fit its sha256, wherever it is."""
    snapshots.write(0, RECORDS, shards=4, changelog_next=9)
    path = snapshots.path(0)
    whole = path.read_bytes()
    for place in range(0, len(whole), 97):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(UnusableSnapshot, match="sha256"):
            snapshots.read(0)


@pytest.mark.parametrize(
    ("other", "says"),
    [
        ({"topic_id": "another"}, "made anew"),
        ({"topic": "other.stage1.changelog.v1"}, "it is of abhyas"),
        ({"version": 1}, "has version 2, and this release writes 1"),
        ({"now_s": lambda: 1_000_000.0 + MAX_AGE_S + 60}, "h old"),
        ({"now_s": lambda: 1_000_000.0 - 3600}, "h old"),
    ],
)
def test_another_changelogs_or_an_old_snapshot_is_not_believed(snapshots: Snapshots, other: dict[str, Any], says: str) -> None:
    """Another topic, one made anew, another version, too old or from the future: each is refused with its reason."""
    snapshots.write(0, RECORDS, shards=4, changelog_next=9)
    with pytest.raises(UnusableSnapshot, match=says):
        dataclasses.replace(snapshots, **other).read(0)


def test_a_file_of_another_partition_is_not_believed(snapshots: Snapshots) -> None:
    """A file that was moved to another partition's place is not that partition's state."""
    snapshots.write(0, RECORDS, shards=4, changelog_next=9)
    snapshots.path(0).rename(snapshots.path(1))
    with pytest.raises(UnusableSnapshot, match="partition 0"):
        snapshots.read(1)
    assert snapshots.read(0) is None


def test_what_is_too_old_is_swept(snapshots: Snapshots) -> None:
    """Snapshots that nobody can use any more are deleted, drafts of killed writers too; newer ones stay."""
    assert snapshots.sweep() == 0
    for partition in (0, 1):
        snapshots.write(partition, RECORDS, shards=4, changelog_next=9)
    (snapshots.folder / f".part-{'1' * 32}").write_bytes(b"half")
    for name, age_s in (("0", MAX_AGE_S + 1), ("1", MAX_AGE_S - 1), (f".part-{'1' * 32}", MAX_AGE_S + 1)):
        os.utime(snapshots.folder / name, (0, 1_000_000.0 - age_s))
    assert snapshots.sweep() == 2
    assert [path.name for path in snapshots.folder.iterdir()] == ["1"]


def test_no_users_words_are_in_a_snapshot(build: Any, snapshots: Snapshots) -> None:
    """The file of a collector that read feedback and a document holds none of their text, nor the whole user hash."""
    collector = Collector(0, build.intake_policy())
    user = "ab" * 32
    said = build.feedback("f1", query="क्या ताज खुला है", response="zebra", correction="giraffe", user_hash=user, conversation_id="talk")
    collector.process([build.record(said), build.record(build.document("d1", "quagga"), offset=1)])
    records = list(state_records(OwnedTask(collector)))
    assert len(records) >= 5
    snapshots.write(0, records, shards=1, changelog_next=5)
    raw = snapshots.path(0).read_bytes()
    for words in ("ताज", "zebra", "giraffe", "quagga", "talk", user):
        assert words.encode() not in raw
    assert bytes.fromhex(user) not in raw
