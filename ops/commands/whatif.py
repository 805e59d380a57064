"""`abhyas whatif --policy FILE`: what other policies would have made of a model's recorded history, beside what was."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from ops.commands.models.operator import named_model
from ops.commands.options import Data, Json, Model
from ops.stack.description import connection

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.table import Table

    from consumers.decide.trigger_state import TriggerPolicy
    from consumers.decide.whatif import RecordedHistory, Run, Simulation
    from ops.whatif.run import WhatIfAnswer

LIMITS: Final = (
    "the feedback is what users said of the versions that served then; other runs would have made other versions",
    "recorded ends of runs, promotions and rollbacks are not shown to a policy, except with run_outcome = recorded for runs that it shares "
    "with the record; a bootstrap and a person's choice of the serving version are",
    "drift of documents is found with the baselines that the consumers have fetched into DATA_DIR on this machine, and left out where "
    "they are missing",
    "what a policy does not name is as this environment sets it for the consumers",
)


def whatif(
    *,
    policy: Annotated[
        Path,
        typer.Option(metavar="FILE", help='Named policies: TOML tables, or JSON as {"eager": {"threshold": 50, "cool_down_minutes": 0}}.'),
    ],
    model: Model = None,
    as_json: Json = False,
    data: Data = None,
) -> None:
    """Runs the recorded history through other thresholds, caps and cool-downs: when each would have fired, with which batch.

    A policy names what differs from the environment's, by the trigger's field or by environment variable. Ends of runs
    can't be known, so a policy may say run_minutes and run_outcome; the default is the median of the recorded runs, and the
    outcome recorded most often. run_outcome = "recorded" lets runs that are recorded too end as they did. Nothing is written.
    """
    from ops.whatif.policies import active_policy, read_policies
    from ops.whatif.run import CachedBaselines, what_if
    from runtime.settings import ServiceSettings

    scenarios = read_policies(policy, CachedBaselines((data or ServiceSettings().data_dir) / "cache" / "drift"))
    answer = asyncio.run(what_if(connection(data), named_model(model) if model else ServiceSettings().default_model, scenarios))
    found = as_dict(answer, active_policy())
    if as_json:
        print(json.dumps(found, ensure_ascii=False, indent=1))
    else:
        _show(found)


def as_dict(answer: WhatIfAnswer, active: TriggerPolicy) -> dict[str, Any]:
    """Everything that is shown, times in ISO 8601 UTC."""
    history = answer.history
    recorded = {run.sha256: run.number for run in history.runs.values()}
    return {
        "model": answer.model,
        "history": {
            "from": _iso(history.from_ms),
            "to": _iso(history.to_ms),
            "complete": history.complete,
            "note": _note(history),
        },
        "recorded": {"runs": _runs(history.runs.values())},
        "policies": [_policy(simulation, active, history, recorded) for simulation in answer.simulations],
        "limits": list(LIMITS),
    }


def _policy(simulation: Simulation, active: TriggerPolicy, history: RecordedHistory, recorded: dict[str, int]) -> dict[str, Any]:
    scenario, trigger = simulation.scenario, simulation.trigger
    return {
        "name": scenario.name,
        "policy": _fields(scenario.policy),
        "differs": {name: value for name, value in _fields(scenario.policy).items() if value != _fields(active)[name]},
        "assumed": {
            "run_minutes": round(simulation.run_minutes, 2),
            "run_outcome": simulation.run_outcome,
            "recorded_ends": scenario.run_outcome == "recorded",
            "note": _assumption(simulation, history),
        },
        "runs": [shown | {"recorded_batch": recorded.get(shown["sha256"])} for shown in _runs(simulation.runs)],
        "pending_negatives": trigger.buffer.pending_negatives,
        "pending_documents": trigger.buffer.pending_documents,
        "blocked_because": trigger.blocked_because(),
        "drift_of_documents": trigger.drift.documents.unwatched_because(),
    }


def _fields(policy: TriggerPolicy) -> dict[str, Any]:
    found = {field.name: getattr(policy, field.name) for field in dataclasses.fields(policy) if field.name != "drift"}
    drift = policy.drift
    return found | {
        "drift_ratings_baseline": drift.rates.baseline_events,
        "drift_min_bucket_events": drift.rates.min_bucket_events,
        "data_drift_window_days": drift.window_days,
    }


def _runs(runs: Iterable[Run]) -> list[dict[str, Any]]:
    return [
        {
            "command_id": run.command_id,
            "asked": _iso(run.asked_ms[0]),
            "attempts": len(run.asked_ms),
            "rules": list(run.rules),
            "batch": run.number,
            "sha256": run.sha256,
            "samples": run.samples,
            "documents": run.documents,
            "ended": _iso(run.ended_ms),
            "minutes": None if run.ended_ms is None else round((run.ended_ms - run.asked_ms[0]) / 60_000, 1),
            "outcome": run.outcome,
        }
        for run in runs
    ]


def _note(history: RecordedHistory) -> str:
    if history.from_ms is None:
        return "no clock tick is recorded, so nothing could fire"
    if history.complete:
        return "the history is whole"
    return (
        f"the history is known from {_iso(history.from_ms)} on, what came before has left the topic: samples that waited then, a pause "
        f"and a cool-down are not known, version {history.serving_before() or 'none'} is taken to serve, batches are numbered from 1"
    )


def _assumption(simulation: Simulation, history: RecordedHistory) -> str:
    scenario, ended = simulation.scenario, history.ended_runs()
    if scenario.run_minutes is not None:
        minutes = "as the policy says"
    else:
        minutes = f"the median of {len(ended)} recorded runs" if ended else "nothing is recorded"
    if scenario.run_outcome not in (None, "recorded"):
        outcome = "as the policy says"
    else:
        count = sum(run.outcome == simulation.run_outcome for run in ended)
        outcome = f"recorded most often, {count} of {len(ended)}" if ended else "nothing is recorded"
    text = f"a run ends after {simulation.run_minutes:g} minutes ({minutes}), {simulation.run_outcome} ({outcome})"
    return f"a run that is recorded too ends as recorded; else {text}" if scenario.run_outcome == "recorded" else text


def _show(found: dict[str, Any]) -> None:
    from rich.console import Console

    console = Console(soft_wrap=True, highlight=False, markup=False)
    if not console.is_terminal:
        console.width = 120
    history = found["history"]
    console.print(f"{found['model']}: {history['from']} to {history['to']}, {history['note']}")
    console.print(f"\nrecorded: {len(found['recorded']['runs'])} runs")
    console.print(_table(found["recorded"]["runs"]))
    for policy in found["policies"]:
        differs = ", ".join(f"{name} {value:g}" for name, value in policy["differs"].items()) or "the policy in force"
        console.print(f"\n{policy['name']}: {len(policy['runs'])} runs with {differs}")
        console.print(f"  assumed: {policy['assumed']['note']}")
        console.print(_table(policy["runs"]))
        rest = f"  at the end {policy['pending_negatives']} negatives and {policy['pending_documents']} documents wait"
        console.print(rest + (f"; {policy['blocked_because']}" if policy["blocked_because"] else ""))
        if policy["drift_of_documents"]:
            console.print(f"  drift of documents is left out: {policy['drift_of_documents']}")
    console.print("\nwhat this can't tell:")
    for limit in found["limits"]:
        console.print(f"- {limit}")


def _table(runs: list[dict[str, Any]]) -> Table:
    from rich.table import Table

    table = Table("asked (UTC)", "batch", "samples", "documents", "due", "sha256", "took", "outcome", box=None, padding=(0, 2))
    for column in table.columns:
        column.overflow = "fold"
    for run in runs:
        number = str(run["batch"]) + (f" (recorded {run['recorded_batch']})" if run.get("recorded_batch") else "")
        outcome = (run["outcome"] or "") + (f", attempt {run['attempts']}" if run["attempts"] > 1 else "")
        row = (run["asked"][:16].replace("T", " "), number, str(run["samples"]), str(run["documents"]), ", ".join(run["rules"]))
        table.add_row(*row, run["sha256"][:12], "runs" if run["minutes"] is None else f"{run['minutes']:g} min", outcome)
    return table


def _iso(moment_ms: int | None) -> str | None:
    return None if moment_ms is None else datetime.fromtimestamp(moment_ms / 1000, UTC).isoformat(timespec="seconds")
