"""Snapshots in time, and writes to idle changelogs."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from consumers.engine.housekeeping import Housekeeping
from consumers.engine.snapshot import Snapshots
from consumers.state_keys import position_key
from schemas import topics

Start = Callable[..., Any]
HOUR_S = 3600.0


class FakeClock:
    def __init__(self) -> None:
        self.now_s = 50.0

    def __call__(self) -> float:
        return self.now_s


class FakeShard:
    """Two tasks of a stage; a write moves a task's changelog on by two, its record and the transaction's marker."""

    def __init__(self) -> None:
        self.stage = SimpleNamespace(name="stage1")
        self.tasks = {number: SimpleNamespace(changelog_next=0, shards={4}) for number in (0, 4)}
        self.rewritten: list[list[int]] = []
        self.failed = False
        self.shown = 0
        self.written = 0

    async def show_offsets(self) -> None:
        self.shown += 1

    async def write_reached(self) -> None:
        self.written += 1

    async def rewrite_positions(self, partitions: list[int]) -> None:
        self.rewritten.append(list(partitions))
        for number in partitions:
            self.commit(number)

    async def committed_state(self, number: int) -> tuple[list[tuple[bytes, bytes]], int] | None:
        reached = self.tasks[number].changelog_next
        return None if self.failed else ([(b"n", str(reached).encode())], reached)

    def commit(self, number: int) -> None:
        self.tasks[number].changelog_next += 2


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def shard() -> FakeShard:
    return FakeShard()


@pytest.fixture
def snapshots(tmp_path: Path) -> Snapshots:
    return Snapshots(tmp_path / "stage1", "t", "an id", 2)


@pytest.fixture
def housekeeping(clock: FakeClock, shard: FakeShard, snapshots: Snapshots) -> Housekeeping:
    return Housekeeping([shard], {"stage1": snapshots}, snapshot_every_s=600, write_every_s=3 * HOUR_S, clock_s=clock)  # type: ignore[list-item]


async def test_each_idle_changelog_is_written_to_in_time(clock: FakeClock, shard: FakeShard, housekeeping: Housekeeping) -> None:
    """Every partition is written to at the start and then once in three hours, as long as nothing else writes to it."""
    await housekeeping.look()
    await housekeeping.look()
    assert shard.rewritten == [[0, 4]]
    assert (shard.shown, shard.written) == (2, 2)
    clock.now_s += 3 * HOUR_S - 1
    await housekeeping.look()
    assert shard.rewritten == [[0, 4]]
    clock.now_s += 1
    await housekeeping.look()
    assert shard.rewritten == [[0, 4], [0, 4]]


async def test_a_busy_changelog_is_left_alone(clock: FakeClock, shard: FakeShard, housekeeping: Housekeeping) -> None:
    """A partition that records wrote to has its time from then; its neighbour that stood still is written to by itself."""
    await housekeeping.look()
    clock.now_s += 2 * HOUR_S
    shard.commit(4)
    await housekeeping.look()
    clock.now_s += HOUR_S
    await housekeeping.look()
    assert shard.rewritten[1:] == [[0]]
    clock.now_s += HOUR_S
    await housekeeping.look()
    assert shard.rewritten[1:] == [[0]]
    clock.now_s += HOUR_S
    await housekeeping.look()
    assert shard.rewritten[1:] == [[0], [4]]


async def test_snapshots_come_in_their_interval_and_only_of_what_moved(
    clock: FakeClock, shard: FakeShard, housekeeping: Housekeeping, snapshots: Snapshots
) -> None:
    """After ten minutes each task has one; later ones are written where the changelog went on."""
    await housekeeping.look()
    assert not snapshots.path(0).exists()
    clock.now_s += 600
    await housekeeping.look()
    first = snapshots.read(4)
    assert first is not None
    assert (first[0].changelog_next, first[1]) == (2, [(b"n", b"2")])
    shard.commit(0)
    assert await housekeeping.snapshot() == 1
    found = [snapshots.read(number) for number in (0, 4)]
    assert [header.changelog_next for header, _ in filter(None, found)] == [4, 2]
    assert await housekeeping.snapshot() == 0


async def test_a_failed_shard_leaves_no_snapshot(shard: FakeShard, housekeeping: Housekeeping, snapshots: Snapshots) -> None:
    """State that may hold what was never committed is not kept."""
    shard.failed = True
    assert await housekeeping.snapshot() == 0
    assert not snapshots.path(0).exists()


async def test_a_disk_that_takes_nothing_stops_nothing(shard: FakeShard, housekeeping: Housekeeping, snapshots: Snapshots) -> None:
    """Where no file can be written the housekeeping goes on, and the next time the snapshot is tried again."""
    snapshots.folder.write_text("in the way")
    assert await housekeeping.snapshot() == 0
    snapshots.folder.unlink()
    assert await housekeeping.snapshot() == 2


async def test_without_snapshots_idle_changelogs_are_still_written_to(clock: FakeClock, shard: FakeShard) -> None:
    """SNAPSHOT_EVERY_MINUTES=0 turns off the snapshots alone."""
    housekeeping = Housekeeping([shard], {}, snapshot_every_s=0, write_every_s=HOUR_S, clock_s=clock)  # type: ignore[list-item]
    await housekeeping.look()
    assert (shard.rewritten, await housekeeping.snapshot()) == ([[0, 4]], 0)


def restores(log: str) -> list[tuple[int, int]]:
    """(records read, records of snapshots) of each restore that a log tells of, in order."""
    told = [json.loads(line) for line in log.splitlines() if '"state restored"' in line]
    return [(line["records"], line["from_snapshots"]) for line in told]


@pytest.mark.kafka
async def test_kill_9_with_snapshots_is_as_without(build: Any, kafka_topics: Any, start_consumers: Start, tmp_path: Path) -> None:
    """On Kafka, after kill -9, the state restored from snapshots is the state without them, read from few records; a torn snapshot and
    one of another installation are ignored."""
    data = tmp_path / "data"
    on = {"DATA_DIR": str(data), "SNAPSHOT_EVERY_MINUTES": "0.01"}
    consumers = start_consumers(kafka_topics.connection, "stage1", **on)
    await kafka_topics.send(*(build.feedback(f"f{number}", user_hash=f"{number % 9:032x}") for number in range(300)))
    await consumers.until(lambda: consumers.state().get("stage1", {}).get("processed") == 300)
    files = data / "snapshots" / kafka_topics.connection.topic_prefix / "stage1"

    def kept_records() -> list[int]:
        return [json.loads(path.read_bytes().split(b"\n", 1)[0])["records"] for path in files.glob("[0-7]")]

    await consumers.until(lambda: len(kept_records()) == 8 and sum(kept_records()) >= 300)
    await kafka_topics.send(build.feedback("late", user_hash="0" * 32), build.feedback("f3", user_hash=f"{3:032x}"))
    # Counts are seen before their commit, positions after it.
    await consumers.until(lambda: sum(consumers.state()["stage1"]["positions"][topics.FEEDBACK_SUBMITTED].values()) == 302)
    consumers.kill()
    assert {path.name for path in files.iterdir()} >= set("01234567")

    async def started(**environment: str) -> tuple[dict[str, Any], list[tuple[int, int]]]:
        mark = len(consumers.log.read_text())
        consumers.environment = {"DATA_DIR": str(data)} | environment
        consumers.start()
        await consumers.ready()
        told = consumers.state()["stage1"]
        consumers.kill()
        return told, restores(consumers.log.read_text()[mark:])

    kept = {path: path.read_bytes() for path in files.glob("[0-7]")}
    with_snapshots, short = await started(SNAPSHOT_EVERY_MINUTES="600")
    without, whole = await started(SNAPSHOT_EVERY_MINUTES="0")
    assert with_snapshots == without
    assert sum(held for _, held in short) >= 300
    assert sum(records for records, _ in short) < 60
    assert sum(records for records, _ in whole) > 300
    for path, raw in kept.items():
        path.write_bytes(raw[: len(raw) // 2] if int(path.name) % 2 else raw.replace(b'"topic_id":"', b'"topic_id":"x'))
    ignored, again = await started(SNAPSHOT_EVERY_MINUTES="600")
    assert ignored == without
    assert sum(held for _, held in again) == 0
    assert consumers.log.read_text().count("snapshot ignored") == 8


@pytest.mark.kafka
async def test_an_orderly_stop_leaves_snapshots(build: Any, kafka_topics: Any, start_consumers: Start, tmp_path: Path) -> None:
    """SIGTERM writes the snapshots of what was committed: the next start reads next to nothing. A changelog made anew ignores them."""
    consumers = start_consumers(kafka_topics.connection, "stage1", DATA_DIR=str(tmp_path / "data"))
    await kafka_topics.send(*(build.feedback(f"f{number}", user_hash=f"{number % 9:032x}") for number in range(100)))
    await consumers.until(lambda: consumers.state().get("stage1", {}).get("processed") == 100)
    found: list[tuple[int, int]] = []
    # A stop has two seconds for its snapshots, and a busy machine may take them: then the next one writes them.
    for _ in range(4):
        assert consumers.stop()[0] == 0
        mark = len(consumers.log.read_text())
        consumers.start()
        await consumers.ready()
        assert consumers.state()["stage1"]["processed"] == 100
        found = restores(consumers.log.read_text()[mark:])
        if sum(records for records, _ in found) <= 8:
            break
    assert sum(records for records, _ in found) <= 8
    assert sum(held for _, held in found) >= 100
    await asyncio.to_thread(consumers.stop)


@pytest.mark.kafka
async def test_a_quiet_installation_writes_to_each_changelog_partition(kafka_topics: Any, start_consumers: Start) -> None:
    """Without a single event, every changelog partition of a stage is written to again and again, so that Kafka rolls and compacts it."""
    consumers = start_consumers(kafka_topics.connection, "stage1", CHANGELOG_WRITE_EVERY_HOURS="0.0005")
    await consumers.until(lambda: consumers.log.read_text().count("idle changelog written to") >= 12)
    assert consumers.stop()[0] == 0
    records = await kafka_topics.read(kafka_topics.connection.topic(topics.STAGE1_CHANGELOG))
    writes = Counter((record.partition, record.key) for record in records)
    assert all(writes[partition, b"version"] == 1 for partition in range(topics.INPUT_PARTITIONS))
    # The first positions, then three looks.
    assert all(writes[partition, position_key(topics.FEEDBACK_SUBMITTED, partition)] >= 4 for partition in range(topics.INPUT_PARTITIONS))
