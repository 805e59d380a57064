"""kill -9 of the consumers and of the runner at three moments of the loop.

The loop runs once undisturbed and once for each of the six points: every run must fire one command, decide one promotion and serve the
same artifact as the undisturbed run.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from bench.drill_loop.installation import NEGATIVES, Installation, corrections, installed
from schemas import topics

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
    async with installed(broker=broker, base=base, work=work) as loop:
        phase = await _disturbed_feedback(loop, point)
        await loop.watch.until(lambda _: _ended(loop), timeout_s=900, what="the job to end")
        # Long enough for a second command to be fired, were there a way to fire one.
        await asyncio.sleep(5)
        return outcome(loop, point, phase, time.monotonic() - started)


async def _disturbed_feedback(loop: Installation, point: Point | None) -> str | None:
    """Publishes the corrections and kills at the point; returns the phase in which the job was then."""
    bodies = corrections(0, NEGATIVES, "v0")
    early = point is not None and point.moment == "before the threshold"
    half = len(bodies) // 2
    await loop.post(bodies[:half])
    if point is not None and early:
        await asyncio.to_thread(loop.stack.kill, point.service)
    await loop.post(bodies[half:])
    if point is None:
        return None
    if not early:
        await loop.watch.until(lambda _: _reached(loop, point.moment), timeout_s=600, what=f"the job {point.moment}")
        await asyncio.to_thread(loop.stack.kill, point.service)
    phase = str(loop.states()[-1]["phase"]) if loop.states() else None
    await asyncio.sleep(1)
    await asyncio.to_thread(loop.stack.restart, point.service)
    return phase


def _reached(loop: Installation, moment: str) -> bool | None:
    for state in loop.states():
        if moment == "while training" and state["phase"] == "training" and state.get("step", 0) >= 6:
            return True
        if moment == "while promoting" and state["phase"] == "deciding":
            return True
    return None


def _ended(loop: Installation) -> bool | None:
    return any(state["phase"] == "ended" for state in loop.states()) or None


def outcome(loop: Installation, point: Point | None, phase: str | None, seconds: float) -> Outcome:
    """What the first command of an installation came to."""
    events = loop.watch.events
    commands = events[topics.RETRAIN_REQUESTED]
    decisions = [event for event in events[topics.PROMOTION_DECIDED] if event["verdict"] != "bootstrap"]
    served = [event for event in events[topics.MODEL_CURRENT] if event["cause"] == "promotion"]
    result = json.loads((loop.work / "jobs" / commands[0]["command_id"] / "result.json").read_text())
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


async def drill(broker: str, base: Path, work: Path) -> dict[str, Any]:
    """The undisturbed run and all six points; the report's part, with the number of its violations."""
    undisturbed = await run_loop(broker=broker, base=base, work=work, point=None)
    rows = [asdict(undisturbed) | {"violations": violations(undisturbed, None)}]
    print(json.dumps(rows[-1]), file=sys.stderr, flush=True)
    for point in POINTS:
        disturbed = await run_loop(broker=broker, base=base, work=work, point=point)
        rows.append(asdict(disturbed) | {"violations": violations(disturbed, undisturbed)})
        print(json.dumps(rows[-1]), file=sys.stderr, flush=True)
    return {"negatives": NEGATIVES, "runs": rows, "violations": sum(len(row["violations"]) for row in rows)}
