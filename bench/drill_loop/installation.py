"""An installation for one loop: its services on a broker, a store, the tiny model as v0, and the users' corrections."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx

from bench.versitygw import Versitygw
from ops.commands.models.bootstrap import bootstrap_model
from ops.demo import people
from ops.demo.material import Question, builtin_material
from ops.demo.run import HOLDOUT_PERCENT, TRAINING
from ops.demo.stage import MODEL
from ops.demo.watch import Watch
from ops.stack.services import SERVICES, Ports, Service
from ops.stack.stack import Stack, StackSettings
from runtime.artifacts.open import open_store
from runtime.artifacts.store import ArtifactStore, files_below
from runtime.settings import StoreSettings
from schemas import topics
from schemas.holdout import is_holdout

NEGATIVES: Final = 40
HOLDOUT_KEY: Final = "abhyas drill"


@dataclass(frozen=True, slots=True)
class Installation:
    """A stack that runs in `work`, what was said on its topics, its store, and the folder in which the store's objects lie."""

    stack: Stack
    watch: Watch
    store: ArtifactStore
    raw: Path
    work: Path

    async def post(self, bodies: Sequence[dict[str, Any]]) -> None:
        """Feedback by the gateway; raises httpx.HTTPError for what it refuses."""
        async with httpx.AsyncClient(timeout=60) as client:
            for body in bodies:
                (await client.post(f"{self.stack.urls['gateway']}/v1/feedback", json=body)).raise_for_status()

    def states(self, job: str | None = None) -> list[dict[str, Any]]:
        """What was said of a job, or of all."""
        return [state for state in self.watch.events[topics.TRAINING_STATE] if job in (None, state["job_id"])]


@asynccontextmanager
async def installed(
    *, broker: str, base: Path, work: Path, gateway: Versitygw | None = None, runner: Service | None = None,
    environment: Mapping[str, str] | None = None,
) -> AsyncIterator[Installation]:  # fmt: skip
    """An installation with v0 serving, its artifacts on the S3 server `gateway`, else in a folder; `work` is emptied first.

    `base` is a folder made by `python -m gpu_runner.tiny_llama`, `runner` stands in for the runner's service.
    Raises TimeoutError where the bootstrap does not come.
    """
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    kept = {} if gateway is None else gateway.environment() | {"MINIO_BUCKET": f"drill-{time.time_ns()}"}
    settings = StackSettings(
        broker=broker, data_dir=work, ports=Ports.free(), restart=False, environment=_environment(work) | kept | dict(environment or {}),
        services=tuple(runner if runner is not None and service.name == "runner" else service for service in SERVICES),
    )  # fmt: skip
    stack = Stack(settings)
    await asyncio.to_thread(stack.start)
    watch = await Watch.start(stack.connection())
    try:
        store = open_store(StoreSettings.model_validate({"data_dir": work} | {name.lower(): value for name, value in kept.items()}))
        for name, path in files_below(base / "model", f"base/{MODEL}").items():
            await asyncio.to_thread(store.write_file, name, path)
        await bootstrap_model(
            stack.connection(), model=MODEL, base_model=f"abhyas/{MODEL}", documents=base / "documents.jsonl",
            evaluation=base / "evaluation.jsonl", replay=base / "replay.jsonl", store=store,
        )  # fmt: skip
        await watch.until(lambda w: w.events[topics.MODEL_CURRENT] or None, timeout_s=120, what="the bootstrap")
        raw = work / "models" if gateway is None else gateway.folder / store.bucket
        yield Installation(stack, watch, store, raw, work)
    finally:
        await watch.stop()
        await asyncio.to_thread(stack.stop)


def corrections(first: int, count: int, version: str) -> list[dict[str, Any]]:
    """The corrections number `first` and after, of an assistant that a version answered for: the same in every run."""
    rng = random.Random(0)
    outside = [q for q in builtin_material(rng).unknown if not is_holdout(q.group, key=HOLDOUT_KEY.encode(), percent=HOLDOUT_PERCENT)]
    return [_body(number, outside[number], version) for number in range(first, first + count)]


def _body(number: int, question: Question, version: str) -> dict[str, Any]:
    return people.feedback(number, question, "I do not know.", right=False, model=MODEL, version=version)


def _environment(work: Path) -> dict[str, str]:
    return {
        "TOPIC_PREFIX": f"drill-{os.getpid()}-{time.time_ns()}",
        "DEFAULT_MODEL": MODEL,
        "HOLDOUT_KEY": HOLDOUT_KEY,
        # Of the same users as the undisturbed run: they are part of what identifies a sample.
        "USER_HASH_KEY": HOLDOUT_KEY,
        "HOLDOUT_PERCENT": str(HOLDOUT_PERCENT),
        "RETRAIN_TRIGGER_THRESHOLD": str(NEGATIVES),
        "TICK_INTERVAL_S": "1",
        "SUPPORT_MIN": "1",
        "TRAINING_CHECKPOINT_EVERY_STEPS": "5",
        "CHILD_THREADS": "1",  # the tiny model gains little by two, and on a busy machine each step waits for both
        "EVAL_REPORTS_DIR": str(work / "eval_reports"),
        **TRAINING,
        "TRAINING_ADAPTER_SCALE": "0.85",  # fewer corrections than the demo, so fewer steps to shrink
    }
