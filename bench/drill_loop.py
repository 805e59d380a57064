"""kill -9 of the consumers and of the runner at three moments of the loop, on Apache Kafka.

`make drill-loop` runs the loop once undisturbed and once for each of the six points, and writes what came of each:
every run must fire one command, decide one promotion and serve the same artifact as the undisturbed run.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import random
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import httpx

from consumers.core.holdout import is_holdout
from ops.demo import people
from ops.demo.builtin import builtin_material
from ops.demo.knobs import TRAINING
from ops.demo.material import Question
from ops.demo.run import HOLDOUT_PERCENT, bootstrap_base, make_base_model
from ops.demo.story import MODEL
from ops.demo.watch import Watch
from ops.services import Ports
from ops.stack import Stack, StackSettings
from schemas import topics

NEGATIVES: Final = 40
HOLDOUT_KEY: Final = "abhyas drill"
SERVICES: Final = ("consumers", "runner")
MOMENTS: Final = ("before the threshold", "while training", "while promoting")


@dataclass(frozen=True, slots=True)
class Point:
    """Which service is killed, and when."""

    service: str
    moment: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run left on the topics; `phase_at_kill` is the job's newest phase when the signal was sent."""

    point: Point | None
    phase_at_kill: str | None
    commands: int
    attempts: int
    promotions: int
    verdicts: tuple[str, ...]
    batch_sha256: str
    artifact_sha256: str
    reasons: tuple[str, ...]
    resumed_from_step: int
    seconds: float


POINTS: Final = tuple(Point(service, moment) for moment in MOMENTS for service in SERVICES)


async def run_loop(*, broker: str, base: Path, work: Path, point: Point | None) -> Outcome:
    """One loop on a broker that runs at `broker`, with a kill and a restart at `point`; `work` is emptied first.

    `base` is a folder made by `python -m gpu_runner.tiny_llama`. Raises TimeoutError that names what did not come.
    """
    started = time.monotonic()
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    environment = {
        "TOPIC_PREFIX": f"drill-{os.getpid()}-{time.time_ns()}",
        "DEFAULT_MODEL": MODEL,
        "HOLDOUT_KEY": HOLDOUT_KEY,
        # Of the same users as the undisturbed run: they are part of what identifies a sample.
        "USER_HASH_KEY": HOLDOUT_KEY,
        "HOLDOUT_PERCENT": str(HOLDOUT_PERCENT),
        "RETRAIN_TRIGGER_THRESHOLD": str(NEGATIVES),
        "TICK_INTERVAL_S": "1",
        "TRAINING_CHECKPOINT_EVERY_STEPS": "5",
        "EVAL_REPORTS_DIR": str(work / "eval_reports"),
        **TRAINING,
        "TRAINING_ADAPTER_SCALE": "0.85",  # fewer corrections than the demo, so fewer steps to shrink
    }
    stack = Stack(StackSettings(broker=broker, data_dir=work, ports=Ports.free(), restart=False, environment=environment))
    await asyncio.to_thread(stack.start)
    watch = await Watch.start(stack.connection())
    try:
        await bootstrap_base(base, work / "models", stack.connection(), evaluation=base / "evaluation.jsonl")
        await watch.until(lambda w: w.events[topics.MODEL_CURRENT] or None, timeout_s=60, what="the bootstrap")
        phase = await _disturbed_feedback(stack, watch, point)
        await watch.until(_ended, timeout_s=900, what="the job to end")
        # Long enough for a second command to be fired, were there a way to fire one.
        await asyncio.sleep(5)
        return _outcome(watch, work, point, phase, time.monotonic() - started)
    finally:
        await watch.stop()
        await asyncio.to_thread(stack.stop)


async def _disturbed_feedback(stack: Stack, watch: Watch, point: Point | None) -> str | None:
    """Publishes the corrections and kills at the point; returns the phase in which the job was then."""
    bodies = [
        people.feedback(number, question, "I do not know.", right=False, model=MODEL, version="v0")
        for number, question in enumerate(_questions())
    ]
    early = point is not None and point.moment == "before the threshold"
    half = len(bodies) // 2
    await _post(stack, bodies[:half])
    if point is not None and early:
        await asyncio.to_thread(stack.kill, point.service)
    await _post(stack, bodies[half:])
    if point is None:
        return None
    if not early:
        await watch.until(lambda w: _reached(w, point.moment), timeout_s=600, what=f"the job {point.moment}")
        await asyncio.to_thread(stack.kill, point.service)
    phase = _phase(watch)
    await asyncio.sleep(1)
    await asyncio.to_thread(stack.restart, point.service)
    return phase


def _questions() -> list[Question]:
    rng = random.Random(0)
    outside = [q for q in builtin_material(rng).unknown if not is_holdout(q.group, key=HOLDOUT_KEY.encode(), percent=HOLDOUT_PERCENT)]
    return outside[:NEGATIVES]


async def _post(stack: Stack, bodies: Sequence[dict[str, Any]]) -> None:
    async with httpx.AsyncClient(timeout=60) as client:
        for body in bodies:
            (await client.post(f"{stack.urls['gateway']}/v1/feedback", json=body)).raise_for_status()


def _states(watch: Watch) -> list[dict[str, Any]]:
    return watch.events[topics.TRAINING_STATE]


def _phase(watch: Watch) -> str | None:
    return str(_states(watch)[-1]["phase"]) if _states(watch) else None


def _reached(watch: Watch, moment: str) -> bool | None:
    for state in _states(watch):
        if moment == "while training" and state["phase"] == "training" and state.get("step", 0) >= 6:
            return True
        if moment == "while promoting" and state["phase"] == "deciding":
            return True
    return None


def _ended(watch: Watch) -> bool | None:
    return any(state["phase"] == "ended" for state in _states(watch)) or None


def _outcome(watch: Watch, work: Path, point: Point | None, phase: str | None, seconds: float) -> Outcome:
    commands = watch.events[topics.RETRAIN_REQUESTED]
    decisions = [event for event in watch.events[topics.PROMOTION_DECIDED] if event["verdict"] != "bootstrap"]
    served = [event for event in watch.events[topics.MODEL_CURRENT] if event["cause"] == "promotion"]
    job = commands[0]["command_id"]
    result = json.loads((work / "jobs" / job / "result.json").read_text())
    return Outcome(
        point=point,
        phase_at_kill=phase,
        commands=len({command["command_id"] for command in commands}),
        attempts=len(commands),
        promotions=len(served),
        verdicts=tuple(decision["verdict"] for decision in decisions),
        batch_sha256=commands[0]["batch"]["sha256"],
        artifact_sha256=result["merged"]["sha256"],
        reasons=tuple(reason for decision in decisions for reason in decision["reasons"]),
        resumed_from_step=int(result.get("resumed_from_step") or 0),
        seconds=round(seconds, 1),
    )


def violations(outcome: Outcome, undisturbed: Outcome | None) -> list[str]:
    """What a run did that it must not; empty where one command and one promotion came of it, with the same result."""
    wrong = []
    if (outcome.commands, outcome.attempts) != (1, 1):
        wrong.append(f"{outcome.commands} commands in {outcome.attempts} attempts: expected one of each")
    if outcome.promotions != 1 or outcome.verdicts != ("promote",):
        wrong.append(f"{outcome.promotions} promotions, verdicts {outcome.verdicts}: expected one")
    if undisturbed is not None and outcome.batch_sha256 != undisturbed.batch_sha256:
        wrong.append("the batch is not that of the undisturbed run")
    if undisturbed is not None and outcome.artifact_sha256 != undisturbed.artifact_sha256:
        wrong.append("the artifact is not that of the undisturbed run")
    return wrong


async def _drill(broker: str, base: Path, work: Path) -> dict[str, Any]:
    undisturbed = await run_loop(broker=broker, base=base, work=work, point=None)
    rows = [asdict(undisturbed) | {"violations": violations(undisturbed, None)}]
    print(json.dumps(rows[-1]), file=sys.stderr, flush=True)
    for point in POINTS:
        outcome = await run_loop(broker=broker, base=base, work=work, point=point)
        rows.append(asdict(outcome) | {"violations": violations(outcome, undisturbed)})
        print(json.dumps(rows[-1]), file=sys.stderr, flush=True)
    return {
        "python": platform.python_version(),
        "negatives": NEGATIVES,
        "runs": rows,
        "violations": sum(len(row["violations"]) for row in rows),
    }


def main() -> int:
    """Starts Apache Kafka, runs all points, writes the JSON; exit code 1 where a run broke a promise."""
    from ops.brokers.kafka_single_node import SingleNodeKafka

    parser = argparse.ArgumentParser(prog="python -m bench.drill_loop", description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--work", type=Path, default=Path(".abhyas/drill-loop"))
    chosen = parser.parse_args()
    base = asyncio.run(make_base_model(Path(".abhyas")))
    node = SingleNodeKafka(Path(".abhyas/kafka"), 0)
    address = node.start()
    try:
        report = asyncio.run(_drill(address, base, chosen.work))
    finally:
        node.stop()
    chosen.out.write_text(json.dumps(report, indent=1) + "\n")
    print(json.dumps({"runs": len(report["runs"]), "violations": report["violations"]}))
    return 1 if report["violations"] else 0


if __name__ == "__main__":
    sys.exit(main())
