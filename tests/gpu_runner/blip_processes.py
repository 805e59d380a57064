"""Three broker blips at random points of a job on real processes: Apache Kafka behind a proxy, the runner, its child, a slow local store.

`python tests/gpu_runner/blip_processes.py --seeds 5` runs five and prints what a seed did that it must not.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Final
from uuid import uuid4

from aiokafka import AIOKafkaProducer
from runner_fakes import BOOTSTRAP, START, FakeSamples, command, request, upload_material

from bench.drill.clients import read_topic
from bench.drill.kafka import Kafka
from bench.drill.proxy import HOST
from ops.topic_contract import apply
from runtime.artifacts.content_hash import folder_sha256, leftovers
from runtime.artifacts.local import LocalStore
from runtime.kafka.connection import KafkaConnection
from schemas import topics
from schemas.catalogue import Event
from schemas.envelope import encode
from schemas.fields import Provenance

BLIPS: Final = 3
BLIP_S: Final = 0.3
_HERE: Final = Path(__file__).parent
_ROOT: Final = _HERE.parents[1]
_WITHIN_S: Final = 240.0


@dataclass
class Outcome:
    """What a job came to: its states, the decisions to serve, what the runner did, and what the blips met."""

    states: list[dict[str, Any]]
    current: list[dict[str, Any]]
    trace: list[str]
    sessions: int
    seconds: float
    folder: Path


async def run_job(kafka: Kafka, folder: Path, blips_at_s: Sequence[float] = ()) -> Outcome:
    """Bootstraps a model, leases a batch, sends the command, blips, and waits for the job's end."""
    direct = KafkaConnection(kafka.direct.bootstrap_servers, f"b{uuid4().hex[:8]}")
    await asyncio.to_thread(apply, direct, topics.specs(direct.topic_prefix))
    folder.mkdir(parents=True)
    upload_material(LocalStore(folder / "data" / "models"), folder)
    producer = AIOKafkaProducer(**direct.producer_options())
    await producer.start()
    try:
        async with _runner(kafka, direct, folder):
            await _send(producer, direct, request("bootstrap", **BOOTSTRAP))
            await _until(direct, topics.MODEL_CURRENT, bool)
            await _send(producer, direct, command(batch=await _lease(producer, direct)))
            began = asyncio.get_running_loop().time()
            await asyncio.gather(
                _blips(kafka, blips_at_s),
                _until(direct, topics.TRAINING_STATE, lambda records: any(one["phase"] == "ended" for one in records)),
            )
            seconds = asyncio.get_running_loop().time() - began
        states, current = await _read(direct, topics.TRAINING_STATE), await _read(direct, topics.MODEL_CURRENT)
    finally:
        await producer.stop()
    sessions = (folder / "runner.log").read_text().count('"restored"')
    trace = (folder / "trace").read_text().splitlines()
    return Outcome(states, current, trace, sessions, seconds, folder)


def violations(outcome: Outcome) -> list[str]:
    """What a run did that it must not."""
    wrong = []
    last = outcome.states[-1]
    if (last["outcome"], last["attempt"]) != ("promoted", 1):
        wrong.append(f"the job ended as {last['outcome']} in attempt {last['attempt']}: {last.get('error')}")
    for what in ("upload finetuned/tiny/v1", "preparation"):
        lines = [line.split(" ", 1)[0] for line in outcome.trace if line.split(" ", 1)[1] == what]
        at_once = [lines[:end].count("begin") - lines[:end].count("end") - lines[:end].count("stop") for end in range(len(lines) + 1)]
        if max(at_once) > 1:
            wrong.append(f"{max(at_once)} at once: {what}")
        if lines.count("end") != 1 and what != "preparation":
            wrong.append(f"{lines.count('end')} that ended: {what}")
    served = [one for one in outcome.current if one["cause"] == "promotion"]
    merged = LocalStore(outcome.folder / "data" / "models").local_path("finetuned/tiny/v1/merged")
    if [one["artifact_sha256"] for one in served] != [folder_sha256(merged)]:
        wrong.append(f"{len(served)} promotions of what is stored: expected one")
    if leftovers(merged.parent):
        wrong.append("an unfinished file lies in the version")
    return wrong


async def run_seeds(seeds: Sequence[int], folder: Path) -> dict[int, Outcome]:
    """Each seed's job; the times of its blips are drawn over an undisturbed job's time."""
    kafka = await Kafka.start(folder / "kafka", _ROOT / ".abhyas" / "kafka" / "libs", f"b{uuid4().hex[:8]}")
    try:
        seconds = (await run_job(kafka, folder / "undisturbed")).seconds
        found = {}
        for seed in seeds:
            rng = Random(seed)
            found[seed] = await run_job(kafka, folder / f"seed-{seed}", [rng.uniform(0, seconds) for _ in range(BLIPS)])
        return found
    finally:
        await kafka.stop()


async def _blips(kafka: Kafka, at_s: Sequence[float]) -> None:
    began = asyncio.get_running_loop().time()
    for at in sorted(at_s):
        await asyncio.sleep(max(began + at - asyncio.get_running_loop().time(), 0))
        await kafka.proxy.stop()
        await asyncio.sleep(BLIP_S)
        await kafka.proxy.start()


@asynccontextmanager
async def _runner(kafka: Kafka, direct: KafkaConnection, folder: Path) -> AsyncIterator[None]:
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join((str(_ROOT), str(_HERE))), "TRACE": str(folder / "trace"), "RUNNER_PORT": "0",
        "KAFKA_BOOTSTRAP_SERVERS": f"{HOST}:{kafka.proxy.port}", "TOPIC_PREFIX": direct.topic_prefix, "DATA_DIR": str(folder / "data"),
        "MODELS_DIR": str(folder / "mounted"), "EVAL_REPORTS_DIR": str(folder / "reports"), "HOLDOUT_KEY": "a key for tests",
        "HOLDOUT_PERCENT": "25", "SUPPORT_MIN": "1",
        "LEASE_RENEW_S": "1", "PROGRESS_EVERY_S": "0", "RUNNER_TRANSACTIONAL_ID": direct.topic_prefix,
    }  # fmt: skip
    with (folder / "runner.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, str(_HERE / "slow_runner.py"), env=environment, stdout=log, stderr=log, cwd=_ROOT
        )
        try:
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            await process.wait()


async def _lease(producer: AIOKafkaProducer, direct: KafkaConnection) -> Any:
    """The samples on their topic, and the batch that names their places; all in one partition, as of one model."""
    samples = FakeSamples()
    collected = []
    for sample in samples.collected:
        sent = await _send(producer, direct, sample)
        place = Provenance(topic=sample.provenance.topic, partition=sent.partition, offset=sent.offset)
        collected.append(sample.model_copy(update={"provenance": place}))
    refs = samples.batch().model_dump()
    places = {sample.sample_id: sample.provenance for sample in collected}
    refs["samples"] = [
        ref | {"partition": places[ref["sample_id"]].partition, "offset": places[ref["sample_id"]].offset} for ref in refs["samples"]
    ]
    return refs


async def _send(producer: AIOKafkaProducer, direct: KafkaConnection, event: Event) -> Any:
    record = encode(event, source="/test", time=START)
    return await producer.send_and_wait(direct.topic(event.TOPIC), record.value, key=record.key, headers=list(record.headers))


async def _read(direct: KafkaConnection, topic: str) -> list[dict[str, Any]]:
    return [json.loads(record.value) for record in await read_topic(direct, direct.topic(topic)) if record.value]


async def _until(direct: KafkaConnection, topic: str, check: Any) -> None:
    deadline = asyncio.get_running_loop().time() + _WITHIN_S
    while not check(await _read(direct, topic)):
        if asyncio.get_running_loop().time() > deadline:
            raise TimeoutError(f"{topic}: what was waited for did not come")
        await asyncio.sleep(0.5)


def main() -> int:
    """Runs the seeds; exit code 1 where one broke a promise."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="abhyas-blips-") as folder:
        found = asyncio.run(run_seeds(range(chosen.seeds), Path(folder)))
        rows = [
            {
                "seed": seed,
                "seconds": round(one.seconds, 1),
                "sessions": one.sessions,
                "uploads_begun": one.trace.count("begin upload finetuned/tiny/v1"),
                "violations": violations(one),
            }
            for seed, one in found.items()
        ]
    print(json.dumps(rows, indent=1))
    return 1 if any(row["violations"] for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
