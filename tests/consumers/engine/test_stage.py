"""Shards and stages."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.simulation.simulated_sketcher import SimulatedSketcher
from consumers.engine.stage import shard_partitions
from consumers.errors import FatalError
from consumers.settings import ConsumerSettings
from consumers.stages import stage1, stage2
from schemas.events.signal_summarised import SignalSummarised
from schemas.topics import specs


@given(partitions=st.integers(1, 64), shards=st.integers(1, 64))
def test_every_partition_has_one_shard(partitions: int, shards: int) -> None:
    """Each partition belongs to exactly one shard and no shard is empty; more shards than partitions are refused."""
    if shards > partitions:
        with pytest.raises(FatalError, match="at most one shard a partition"):
            shard_partitions(partitions, shards)
        return
    groups = shard_partitions(partitions, shards)
    assert sorted(partition for group in groups for partition in group) == list(range(partitions))
    assert all(groups)


def test_stages_read_topics_that_fit_their_changelog() -> None:
    """In the contract the keyed inputs of a stage have as many partitions as its changelog, and none is read twice."""
    settings = ConsumerSettings(holdout_key="k")
    counts = {spec.name: spec.partitions for spec in specs()}
    for stage in (stage1(settings), stage2(settings)):
        assert {counts[f"abhyas.{name}"] for name in stage.keyed} == {counts[f"abhyas.{stage.changelog}"]}
        assert not set(stage.keyed) & set(stage.whole)
        assert stage.new_task(2).partition == 2


def test_stage1_sketches_by_the_baselines_in_force(build: Any) -> None:
    """A task of stage 1 asks for the baseline of a document's model and event-day, and tells of it."""
    asked: list[tuple[str, int]] = []

    def active_sketcher(model: str, day: int) -> SimulatedSketcher:
        asked.append((model, day))
        return SimulatedSketcher()

    task = stage1(ConsumerSettings(holdout_key="k"), active_sketcher).new_task(0)
    (summary,) = build.emitted(task.process([build.record(build.document(model="m"))]), SignalSummarised)
    assert asked == [("m", build.start.date().toordinal())]
    assert summary.baseline == SimulatedSketcher().sha256


def test_stage1_needs_a_holdout_key(tmp_path: object) -> None:
    """Without a holdout key stage 1 is not made: the message names the variable."""
    with pytest.raises(ValueError, match="HOLDOUT_KEY"):
        stage1(ConsumerSettings(holdout_key=None, data_dir=str(tmp_path)))
