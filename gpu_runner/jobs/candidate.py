"""A trained candidate: judged by the gate, uploaded, and kept with everything a later run needs of it. Blocking, torch-free."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from gpu_runner.dataset.corrections import SAYS_NOTHING
from gpu_runner.dataset.memory.index import index_file, index_of
from gpu_runner.dataset.prepare import WITHOUT_SUPPORT
from gpu_runner.dataset.rows import EvaluationItem, is_replayed, json_lines, load_answers, load_evaluation_items, load_training_rows
from gpu_runner.errors import JobInterrupted
from gpu_runner.evaluate.report import write_reports
from gpu_runner.evaluate.report_page.texts import texts_of
from gpu_runner.gate.decide import broken, decide
from gpu_runner.gate.written_damage import compare_damage
from gpu_runner.jobs.folder import JobFolder
from gpu_runner.jobs.prepare import gate_policy
from gpu_runner.jobs.report_files import copy_reports, report_folder, report_key
from gpu_runner.json_files import read_json, write_json
from gpu_runner.settings import RunnerSettings
from gpu_runner.train.left_out import row_name
from gpu_runner.train.told import FIGURES as TOLD_FIGURES
from gpu_runner.train.told_outcome import told_outcome, told_sentence
from gpu_runner.versions.corrections.stored import INDEX, judged_version, stored_matrix
from gpu_runner.versions.drift_baseline import DriftFacts, Fit, next_baseline
from gpu_runner.versions.holdout import HOLDOUT_FILE
from gpu_runner.versions.keys import REPAIR_ITEMS, TRAINED_ROWS, TRAINED_SAMPLES
from gpu_runner.versions.lineage_start import lineage_start
from gpu_runner.versions.pinned_items import pinned_fault
from gpu_runner.versions.promotion import decision_id
from gpu_runner.versions.registry import read_record, version_key
from runtime.artifacts.content_hash import file_sha256
from runtime.artifacts.stopping import look, to_its_end
from runtime.artifacts.store import ArtifactStore, files_below, put_folder, read_stored_json, uri_of
from schemas.events.training_state import TrainingState

# What a decision's record keeps of the child's result.
_OF_THE_TRAINING: Final = (
    "steps", "new_rows", "replay_rows", "trained_tokens", "adapter_scale", "first_loss", "last_loss", "seconds", "versions",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Candidate:
    """A judged and uploaded candidate. `record` lacks only the outcome; `decided` is a record that was written before.

    `notes` are reasons of a promotion that are not the gate's.
    """

    record: dict[str, Any]
    scores: dict[str, Any]
    report_dir: str
    decided: bool = False
    notes: tuple[str, ...] = ()

    @property
    def record_key(self) -> str:
        """Where the decision record belongs."""
        return f"{version_key(self.record['model'], self.record['version'])}/decision.json"


def decided_candidate(store: ArtifactStore, state: TrainingState, settings: RunnerSettings) -> Candidate | None:
    """The candidate of a job whose record was written before the runner stopped; None where there is no such record."""
    record = read_record(store, state.model, state.version)
    if record is None or record.get("job_id") != state.job_id:
        return None
    scores = read_stored_json(store, f"{version_key(state.model, state.version)}/scores.json")
    return Candidate(record, scores, str(report_folder(settings.eval_reports_dir, state.job_id)), decided=True)


def judge_and_upload(
    store: ArtifactStore, settings: RunnerSettings, state: TrainingState, folder: JobFolder, result: Mapping[str, Any], *, fit: Fit
) -> Candidate:
    """Runs the gate on the scores, uploads the version, and fits the drift baseline of one that may be promoted.

    The same job folder gives the same candidate.
    """
    scores_path = folder.path / result["scores"]
    scores = read_json(scores_path)
    spec, prepared = read_json(folder.spec), folder.settle_trained(result)
    if scores is None or spec is None or prepared is None:
        raise JobInterrupted(f"scores, spec or prepared.json of {folder.path} can't be read: the job has to run again")
    left_out = result.get("left_out") or {}
    active = gate_policy(store, state.model)
    start = lineage_start(store, state.model, str(prepared["baseline"]["version"]))
    fault = pinned_fault(store, state.model)
    decision = decide(active.policy, scores, seed=int(spec["seed"]), start=start) if fault is None else broken(active.policy, fault)
    reasons = [*decision.reasons, *_not_asked(prepared), *_not_learnt(spec, prepared, result)]
    told = told_outcome(folder.path, result.get("told"), scores)
    if told is not None:
        reasons.append(told_sentence(told))
    key = version_key(state.model, state.version)
    remembered = _remembered(folder, spec, left_out)
    corrections = index_of(remembered)
    index = index_file(corrections)
    (folder.path / INDEX).write_bytes(index)
    record = {
        "format": 1,
        "decision_id": decision_id(state.job_id),
        "model": state.model,
        "version": state.version,
        "job_id": state.job_id,
        "attempt": state.attempt,
        "fencing_token": state.lease.token if state.lease else None,
        "actor": "gate",
        "gate": decision.as_dict(),
        "gate_verdict": str(decision.verdict),
        "gate_rules": decision.rules,
        "broken": decision.broken,
        "gate_reasons": reasons,
        "policy": active.policy.as_dict(),
        "gate_policy": active.named(),
        "lineage_start": start.version if start is not None else None,
        "baseline": prepared["baseline"],
        "base_model": state.accepted_command().base_model,
        "artifact": {"uri": f"{key}/merged", "sha256": result["merged"]["sha256"], "adapter_sha256": result["adapter"]["sha256"]},
        "scores_uri": uri_of(f"{key}/scores.json", store.bucket),
        "scores_sha256": result["scores_sha256"],
        "corrections_sha256": sha256(index).hexdigest(),
        "items_sha256": decision.items_sha256 or file_sha256(folder.path / spec["dataset"]["evaluation"]),
        "batch_sha256": state.accepted_command().batch.sha256,
        "batch_number": state.accepted_command().batch.number,
        "sample_ids": prepared["sample_ids"],
        "counts": prepared["counts"],
        "dropped": prepared["dropped"],
        "quarantined": prepared["quarantined"],
        "firewall": prepared.get("firewall"),
        "withdrawn": prepared.get("withdrawn", {}),
        "said": prepared.get("said"),
        "primary_of": prepared.get("primary"),
        "rows_too_long": result.get("rows_too_long") or None,
        "samples_too_long": (result.get("too_long") or {}).get("samples", len(left_out.get("samples", ()))) or None,
        "too_long": result.get("too_long"),
        "refused": result.get("refused"),
        "samples_left_out": left_out.get("samples", []),
        "items_left_out": left_out.get("items", []),
        "dataset_sha256": spec["dataset"]["sha256"],
        "hyperparameters": state.hyperparameters,
        "hyperparameter_sources": state.hyperparameter_sources,
        "seed": spec["seed"],
        "training": {name: result.get(name) for name in _OF_THE_TRAINING},
        "told_corrections": told,
    }
    drift = DriftFacts.of(read_record(store, state.model, str(prepared["baseline"]["version"])))
    if record["gate_verdict"] == "promote":
        drift = next_baseline(
            store, state.model, state.version, folder.leased_documents, drift, fit=fit, alarms_per_100k=settings.drift_alarms_per_100k
        )
    record |= drift.as_dict()
    _upload(store, state, folder, result, record, holdout=prepared.get("holdout"))
    with to_its_end():  # rows that no list of samples speaks of would never be found again by what is taken back
        _keep_for_later(store, state, folder, spec, prepared, repair=remembered, left_out=left_out)
    look()
    facts = {"model": state.model, "version": state.version, "baseline": str(prepared["baseline"]["version"])}
    leaked = (prepared.get("holdout") or {}).get("leaked")
    decided = decision.as_dict() | {"reasons": reasons}
    reports = report_folder(settings.eval_reports_dir, state.job_id)
    judged = judged_version(state.version, scores_path.read_bytes(), corrections, prepared.get("withdrawn") or {})
    matrix = stored_matrix(store, state.model, str(prepared["baseline"]["version"]), judged)
    write_reports(
        scores, reports.parent, reports.name, decision=decided, facts=facts, texts=_texts(folder, spec, scores),
        corrections=matrix.report_of(state.version), told=told,
        written_damage=compare_damage(scores["items"], seed=int(spec["seed"])).as_dict(), leaked=leaked,
    )  # fmt: skip
    copy_reports(store, reports, report_key(state.model, state.version, state.job_id))
    return Candidate(record, scores, str(reports), notes=drift.reasons)


def _texts(folder: JobFolder, spec: Mapping[str, Any], scores: Mapping[str, Any]) -> dict[str, Any]:
    """The words of the items that were scored, as far as they are still there: what was taken back meanwhile is in neither file."""
    items, answers = folder.path / spec["dataset"]["evaluation"], folder.path / "evaluation" / "answers.jsonl"
    scored = {item["item_id"] for item in scores["items"]}
    kept = [item for item in load_evaluation_items(items) if item.id in scored] if items.stat().st_size else []
    return texts_of(kept, load_answers(answers) if answers.is_file() and answers.stat().st_size else (), scores["items"])


def _not_asked(prepared: Mapping[str, Any]) -> list[str]:
    """Which corrections the primary asked nothing of, and what it asked instead, in sentences."""
    told = []
    if unsupported := prepared["dropped"].get(WITHOUT_SUPPORT):
        instead = {"corrections": "the others", "none": "nothing"}.get(prepared["primary"], f"the {prepared['primary']}")
        told.append(
            f"{unsupported} corrections have fewer than SUPPORT_MIN = {prepared.get('support_min')} supporters: they were trained, "
            f"and the primary asked {instead}"
        )
    if withdrawn := prepared.get("withdrawn"):
        told.append(
            f"{len(withdrawn)} earlier samples, rows or items no longer hold, by a newer correction or document: `withdrawn` has them"
        )
    return told


def _not_learnt(spec: Mapping[str, Any], prepared: Mapping[str, Any], result: Mapping[str, Any]) -> list[str]:
    """What the version did not learn of its batch although it was sent, in sentences."""
    told = []
    over = result.get("too_long") or {}
    if too_long := result.get("rows_too_long"):
        left_out = result.get("left_out") or {}
        samples, items = (len(left_out.get(name, ())) for name in ("samples", "items"))
        items -= sum((over.get("items") or {}).values()) + (result.get("refused") or {}).get("items", 0)  # told below
        told.append(
            f"{too_long} training rows are longer than max_seq_length {spec['hyperparameters'].get('max_seq_length')} and taught nothing: "
            f"{samples} samples are not among the trained ones, and {items} repair items that stand for such rows were not asked"
        )
    if held_out := over.get("held_out_rows"):
        told.append(f"{held_out} held-out rows are longer than max_seq_length {over.get('limit')} and were not measured")
    if unasked := over.get("items"):
        sets = ", ".join(f"{count} of {name}" for name, count in sorted(unasked.items()))
        told.append(f"items longer than max_seq_length {over.get('limit')} were asked of neither side: {sets}")
    if refused_parts := ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in (result.get("refused") or {}).items() if count):
        told.append(f"conversations that the base's chat template refuses taught nothing and were asked of neither side: {refused_parts}")
    if refused := prepared["dropped"].get(SAYS_NOTHING):
        told.append(f"{refused} corrections were refused: they hold marks or articles alone, of which scoring leaves nothing")
    return told


def _upload(
    store: ArtifactStore, state: TrainingState, folder: JobFolder, result: Mapping[str, Any], record: Mapping[str, Any],
    *, holdout: Mapping[str, Any] | None,
) -> None:  # fmt: skip
    card = folder.path / "README.md"
    card.write_text(model_card(record), encoding="utf-8")
    files = files_below(folder.path / result["adapter"]["path"], "adapter") | files_below(folder.path / result["merged"]["path"], "merged")
    files |= {"README.md": card, "scores.json": folder.path / result["scores"], INDEX: folder.path / INDEX}
    if record["told_corrections"] is not None:
        files[TOLD_FIGURES] = folder.path / result["told"]["path"]
    if holdout is not None:
        write_json(folder.path / HOLDOUT_FILE, holdout)
        files[HOLDOUT_FILE] = folder.path / HOLDOUT_FILE
    # Without a decision record nothing speaks of what may lie there: it is of this same job, before its folder was lost.
    put_folder(store, version_key(state.model, state.version), files, replace=True)


def _remembered(folder: JobFolder, spec: Mapping[str, Any], left_out: Mapping[str, Any]) -> list[EvaluationItem]:
    """Every repair item of what was learnt, also beyond those that this run asked, as far as its words were not taken back meanwhile.

    A job that a former release prepared has those alone that were asked.
    """
    path = folder.dataset / "memory.jsonl"
    if not path.is_file():
        path = folder.path / spec["dataset"]["evaluation"]
    items = load_evaluation_items(path) if path.stat().st_size else ()  # empty: all of them were taken back meanwhile
    unasked, unlearnt = set(left_out.get("items", ())), set(left_out.get("samples", ()))
    return [item for item in items if item.set == "repair" and item.id not in unasked and item.sample_id not in unlearnt]


def _keep_for_later(
    store: ArtifactStore, state: TrainingState, folder: JobFolder, spec: Mapping[str, Any], prepared: Mapping[str, Any],
    *, repair: Sequence[EvaluationItem], left_out: Mapping[str, Any],
) -> None:  # fmt: skip
    """The repair items and own rows of this version, read by later runs only if it is of their lineage; what it replayed is another's."""
    train, unlearnt = folder.path / spec["dataset"]["train"], set(left_out.get("rows", ()))
    learnt = [row for row in load_training_rows(train) if not is_replayed(row.origin) and row_name(row.id, row.prompt) not in unlearnt]
    place = {"model": state.model, "version": state.version}
    for rows, pattern in ((repair, REPAIR_ITEMS), (learnt, TRAINED_ROWS)):
        key = pattern.format(**place)
        if rows or store.exists(key):
            store.write_bytes(key, json_lines(rows))
    # Last: it says whose words the two hold, and what is taken back is looked for by it.
    store.write_bytes(TRAINED_SAMPLES.format(**place), json.dumps(prepared["samples"], indent=1).encode() + b"\n")


def model_card(record: Mapping[str, Any]) -> str:
    """The card beside an adapter, in the form of the Hugging Face hub; figures only, no user text."""
    training = record["training"]
    hyperparameters = "\n".join(
        f"| {name} | {value} | {record['hyperparameter_sources'].get(name, '')} |" for name, value in record["hyperparameters"].items()
    )
    counts = "\n".join(f"- {name}: {count}" for name, count in sorted(record["counts"].items()))
    return f"""---
library_name: peft
tags: [lora, abhyas]
---
# {record["model"]} {record["version"]}

Trained by Abhyas from version {record["baseline"]["version"]} (sha256 {record["baseline"]["sha256"]}), job `{record["job_id"]}`.

- `adapter/`: the LoRA adapter, sha256 {record["artifact"]["adapter_sha256"]}
- `merged/`: the full-precision model that was evaluated and that serves, sha256 {record["artifact"]["sha256"]}
- `scores.json`: scores of both sides for each item, without their texts
- `corrections.json`: which corrections were learnt, and which items ask them; ids alone
- `holdout.json`: ids and hashes of the held-out items, and which of them training data gave away
- `decision.json`: what the gate said, by which policy, and what was done

| knob | value | from |
|---|---|---|
{hyperparameters}

{training["steps"]} steps, {training["trained_tokens"]} trained tokens, loss {training["first_loss"]} to {training["last_loss"]}.

Rows and items:

{counts}
"""
