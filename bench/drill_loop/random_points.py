"""The runner killed again and again in one job, at random steps of its preparation, its upload and its promotion.

After all of it one promotion, a store in which every version verifies, a next job of the same model that runs to its end, and a rollback.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from bench.drill_loop.fixed_points import Outcome, outcome, violations
from bench.drill_loop.installation import NEGATIVES, Installation, corrections, installed
from bench.drill_loop.killed_runner import ORDERS
from bench.drill_loop.steps import PHASES, StepPoint, draw, told_file, told_lines
from bench.drill_loop.stored import Found, look_at
from bench.versitygw import Versitygw
from consumers.decide.trigger import MAX_ATTEMPTS
from ops.demo.stage import MODEL
from ops.errors import OperationFailed
from ops.stack.services import Service
from schemas import topics

RUNNER: Final = Service("runner", "bench.drill_loop.killed_runner", "RUNNER_PORT", "/health")
# Enough to train on: whether the next version is promoted does not matter.
NEXT_NEGATIVES: Final = 8


@dataclass(frozen=True, slots=True)
class Survived:
    """What was left of a loop: where the runner was killed (phase, step), what the first job came to, what could be done after."""

    first: Outcome
    killed: tuple[tuple[str, str], ...]
    missed: tuple[tuple[str, str], ...]
    promotions: int
    after_first: Found
    after_all: Found
    next_outcome: str
    next_error: str | None
    rolled_back: str
    seconds: float


async def run_loop(*, broker: str, base: Path, work: Path, points: Sequence[StepPoint], gateway: Versitygw | None = None) -> Survived:
    """One loop whose runner kills itself at each of the points and is started again each time; `work` is emptied first.

    Raises TimeoutError that names what did not come.
    """
    started = time.monotonic()
    async with _trapped(broker, base, work, points, gateway) as (loop, orders):
        first, came_to = await _first_job(loop, orders, started)
        told = told_lines(orders)
        after_first = await _look(loop)
        await loop.post(corrections(NEGATIVES, NEXT_NEGATIVES, first["version"]))
        await _abhyas(loop, "start")
        ended = await _to_the_end(loop, orders, before=1)
        rolled_back = await _roll_back(loop)
        return Survived(
            first=came_to, killed=_lines(told, "killed"), missed=_lines(told, "missed"), promotions=_promotions(loop, first["version"]),
            after_first=after_first, after_all=await _look(loop), next_outcome=ended["outcome"], next_error=ended.get("error"),
            rolled_back=rolled_back, seconds=round(time.monotonic() - started, 1),
        )  # fmt: skip


async def undisturbed_steps(
    *, broker: str, base: Path, work: Path, gateway: Versitygw | None = None
) -> tuple[Outcome, tuple[tuple[str, str], ...]]:
    """A first job without a kill: what it came to, and its steps (phase, name) in their order."""
    started = time.monotonic()
    async with _trapped(broker, base, work, (), gateway) as (loop, orders):
        _, came_to = await _first_job(loop, orders, started)
        return came_to, _lines(told_lines(orders), "passed")


@asynccontextmanager
async def _trapped(
    broker: str, base: Path, work: Path, points: Sequence[StepPoint], gateway: Versitygw | None
) -> AsyncIterator[tuple[Installation, Path]]:
    """An installation whose runner is the one that kills itself, and the file of its points."""
    orders = work.with_name(f"{work.name}.kills")
    orders.parent.mkdir(parents=True, exist_ok=True)
    orders.write_text("".join(json.dumps(asdict(point)) + "\n" for point in points))
    told_file(orders).unlink(missing_ok=True)
    environment = {ORDERS: str(orders.absolute()), "RETRAIN_COOL_DOWN_MINUTES": "0", "RETRAIN_RETRY_MINUTES": "0"}
    async with installed(broker=broker, base=base, work=work, gateway=gateway, runner=RUNNER, environment=environment) as loop:
        yield loop, orders


async def _first_job(loop: Installation, orders: Path, started: float) -> tuple[dict[str, Any], Outcome]:
    await loop.post(corrections(0, NEGATIVES, "v0"))
    first = await _to_the_end(loop, orders, before=0)
    return first, outcome(loop, None, None, time.monotonic() - started)


async def _to_the_end(loop: Installation, orders: Path, *, before: int) -> dict[str, Any]:
    """The last state of the job after `before` others; the runner is started again whenever it has killed itself."""

    async def restart() -> None:
        handled = len(_lines(told_lines(orders), "killed")) if before else 0
        while True:
            if len(_lines(told_lines(orders), "killed")) > handled:
                handled += 1
                try:
                    await asyncio.to_thread(loop.stack.restart, "runner")
                except OperationFailed:
                    # It may kill itself again before it is ready; anything else is not to be gone over.
                    if len(_lines(told_lines(orders), "killed")) <= handled:
                        raise
            await asyncio.sleep(0.1)

    def ended(_: object) -> dict[str, Any] | None:
        last = [state for state in loop.states() if not state.get("retryable") or state["attempt"] == MAX_ATTEMPTS]
        found = [state for state in last if state["phase"] == "ended"]
        return found[before] if len(found) > before else None

    restarting = asyncio.create_task(restart())
    waiting = asyncio.create_task(loop.watch.until(ended, timeout_s=900, what=f"job {before + 1} to end"))
    try:
        await asyncio.wait({restarting, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if restarting.done():
            restarting.result()
        state = await waiting
        # A kill just after the last transaction: the runner is needed again.
        await asyncio.sleep(1)
        return state
    finally:
        restarting.cancel()
        waiting.cancel()
        await asyncio.gather(restarting, waiting, return_exceptions=True)


async def _look(loop: Installation) -> Found:
    return await asyncio.to_thread(look_at, loop.store, MODEL, loop.raw, loop.work.with_name(f"{loop.work.name}.copies"))


async def _roll_back(loop: Installation) -> str:
    """Asks for a rollback as a person does, and says what it changed; raises TimeoutError where it was refused."""
    serving = loop.watch.events[topics.MODEL_CURRENT]
    before = serving[-1]["version"]
    await _abhyas(loop, "rollback")
    after = await loop.watch.until(
        lambda _: next((event for event in serving if event["cause"] == "rollback"), None), timeout_s=60, what="the rollback"
    )
    return f"{before} to {after['version']}"


async def _abhyas(loop: Installation, action: str) -> None:
    command = [sys.executable, "-m", "ops.cli", "operator", action, "--model", MODEL, "--reason", "drill", "--data", str(loop.work)]
    done = await asyncio.to_thread(subprocess.run, command, env=dict(os.environ), capture_output=True, text=True, check=False)
    if done.returncode:
        raise OperationFailed(f"abhyas operator {action}: {(done.stdout + done.stderr).strip()[-800:]}")


def _promotions(loop: Installation, version: str) -> int:
    return sum(event["cause"] == "promotion" and event["version"] == version for event in loop.watch.events[topics.MODEL_CURRENT])


def _lines(told: Sequence[dict[str, str]], what: str) -> tuple[tuple[str, str], ...]:
    return tuple((line["phase"], line["step"]) for line in told if line["what"] == what)


def broken(survived: Survived, points: Sequence[StepPoint], undisturbed: Outcome | None) -> list[str]:
    """What a loop did that it must not, in sentences."""
    wrong = violations(survived.first, undisturbed)
    if survived.missed or len(survived.killed) != len(points):
        wrong.append(f"{len(survived.killed)} of {len(points)} points were hit: {list(survived.missed)[:5]} never came")
    wrong += [f"after the first job: {fault}" for fault in survived.after_first.faults]
    wrong += [f"after the rollback: {fault}" for fault in survived.after_all.faults if fault not in survived.after_first.faults]
    if survived.promotions != 1:
        wrong.append(f"{survived.promotions} promotions of one version: expected one")
    if survived.next_outcome in ("failed", "cancelled", "no_data"):
        wrong.append(f"the next job ended as {survived.next_outcome}: {survived.next_error}")
    return wrong


def report(survived: Survived, points: Sequence[StepPoint], undisturbed: Outcome | None) -> dict[str, Any]:
    """The loop as JSON; of what killed writes left elsewhere the number and some names."""
    row = asdict(survived)
    for name in ("after_first", "after_all"):
        row[name]["left"] = {"files": len(row[name]["left"]), "names": row[name]["left"][:5]}
    return row | {"violations": broken(survived, points, undisturbed)}


async def drill(*, broker: str, base: Path, work: Path, kills: int, seed: int, gateway: Versitygw | None = None) -> dict[str, Any]:
    """An undisturbed loop, then one with `kills` random points in each phase; the report's part, with the number of its violations."""
    undisturbed, passed = await undisturbed_steps(broker=broker, base=base, work=work, gateway=gateway)
    print(json.dumps(asdict(undisturbed)), file=sys.stderr, flush=True)
    points = draw(passed, kills, random.Random(seed))
    row = report(await run_loop(broker=broker, base=base, work=work, points=points, gateway=gateway), points, undisturbed)
    wrong = [*violations(undisturbed, None), *row["violations"]]
    steps = {phase: sum(of == phase for of, _ in passed) for phase in PHASES}
    return {
        "kills_in_each_phase": kills,
        "seed": seed,
        "steps": steps,
        "undisturbed": asdict(undisturbed),
        "killed": row,
        "violations": len(wrong),
    }
