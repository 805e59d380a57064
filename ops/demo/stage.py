"""What every story of the demo stands on: the services of a running stack, the assistant, the clock, and the waiting for one run."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

import httpx

from ops.demo.assistant import Assistant
from ops.demo.watch import Watch
from ops.errors import OperationFailed
from runtime.kafka.connection import KafkaConnection
from schemas import topics
from schemas.holdout import is_holdout

MODEL: Final = "tiny-llama"
ANSWER_TOKENS: Final = 96


@dataclass(slots=True)
class DemoStage:
    """One running stack; `say` tells in words, `progress` moves the bar, `seconds` are those of each phase.

    `holdout` is the key and the percentage of the installation.
    """

    connection: KafkaConnection
    urls: dict[str, str]
    data_dir: Path
    assistant: Assistant
    watch: Watch
    holdout: tuple[bytes, int]
    rng: random.Random
    say: Callable[[str], None]
    progress: Callable[[str, float, float | None], None]
    seconds: dict[str, float] = field(default_factory=dict)
    http: httpx.AsyncClient = field(default_factory=lambda: httpx.AsyncClient(timeout=60))

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Measures a phase of the story in seconds."""
        started = time.monotonic()
        try:
            yield
        finally:
            self.seconds[name] = round(self.seconds.get(name, 0.0) + time.monotonic() - started, 1)

    async def serving(self, version: str) -> dict[str, Any]:
        """`model.current` of a version, once it is there."""

        def found(watch: Watch) -> dict[str, Any] | None:
            return next((event for event in watch.events[topics.MODEL_CURRENT] if event["version"] == version), None)

        return await self.watch.until(found, timeout_s=60, what=f"model.current to name {version}")

    async def load(self, current: dict[str, Any]) -> None:
        """The assistant answers with what `current` names from here on."""
        artifact = self.data_dir / "models" / str(current["artifact_uri"]).removeprefix("s3://models/")
        await self.assistant.load(artifact, current["artifact_sha256"])

    def held_out(self, group: str) -> bool:
        """Whether a group never trains."""
        key, percent = self.holdout
        return is_holdout(group, key=key, percent=percent)

    async def post_all(self, path: str, bodies: Sequence[dict[str, Any]], words: str) -> None:
        """Everything to the gateway, eight at a time; raises OperationFailed where it takes one of them not."""
        done = 0

        async def post(body: dict[str, Any]) -> None:
            nonlocal done
            for _ in range(50):
                answer = await self.http.post(f"{self.urls['gateway']}/v1/{path}", json=body)
                if answer.status_code != 503:
                    break
                await asyncio.sleep(float(answer.headers.get("retry-after", "1")))
            if answer.status_code != 202:
                raise OperationFailed(f"the gateway answered {answer.status_code} to {path}: {answer.text[:500]}")
            done += 1
            self.progress(words, done, len(bodies))

        await _at_once(8, [partial(post, body) for body in bodies])

    async def command(self) -> dict[str, Any]:
        """The first `retrain.requested`."""

        def first(watch: Watch) -> dict[str, Any] | None:
            return next(iter(watch.events[topics.RETRAIN_REQUESTED]), None)

        command = await self.watch.until(first, timeout_s=60, what="retrain.requested")
        batch = command["batch"]
        self.say(
            f"The threshold is crossed: one command, {command['command_id']}, leases batch {batch['number']} with "
            f"{len(batch['samples'])} wrong answers and {len(batch.get('documents', ()))} documents ({', '.join(command['rules'])})."
        )
        return command

    async def job(self, command: dict[str, Any]) -> dict[str, Any]:
        """The command's job at its end; raises OperationFailed where it failed."""
        seen = ""

        def ended(watch: Watch) -> dict[str, Any] | None:
            nonlocal seen
            states = [event for event in watch.events[topics.TRAINING_STATE] if event["job_id"] == command["command_id"]]
            if not states:
                return None
            newest = states[-1]
            if newest["phase"] != seen:
                seen = newest["phase"]
                self.say(f"The runner: {seen}" + (f", {newest['outcome']}" if newest.get("outcome") else "") + ".")
            loss = f", loss {newest['loss']:.3f}" if newest.get("loss") is not None else ""
            self.progress(f"{newest['phase']}{loss}", newest.get("step", 0), newest.get("total_steps"))
            return newest if newest["phase"] == "ended" else None

        job = await self.watch.until(ended, timeout_s=1800, what="the training job to end")
        if job["outcome"] == "failed":
            raise OperationFailed(f"the training job failed: {job.get('error')}")
        return job

    async def decision(self, job: dict[str, Any]) -> dict[str, Any]:
        """What the gate said of the job's version."""
        decision = await self.watch.until(
            lambda watch: next((event for event in watch.events[topics.PROMOTION_DECIDED] if event.get("job_id") == job["job_id"]), None),
            timeout_s=30,
            what="promotion.decided",
        )
        self.say(f"The gate says {decision['verdict']}: {' '.join(decision['reasons'])}")
        return decision


async def _at_once(limit: int, calls: Sequence[Callable[[], Awaitable[None]]]) -> None:
    gate = asyncio.Semaphore(limit)

    async def run(call: Callable[[], Awaitable[None]]) -> None:
        async with gate:
            await call()

    async with asyncio.TaskGroup() as group:
        for call in calls:
            group.create_task(run(call))
