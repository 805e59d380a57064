"""From the gate's decision to what is done about it, and to the events that say so. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, cast

from gpu_runner.versions.active_baselines import StoredBaseline, active_after
from schemas.events.evaluation_completed import EvaluationCompleted, Score
from schemas.events.model_current import ModelCurrent
from schemas.events.promotion_decided import PromotionDecided, Verdict
from schemas.events.training_state import Outcome

OUTCOMES: Final[dict[str, Outcome]] = {"promote": "promoted", "reject": "rejected", "inconclusive": "inconclusive", "void": "void"}


@dataclass(frozen=True, slots=True)
class GateOutcome:
    """What becomes of a candidate. `applied`: it serves from now on."""

    verdict: Verdict
    applied: bool
    reasons: tuple[str, ...]


def decision_id(command_id: str) -> str:
    """The one decision of a command, whatever its attempts."""
    return f"{command_id}:decision"


def gate_outcome(
    gate_verdict: str, reasons: tuple[str, ...], *, baseline: Mapping[str, Any], artifact_sha256: str, serving: ModelCurrent | None,
    rolled_back: Collection[str],
) -> GateOutcome:  # fmt: skip
    """Applies the gate's verdict to what serves now.

    Against a baseline that no longer serves it is void; an artifact that was rolled back is not promoted again; a
    verdict of any other name is taken as inconclusive, because only `promote` may change what serves.
    """
    if serving is None or (serving.version, serving.artifact_sha256) != (baseline["version"], baseline["sha256"]):
        now = "nothing serves" if serving is None else f"{serving.version} serves"
        return GateOutcome("void", False, (f"the baseline {baseline['version']} no longer serves ({now})", *reasons))
    if gate_verdict == "promote" and artifact_sha256 in rolled_back:
        return GateOutcome("reject", False, ("this very artifact was rolled back before: only a person can promote it", *reasons))
    if gate_verdict == "promote":
        return GateOutcome("promote", True, reasons)
    if gate_verdict in ("reject", "inconclusive"):
        return GateOutcome(cast(Verdict, gate_verdict), False, reasons)
    return GateOutcome("inconclusive", False, (f"the gate answered {gate_verdict!r}, which is no verdict", *reasons))


def promotion_event(record: Mapping[str, Any], record_uri: str) -> PromotionDecided:
    """The event of a job's decision record; the same record gives the same event."""
    return PromotionDecided(
        decision_id=record["decision_id"],
        model=record["model"],
        version=record["version"],
        baseline_version=record["baseline"]["version"],
        job_id=record["job_id"],
        verdict=record["verdict"],
        applied=record["applied"],
        reasons=tuple(str(reason)[:2000] for reason in record["reasons"]),
        policy=record["policy"],
        artifact_sha256=record["artifact"]["sha256"],
        items_sha256=record["items_sha256"],
        batch_sha256=record["batch_sha256"],
        rows_too_long=record.get("rows_too_long"),
        samples_too_long=record.get("samples_too_long"),
        broken=True if record.get("broken") else None,
        actor=record["actor"],
        record_uri=record_uri,
        decided_at=datetime.fromisoformat(record["decided_at"]),
    )


def evaluation_event(record: Mapping[str, Any], scores: Mapping[str, Any], report_dir: str) -> EvaluationCompleted:
    """The event of a candidate's evaluation for the gate."""
    return EvaluationCompleted(
        job_id=record["job_id"],
        model=record["model"],
        version=record["version"],
        purpose="gate",
        baseline_version=record["baseline"]["version"],
        items_sha256=record["items_sha256"],
        scores=flat_scores(scores),
        report_dir=report_dir,
        completed_at=datetime.fromisoformat(record["decided_at"]),
    )


def current_event(record: Mapping[str, Any], serving: ModelCurrent, today: date) -> ModelCurrent:
    """What serves after a promotion on a day (UTC)."""
    return serving.model_copy(
        update={
            "version": record["version"],
            "artifact_uri": record["artifact"]["uri"],
            "artifact_sha256": record["artifact"]["sha256"],
            "previous_version": serving.version,
            "cause": "promotion",
            "decision_id": record["decision_id"],
            "since": datetime.fromisoformat(record["decided_at"]),
            "drift_baselines": active_after(serving.drift_baselines, StoredBaseline.of(record), today),
        }
    )


def flat_scores(scores: Mapping[str, Any]) -> tuple[Score, ...]:
    """Every aggregate of `scores.json` as one figure each; texts and counts are left out."""
    found: list[Score] = []
    for side, sets in scores.get("aggregates", {}).items():
        for item_set, languages in sets.items():
            for language, metrics in languages.items():
                items = int(metrics.get("items", 0))
                found += [
                    Score(
                        metric=name,
                        value=value,
                        side=side,
                        item_set=item_set,
                        language=None if language == "all" else language,
                        items=items,
                    )
                    for name, value in sorted(metrics.items())
                    if name != "items" and isinstance(value, int | float) and not isinstance(value, bool)
                ]
    return tuple(found)
