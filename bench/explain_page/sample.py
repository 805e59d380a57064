"""A store of a model that was set up, learnt, was refused, taken back and brought back: by the real preparation, scoring and gate.

The world is the project's own invented one (`gpu_runner.tiny_llama.facts`); what the two sides answer is chosen here, item by item.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final

from consumers.drift.baseline.fit import BaselineTooSmall
from gpu_runner.dataset.rows import Answer, EvaluationItem, Side, load_evaluation_items, save_rows
from gpu_runner.evaluate.score import score_answers
from gpu_runner.event_log.withdrawals import Withdrawals
from gpu_runner.hyperparameters import resolve
from gpu_runner.jobs.leased_samples import LeasedSamples
from gpu_runner.jobs.state import accept
from gpu_runner.jobs.workshop import LocalWorkshop
from gpu_runner.settings import RunnerSettings
from gpu_runner.tiny_llama.facts import load_facts
from gpu_runner.versions.bootstrap import bootstrap
from gpu_runner.versions.promotion import gate_outcome
from gpu_runner.versions.registry import register_version, rolled_back_artifacts, write_record
from ops.demo.material import Material, Question, builtin_material
from runtime.artifacts.content_hash import file_sha256, folder_sha256
from runtime.artifacts.local import LocalStore
from schemas.conversation import GivenReason
from schemas.events.model_current import ModelCurrent
from schemas.events.operator_requested import OperatorRequested
from schemas.events.retrain_requested import LeasedBatch, RetrainRequested
from schemas.events.sample_collected import SampleCollected
from schemas.fields import Hyperparameters, Provenance, SampleRef
from schemas.holdout import key_id
from schemas.identity import batch_sha256

MODEL: Final = "culture-assistant"
START: Final = datetime(2026, 11, 2, 6, 30, tzinfo=UTC)
SIDES: Final[tuple[Side, ...]] = ("baseline", "candidate")
_SAMPLES_A_ROUND: Final = 40

# A safetensors file of an empty header.
_NO_TENSORS: Final = (2).to_bytes(8, "little") + b"{}"

Wrong = Callable[[EvaluationItem, int], bool]


@dataclass
class SampleStore:
    """The store and what serves in it; each step moves the clock by a week."""

    store: LocalStore
    settings: RunnerSettings
    material: Material
    serving: ModelCurrent
    now: datetime
    rounds: int = 0


def write_sample(folder: Path) -> SampleStore:
    """Sets the model up; v1 is promoted, v2 refused, v3 promoted, taken back, and brought back by a person; v4 stays undecided."""
    sample = set_up(folder)
    train(sample, "v1", wrong=lambda item, place: item.set == "repair" and place % 9 == 0)
    train(sample, "v2", wrong=lambda item, place: item.language == "hi" and item.set in ("holdout", "old_facts") and place % 2 == 0)
    train(sample, "v3", wrong=lambda item, place: item.set == "repair" and place % 7 == 0)
    switch(sample, "rollback", "v1", actor="stage2", reason="users rate v3 worse than v1: 31 of 204 bad, 12 of 398 before")
    switch(sample, "operator", "v3", actor="asha", reason="the bad ratings were about a page that was down, not about answers")
    train(sample, "v4", wrong=lambda item, place: item.set == "repair" and place % 12 != 0)
    other = folder / "elsewhere"
    other.mkdir()
    (other / "config.json").write_text("{}", encoding="utf-8")
    (other / "model.safetensors").write_bytes(_NO_TENSORS)
    register_version(
        sample.store, MODEL, "partner-1", other, actor="ravi", reason="to be compared", base_model="org/partner", now=sample.now
    )
    return sample


def set_up(folder: Path) -> SampleStore:
    """The bootstrap, as a person asks for it."""
    settings = RunnerSettings(
        data_dir=folder / "data", models_dir=folder / "models", eval_reports_dir=folder / "reports", holdout_key="a key for the sample",
        holdout_percent=20, support_min=1,
    )  # fmt: skip
    store = LocalStore(settings.artifacts_root())
    material = builtin_material(random.Random(0))
    store.write_bytes("base/culture/config.json", b"{}")
    store.write_bytes("base/culture/model.safetensors", b"base weights")
    asked = material.known[::2]
    known = [EvaluationItem(f"known-{n}", "dataset", one.text, (one.answer,), one.language, one.group) for n, one in enumerate(asked)]
    save_rows(folder / "eval.jsonl", known)
    store.write_file("up/eval.jsonl", folder / "eval.jsonl")
    replay = [{"prompt": one.paraphrased[0], "completion": one.answer, "group": one.group} for one in asked if one.paraphrased]
    store.write_bytes("up/replay.jsonl", _lines(replay))
    store.write_bytes("up/documents.jsonl", _lines([{"id": page.doc_id, "text": page.text} for page in material.pages]))
    request = OperatorRequested(
        request_id="bootstrap-1", action="bootstrap", model=MODEL, actor="meera", reason="the assistant of the museums' portal",
        base_model="org/culture", documents_uri=f"s3://{store.bucket}/up/documents.jsonl", eval_uri=f"s3://{store.bucket}/up/eval.jsonl",
        replay_uri=f"s3://{store.bucket}/up/replay.jsonl",
    )  # fmt: skip
    record = bootstrap(request, store=store, settings=settings, fit=_no_fit, now=START)
    assert record is not None
    serving = ModelCurrent(
        model=MODEL, version="v0", artifact_uri=record["artifact"]["uri"], artifact_sha256=record["artifact"]["sha256"], cause="bootstrap",
        decision_id="bootstrap-1", base_model=record["base_model"], holdout_key_id=key_id(settings.holdout_key_bytes()),
        holdout_percent=settings.holdout_percent, since=START,
    )  # fmt: skip
    return SampleStore(store, settings, material, serving, START)


def train(sample: SampleStore, version: str, *, wrong: Wrong) -> dict[str, Any]:
    """One round to its decision's record; the candidate answers wrong where `wrong` says so, by item and place."""
    sample.now += timedelta(days=7)
    first = _SAMPLES_A_ROUND * sample.rounds
    collected = [_collected(n, sample.material.unknown[n], sample.now) for n in range(first, first + _SAMPLES_A_ROUND)]
    sample.rounds += 1
    refs = tuple(SampleRef(sample_id=one.sample_id, revision=0, partition=0, offset=one.provenance.offset) for one in collected)
    command = RetrainRequested(
        command_id=f"cmd-{version}", model=MODEL, serving_version=sample.serving.version, requested_at=sample.now, rules=("count",),
        batch=LeasedBatch(number=sample.rounds, sha256=batch_sha256(refs, ()), samples=refs),
    )  # fmt: skip
    state = accept(command, None, version=version, hyperparameters=resolve(Hyperparameters(), sample.settings), now=sample.now)
    workshop = LocalWorkshop(
        state.job_id, settings=sample.settings, store=sample.store, fit=_no_fit, child_arguments=(), child_environment={}
    )
    workshop.make()
    spec = workshop.prepare(state, sample.serving, LeasedSamples(tuple(collected)), Withdrawals())
    candidate = workshop.judge(state, _trained(workshop.path, spec, wrong))
    sample.now += timedelta(hours=2)
    outcome = gate_outcome(
        candidate.record["gate_verdict"], tuple(candidate.record["gate_reasons"]), baseline=candidate.record["baseline"],
        artifact_sha256=candidate.record["artifact"]["sha256"], serving=sample.serving,
        rolled_back=rolled_back_artifacts(sample.store, MODEL),
    )  # fmt: skip
    ruled = {"verdict": outcome.verdict, "applied": outcome.applied, "reasons": list(outcome.reasons), "decided_at": sample.now.isoformat()}
    record = write_record(sample.store, candidate.record_key, candidate.record | ruled | {"tainted": []})
    if outcome.applied:
        _serve(sample, version, record["artifact"])
    return record


def switch(sample: SampleStore, verdict: str, version: str, *, actor: str, reason: str) -> None:
    """What a person or the watch over feedback makes serve, recorded as `gpu_runner.versions.deployment` does."""
    sample.now += timedelta(days=2)
    before, target = sample.serving, json.loads(sample.store.read_bytes(f"finetuned/{MODEL}/{version}/decision.json"))["artifact"]
    deed = f"{actor} rolled back {before.version} to {version}" if verdict == "rollback" else f"{actor} promoted {version}"
    subject = before.version if verdict == "rollback" else version
    artifact = {"uri": before.artifact_uri, "sha256": before.artifact_sha256} if verdict == "rollback" else target
    record = {
        "format": 1, "decision_id": f"asked-{verdict}", "model": MODEL, "version": subject, "verdict": verdict, "applied": True,
        "from_version": before.version, "to_version": version, "reasons": [f"{deed}: {reason}"], "actor": actor, "reason": reason,
        "artifact": {"uri": artifact["uri"], "sha256": artifact["sha256"]}, "decided_at": sample.now.isoformat(),
    }  # fmt: skip
    write_record(sample.store, f"finetuned/{MODEL}/{subject}/decisions/asked-{verdict}.json", record)
    _serve(sample, version, target)


def _serve(sample: SampleStore, version: str, artifact: Mapping[str, Any]) -> None:
    changed = {"version": version, "artifact_uri": artifact["uri"], "artifact_sha256": artifact["sha256"], "since": sample.now}
    sample.serving = sample.serving.model_copy(update=changed | {"previous_version": sample.serving.version})


def _collected(number: int, question: Question, now: datetime) -> SampleCollected:
    """A user's correction; every seventh user says only that the answer was bad."""
    bare = number % 7 == 3
    return SampleCollected(
        sample_id=_sha(f"sample {number}"), kind="feedback", revision=0, model=MODEL, occurred_at=now - timedelta(days=1), source="/sample",
        provenance=Provenance(topic="feedback.submitted", partition=0, offset=number), group=question.group, negative=True,
        language=question.language, user_hash=_sha(f"user {number % 23}"), query=question.text, response=_other_answers()[question.answer],
        correction=None if bare else question.answer, negative_class="bare" if bare else "correction",
        left_out="complaint" if number % 21 == 3 else None, comment="यह तो ग़लत है" if bare else None,
        reasons=(GivenReason(code="incorrect" if number % 3 else "outdated"),) if number % 2 else (),
    )  # fmt: skip


def _trained(job: Path, spec: Mapping[str, Any], wrong: Wrong) -> dict[str, Any]:
    """What a child leaves: artifacts, the answers of both sides, scores."""
    for name in ("adapter", "merged"):
        (job / name).mkdir(exist_ok=True)
        (job / name / "config.json").write_text("{}", encoding="utf-8")
        (job / name / "model.safetensors").write_bytes(f"{name} of {spec['version']}".encode())
    items = load_evaluation_items(job / spec["dataset"]["evaluation"])
    others = _other_answers()
    answers = []
    for place, item in enumerate(items):
        other = others[item.answers[0]]
        before = other if item.set == "repair" or place % 17 == 5 else item.answers[0]
        after = other if wrong(item, place) or place % 41 == 7 else item.answers[0]
        texts = zip(SIDES, (before, after), strict=True)
        answers += [Answer(item.id, side, text, 180.0 + place % 13, 6, cut=False) for side, text in texts]
    evaluation = job / "evaluation"
    evaluation.mkdir(exist_ok=True)
    save_rows(evaluation / "answers.jsonl", answers)
    score_answers(job / spec["dataset"]["evaluation"], evaluation / "answers.jsonl", evaluation / "scores.json")
    return {
        "steps": 120, "trained_tokens": 48_000, "first_loss": 2.41, "last_loss": 0.32, "rows_too_long": 0, "left_out": {},
        "adapter": {"path": "adapter", "sha256": folder_sha256(job / "adapter")},
        "merged": {"path": "merged", "sha256": folder_sha256(job / "merged")},
        "scores": "evaluation/scores.json", "scores_sha256": file_sha256(evaluation / "scores.json"), "seconds": {"training": 1380.0},
        "versions": {},
    }  # fmt: skip


@cache
def _other_answers() -> dict[str, str]:
    """For each right answer that of another institution to the same kind of question."""
    of_a_kind: dict[tuple[str, str], list[str]] = {}
    for fact in load_facts():
        of_a_kind.setdefault((fact.language, fact.relation), []).append(fact.answer)
    return {answer: answers[(place + 1) % len(answers)] for answers in of_a_kind.values() for place, answer in enumerate(answers)}


def _no_fit(documents: Sequence[Any], _alarms_per_100k: float) -> Any:
    raise BaselineTooSmall(f"{len(documents)} documents: too few to watch for drift")


def _lines(rows: Sequence[Mapping[str, Any]]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def _sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
