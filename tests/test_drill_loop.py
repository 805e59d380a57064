"""Two of the six points of `make drill-loop`: the loop on Apache Kafka survives kill -9 with the same result."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bench.drill_loop import Outcome, Point, run_loop, violations

RUNNER_TRAINING = Point("runner", "while training")
CONSUMERS_PROMOTING = Point("consumers", "while promoting")


@pytest.mark.kafka
@pytest.mark.torch
@pytest.mark.timeout(900)
def test_one_command_and_one_promotion_whoever_is_killed(kafka_broker: str, tiny_base: Path, tmp_path: Path) -> None:
    """The runner killed while it trains, the consumers while it promotes: one command, one promotion, the same artifact."""
    first = asyncio.run(run_loop(broker=kafka_broker, base=tiny_base, work=tmp_path / "runner", point=RUNNER_TRAINING))
    assert violations(first, None) == []
    assert first.phase_at_kill == "training"
    assert first.resumed_from_step > 0
    second = asyncio.run(run_loop(broker=kafka_broker, base=tiny_base, work=tmp_path / "consumers", point=CONSUMERS_PROMOTING))
    assert violations(second, first) == []


def test_a_broken_promise_is_a_violation() -> None:
    """The drill's own judge: a second command, a second promotion and another artifact are each named."""
    good = Outcome(None, None, 1, 1, 1, ("promote",), "b" * 64, "a" * 64, (), 0, 1.0)
    assert violations(good, good) == []
    twice = Outcome(RUNNER_TRAINING, "training", 2, 2, 2, ("promote", "promote"), "c" * 64, "d" * 64, (), 0, 1.0)
    assert len(violations(twice, good)) == 4
