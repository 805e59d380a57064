"""The short forms of `make drill` and `make drill-stale` on Apache Kafka."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from bench.drill.launcher import STEPS
from bench.drill.run import DrillSettings, run_drill
from bench.drill.stale import run_stale
from bench.drill.stale_child import TIMEOUT_S
from ops.stack.brokers.kafka_jars import KafkaUnavailable
from ops.stack.brokers.single_node import KafkaNotRunning

TOPIC_FAULTS = {
    "records deleted": 3, "transaction of others": 1, "end of a transaction held back": 1, "added partitions told": 1,
    "added partitions drained": 1, "topic made anew told": 1, "topic made anew": 1,
}  # fmt: skip
LIBS = Path(__file__).parents[1] / ".abhyas" / "kafka" / "libs"


@pytest.mark.kafka
@pytest.mark.timeout(900)
async def test_nothing_is_lost_or_doubled_whatever_is_killed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """10,000 events through 12 kills, one of the broker, handler failures, cuts, stops and 1, 3, then 2 instances, deleted records, a
    transaction of others, a commit held back, added partitions and a topic made anew: every sample, day count and command once, each turn
    joined with what names it once, each poison record and each correction without its turn among the dead letters as it was."""
    caplog.set_level(logging.CRITICAL, logger="aiokafka")
    settings = DrillSettings(events=10_000, kills=12, seed=1, handler_failures=5, poison=25, work=tmp_path / "drill", libs=LIBS)
    try:
        report = await run_drill(settings, lambda _: None)
    except KafkaNotRunning:
        raise
    except KafkaUnavailable as error:
        pytest.skip(f"no Apache Kafka for this test: {error}")
    assert report["violations"] == []
    assert (report["lost"], report["doubled"], report["extra"]) == (0, 0, 0)
    assert report["kills"]["total"] >= 12
    assert report["kills"]["broker"] == 1
    assert {step.split()[-1] for step in report["kills"]["by_step"]} == {*STEPS, "restore"}
    assert report["handler_failures"] == 5
    assert report["poison"]["in_dead_letters"] == 25
    assert report["commands"]["found"] > 50
    assert report["turns"]["joined"] > 300
    assert report["turns"]["unjoined"] > report["letters"]["unjoined"] > 0
    assert report["turns"]["waiting"] > 0
    assert report["instances"] == [1, 3, 2]
    assert report["other_faults"] | TOPIC_FAULTS == report["other_faults"]


@pytest.mark.kafka
async def test_a_stale_instance_is_refused(kafka_broker: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Ten writers stopped at every step of a commit, past every time-out, and woken behind their successor: ten refused. With ids
    that the successor does not take, some commit: the check can fail."""
    caplog.set_level(logging.CRITICAL, logger="aiokafka")
    # The broker looks for overdue transactions every 10 s.
    found = await run_stale(
        kafka_broker, rounds=1, control_rounds=1, wait_s=TIMEOUT_S + 11.5, log=tmp_path / "child.log", say=lambda _: None
    )
    assert (found["static_ids"]["refused"], found["static_ids"]["of"]) == (10, 10)
    assert found["unique_ids_control"]["committed"] > 0
