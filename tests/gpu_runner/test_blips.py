"""Three broker blips at random points of a job: one upload, one preparer, the same end. The long form: `blips.py --seeds 50`."""

from __future__ import annotations

import asyncio
from pathlib import Path

import blip_processes
import pytest
from blips import bootstrapped, copy_of, run_job, run_seeds


@pytest.mark.process
def test_k9_three_blips_change_nothing_of_what_a_job_comes_to(tmp_path: Path) -> None:
    """Each seed draws where the blips are."""
    found = run_seeds(range(5), tmp_path)
    assert {seed: wrong for seed, wrong in found.items() if wrong} == {}
    assert len(found) == 5


@pytest.mark.process
def test_k9_threads_that_outlive_their_session_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The harness can fail: with the threads of asyncio some of the same seeds have two uploads or two preparers at once."""
    monkeypatch.setattr("gpu_runner.jobs.run.in_thread", asyncio.to_thread)
    found = run_seeds(range(3), tmp_path)
    told = " ".join(wrong for each in found.values() for wrong in each)
    assert "never two at once" in told or "one at a time" in told


@pytest.mark.process
def test_a_seed_is_the_same_every_time(tmp_path: Path) -> None:
    """No clock, and no thread that runs when it likes."""
    start = bootstrapped(tmp_path / "start")
    worlds = [copy_of(start, tmp_path / name) for name in ("first", "second")]
    for world in worlds:
        run_job(world, (1.0, 4.0, 12.0))
    first, second = ([state.model_dump_json() for state in world.states()] for world in worlds)
    assert first == second


@pytest.mark.kafka
@pytest.mark.timeout(600)
def test_k9_three_blips_on_real_processes(tmp_path: Path, kafka_broker: str) -> None:
    """Apache Kafka behind a proxy, the runner, its child: the short form of `blip_processes.py --seeds 5`."""
    assert kafka_broker  # skips where there is no Kafka; the blips need one of their own, behind a proxy
    (outcome,) = asyncio.run(blip_processes.run_seeds([1], tmp_path)).values()
    assert blip_processes.violations(outcome) == []
