"""`make drill-drift`: a shift in document.ingested alone, on Apache Kafka: one explained retrain command, and none without the shift.

Two models are bootstrapped with the same documents and get streams of the same world; in one of them a new subject begins. The documents
hold nothing that questions could be made of, so the job ends as `no_data` and says so.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import os
import platform
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from bench.drift.streams.invented import InventedDocument, InventedWorld
from ops.commands.models.bootstrap import bootstrap_model
from ops.demo.run import make_base_model
from ops.demo.watch import Watch
from ops.stack.services import Ports
from ops.stack.stack import Stack, StackSettings
from producers.publisher import Publisher
from schemas import topics
from schemas.events.document_ingested import DocumentIngested

SHIFTED: Final = "shifted"
QUIET: Final = "quiet"
BASE: Final = "tiny-llama"
BASELINE_DOCUMENTS: Final = 4_000
QUIET_DOCUMENTS: Final = 1_000
SHIFT_DOCUMENTS: Final = 5_000
NOVEL_SHARE: Final = 0.4
TICK_S: Final = 0.2
# A bucket closes at a tick: slower than a bucket a tick, as documents come, only faster.
DOCUMENTS_A_BEAT: Final = 40
BEAT_S: Final = 0.15


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run left on the topics, by model, and the seconds it took."""

    commands: dict[str, list[dict[str, Any]]]
    drifts: dict[str, list[dict[str, Any]]]
    ends: list[dict[str, Any]]
    published: dict[str, int]
    seconds: float


async def run_drift(*, broker: str, base: Path, work: Path, seed: int = 0) -> Outcome:
    """The run on a broker at `broker`; `base` is a folder made by `python -m gpu_runner.tiny_llama`, `work` is emptied first."""
    started = time.monotonic()
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    environment = {
        "TOPIC_PREFIX": f"drift-{os.getpid()}-{time.time_ns()}",
        "HOLDOUT_KEY": "abhyas drift drill",
        "TICK_INTERVAL_S": str(TICK_S),
        "EVAL_REPORTS_DIR": str(work / "eval_reports"),
    }
    stack = Stack(StackSettings(broker=broker, data_dir=work, ports=Ports.free(), restart=False, environment=environment))
    await asyncio.to_thread(stack.start)
    watch = await Watch.start(stack.connection())
    try:
        world = InventedWorld(seed)
        await _bootstrap(stack, watch, base, work, list(world.documents(BASELINE_DOCUMENTS)))
        published = await _publish(stack, watch, world)
        await watch.until(lambda w: _ends(w) or None, timeout_s=120, what="the job to end")
        # Long enough for a second command to be fired, were there a way to fire one.
        await asyncio.sleep(5)
        commands, drifts = watch.events[topics.RETRAIN_REQUESTED], watch.events[topics.DRIFT_DETECTED]
        return Outcome(
            {model: [event for event in commands if event["model"] == model] for model in (SHIFTED, QUIET)},
            {model: [event for event in drifts if event["model"] == model] for model in (SHIFTED, QUIET)},
            _ends(watch), published, time.monotonic() - started,
        )  # fmt: skip
    finally:
        await watch.stop()
        await asyncio.to_thread(stack.stop)


async def _bootstrap(stack: Stack, watch: Watch, base: Path, work: Path, documents: Sequence[InventedDocument]) -> None:
    shutil.copytree(base / "model", work / "models" / "base" / BASE)
    path = work / "documents.jsonl"
    rows = [{"doc_id": f"base-{n}", "text": found.text, "publisher": found.publisher} for n, found in enumerate(documents)]
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    for model in (SHIFTED, QUIET):
        await bootstrap_model(
            stack.connection(), model=model, base_model=f"abhyas/{BASE}", documents=path, evaluation=base / "evaluation.jsonl",
            artifacts_dir=work / "models",
        )  # fmt: skip
    await watch.until(
        lambda w: len(w.events[topics.MODEL_CURRENT]) == 2 or None, timeout_s=400, what="both bootstraps with their drift baselines"
    )


async def _publish(stack: Stack, watch: Watch, world: InventedWorld) -> dict[str, int]:
    """Both streams side by side until the shifted one has its command, or its documents are through; the quiet one has as many."""
    quiet = list(world.documents(QUIET_DOCUMENTS + SHIFT_DOCUMENTS))
    shifted = [*world.documents(QUIET_DOCUMENTS), *world.documents(SHIFT_DOCUMENTS, novel_share=NOVEL_SHARE)]
    count = 0
    async with Publisher(stack.connection(), "pipeline") as publisher:
        for first in range(0, len(quiet), DOCUMENTS_A_BEAT):
            for model, stream in ((QUIET, quiet), (SHIFTED, shifted)):
                for number, found in enumerate(stream[first : first + DOCUMENTS_A_BEAT], first):
                    await publisher.publish(_event(model, number, found), datetime.now(UTC))
            count = min(first + DOCUMENTS_A_BEAT, len(quiet))
            if watch.events[topics.RETRAIN_REQUESTED]:
                break
            await asyncio.sleep(BEAT_S)
        await publisher.flush()
    await watch.until(lambda w: w.events[topics.RETRAIN_REQUESTED] or None, timeout_s=30, what=f"a command after {count} documents")
    return {SHIFTED: count, QUIET: count}


def _event(model: str, number: int, document: InventedDocument) -> DocumentIngested:
    return DocumentIngested(
        doc_id=f"{model}-{number}", model=model, text=document.text, publisher=document.publisher,
        sha256=hashlib.sha256(document.text.encode()).hexdigest(),
    )  # fmt: skip


def _ends(watch: Watch) -> list[dict[str, Any]]:
    return [state for state in watch.events[topics.TRAINING_STATE] if state["phase"] == "ended"]


def violations(outcome: Outcome) -> list[str]:
    """What a run did that it must not, or did not that it must; empty where the shift alone made one explained command."""
    wrong = []
    if outcome.commands[QUIET] or outcome.drifts[QUIET]:
        wrong.append(f"{len(outcome.commands[QUIET])} commands, {len(outcome.drifts[QUIET])} drifts without a shift: expected none")
    if len(outcome.commands[SHIFTED]) != 1 or len(outcome.drifts[SHIFTED]) != 1:
        wrong.append(f"{len(outcome.commands[SHIFTED])} commands, {len(outcome.drifts[SHIFTED])} drifts with a shift: expected one of each")
        return wrong
    (command,), (drift,) = outcome.commands[SHIFTED], outcome.drifts[SHIFTED]
    if command["rules"] != ["drift"] or command["evidence"].get("drift_id") != drift["drift_id"]:
        wrong.append(f"rules {command['rules']}, evidence {command['evidence']}: expected drift alone, with the id {drift['drift_id']}")
    if not command["batch"]["documents"] or command["batch"].get("samples"):
        wrong.append(f"a batch of {len(command['batch']['documents'])} documents: expected the new documents, and no feedback")
    if not any(evidence["fired"] for evidence in drift["evidence"]):
        wrong.append(f"evidence {drift['evidence']}: expected the head that fired")
    missing = [name for name in ("rose", "clusters", "languages", "histograms") if not drift.get(name)]
    if missing:
        wrong.append(f"drift.detected without {', '.join(missing)}: expected its explanation")
    if [end["outcome"] for end in outcome.ends] != ["no_data"] or "nothing is left to train on" not in str(outcome.ends[0].get("error")):
        wrong.append(f"jobs ended {[(end['outcome'], end.get('error')) for end in outcome.ends]}: expected no_data, said so")
    return wrong


def report(outcome: Outcome) -> dict[str, Any]:
    """What the JSON says of a run."""
    wrong = violations(outcome)
    told: dict[str, Any] = {
        "python": platform.python_version(),
        "baseline_documents": BASELINE_DOCUMENTS,
        "documents_before_the_shift": QUIET_DOCUMENTS,
        "novel_share": NOVEL_SHARE,
        "published": outcome.published,
        "commands": {model: len(found) for model, found in outcome.commands.items()},
        "seconds": round(outcome.seconds, 1),
        "violations": wrong,
    }
    if not wrong:
        (command,), (drift,), (end,) = outcome.commands[SHIFTED], outcome.drifts[SHIFTED], outcome.ends
        told |= {
            "leased_documents": len(command["batch"]["documents"]),
            "evidence": drift["evidence"],
            "rose": [term["term"] for term in drift["rose"]],
            "outcome": end["outcome"],
            "error": end["error"],
        }
    return told


def main() -> int:
    """Starts Apache Kafka, runs once, writes the JSON; exit code 1 where a promise was broken."""
    from ops.stack.brokers.single_node import SingleNodeKafka

    parser = argparse.ArgumentParser(prog="python -m bench.drill.drift_loop", description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--work", type=Path, default=Path(".abhyas/drift-loop"))
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    base = asyncio.run(make_base_model(Path(".abhyas")))
    node = SingleNodeKafka(Path(".abhyas/kafka"), 0)
    address = node.start()
    try:
        outcome = asyncio.run(run_drift(broker=address, base=base, work=chosen.work, seed=chosen.seed))
    finally:
        node.stop()
    told = report(outcome)
    chosen.out.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n")
    print(json.dumps({"commands": told["commands"], "violations": told["violations"]}))
    return 1 if told["violations"] else 0


if __name__ == "__main__":
    sys.exit(main())
