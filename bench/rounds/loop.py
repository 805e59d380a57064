"""Rounds through the whole installation on the embedded broker: corrections, one command, one job, and a version that serves."""

from __future__ import annotations

import asyncio
import json
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import httpx

from bench.rounds.material import ANSWERED, HOLDOUT_KEY, HOLDOUT_PERCENT, corrected
from bench.rounds.measure import Round, measured
from ops.commands.models.operator import publish, request
from ops.demo import people
from ops.demo.material import Question
from ops.demo.run import TRAINING, bootstrap_base
from ops.demo.stage import MODEL
from ops.demo.watch import Watch
from ops.stack.services import RUNNER, SERVICES, Ports
from ops.stack.stack import Stack, StackSettings
from schemas import topics

JOB_S: Final = 3600


async def run_rounds(
    *, base: Path, work: Path, rounds: int, corrections: int, runner_module: str = RUNNER.module, seed: int = 0,
    took: Callable[[Round], None] = lambda _round: None,
) -> list[Round]:  # fmt: skip
    """So many rounds; `base` is a folder made by `python -m gpu_runner.tiny_llama`, `work` is emptied first. `took` hears of each.

    What the gate does not promote is promoted by a person, so that every round begins from the one before.
    """
    questions = corrected(seed)
    if rounds * corrections > len(questions):
        raise ValueError(
            f"rounds times corrections is {rounds * corrections}: expected at most {len(questions)}, all the questions there are"
        )
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    services = tuple(replace(one, module=runner_module) if one is RUNNER else one for one in SERVICES if one.name != "dashboard")
    environment = {
        "DEFAULT_MODEL": MODEL,
        "HOLDOUT_KEY": HOLDOUT_KEY,
        "HOLDOUT_PERCENT": str(HOLDOUT_PERCENT),
        "RETRAIN_TRIGGER_THRESHOLD": str(corrections),
        "BATCH_MIN_USERS": str(min(corrections, people.USERS)),
        "RETRAIN_COOL_DOWN_MINUTES": "0",
        "TICK_INTERVAL_S": "1",
        "SUPPORT_MIN": "1",
        "EVAL_REPORTS_DIR": str(work / "eval_reports"),
        **TRAINING,
    }
    stack = Stack(StackSettings(data_dir=work, ports=Ports.free(), restart=False, services=services, environment=environment))
    await asyncio.to_thread(stack.start)
    watch = await Watch.start(stack.connection())
    try:
        await bootstrap_base(base, work / "models", stack.connection(), evaluation=base / "evaluation.jsonl")
        await _serving(watch, "v0")
        found: list[Round] = []
        for number in range(1, rounds + 1):
            part = questions[(number - 1) * corrections : number * corrections]
            found.append(await _round(stack, watch, work, number, part))
            took(found[-1])
        return found
    finally:
        await watch.stop()
        await asyncio.to_thread(stack.stop)


async def _round(stack: Stack, watch: Watch, work: Path, number: int, questions: Sequence[Question]) -> Round:
    started = time.monotonic()
    first = (number - 1) * len(questions)
    async with httpx.AsyncClient(timeout=60) as client:
        for place, question in enumerate(questions):
            body = people.feedback(first + place, question, ANSWERED, right=False, model=MODEL, version=f"v{number - 1}")
            (await client.post(f"{stack.urls['gateway']}/v1/feedback", json=body)).raise_for_status()
    command = await watch.until(lambda w: _nth(w.events[topics.RETRAIN_REQUESTED], number), timeout_s=60, what=f"command {number}")
    job = await watch.until(lambda w: _ended(w, command["command_id"]), timeout_s=JOB_S, what=f"the job of round {number} to end")
    if job["outcome"] not in ("promoted", "rejected", "inconclusive"):
        raise RuntimeError(f"round {number} ended {job['outcome']}: {job.get('error')}")
    decided = [event for event in watch.events[topics.PROMOTION_DECIDED] if event.get("job_id") == job["job_id"]]
    by_hand = job["outcome"] != "promoted"
    if by_hand:
        asked = request(request_id=f"round-{number}", action="promote", model=MODEL, actor="bench", reason="go on", version=job["version"])
        await publish(stack.connection(), asked)
    await _serving(watch, job["version"])
    await asyncio.to_thread(_settled, stack, number)
    leased = {ref["sample_id"] for other in watch.events[topics.RETRAIN_REQUESTED][: number - 1] for ref in other["batch"]["samples"]}
    return measured(
        work, number, job=job, command=command, decision=decided[-1], leased=leased, by_hand=by_hand, seconds=time.monotonic() - started
    )


def _settled(stack: Stack, number: int) -> None:
    """Returns when stage 2 knows of the new version too: what comes next would else lease what is about to be settled."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        model = httpx.get(f"{stack.urls['consumers']}/state", timeout=10).json()["models"][MODEL]
        if model["serving_version"] == f"v{number}" and model["running"] is None:
            return
        time.sleep(0.2)
    raise TimeoutError(f"stage 2 did not hear of v{number} within 60 s: {json.dumps(model)[:500]}")


async def _serving(watch: Watch, version: str) -> dict[str, Any]:
    def newest(seen: Watch) -> dict[str, Any] | None:
        return next((event for event in seen.events[topics.MODEL_CURRENT][-1:] if event["version"] == version), None)

    return await watch.until(newest, timeout_s=120, what=f"model.current to name {version}")


def _nth(events: Sequence[dict[str, Any]], number: int) -> dict[str, Any] | None:
    return events[number - 1] if len(events) >= number else None


def _ended(watch: Watch, job_id: str) -> dict[str, Any] | None:
    states = watch.events[topics.TRAINING_STATE]
    return next((state for state in states if state["job_id"] == job_id and state["phase"] == "ended"), None)
