"""`abhyas history MODEL`: what served when, and why."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ops.commands.models.bootstrap import configured_store
from ops.commands.models.operator import named_model
from ops.commands.options import Data, Json
from ops.errors import OperationFailed

if TYPE_CHECKING:
    from ops.lineage.records import ModelRecords
    from ops.lineage.timeline import RefusedCandidate, ServingPeriod
    from runtime.artifacts.store import ArtifactStore


def history(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="The model's name or slug.")],
    *,
    every: Annotated[
        bool, typer.Option("--all", help="Also the candidates that were refused, and versions that a person registered.")
    ] = False,
    as_json: Json = False,
    data: Data = None,
) -> None:
    """What served when, and why: from the records in the artifact store, without a broker."""
    from ops.lineage.timeline import refused, served
    from ops.tables import show_table

    records = model_records(configured_store(data), named_model(model))
    periods, turned_down = served(records), refused(records) if every else ()
    registered = [one.version for one in records.versions.values() if one.registered] if every else []
    if as_json:
        told: dict[str, Any] = {"model": records.model, "periods": [one.as_dict() for one in periods], "damaged": list(records.damaged)}
        if every:
            told |= {"refused": [one.as_dict() for one in turned_down], "registered": registered}
        print(json.dumps(told, ensure_ascii=False, indent=1))
    else:
        rows = [_of_period(one) for one in periods] + [_of_refused(one) for one in turned_down]
        if every:
            rows += [_of_registered(one.own.content) for one in records.versions.values() if one.own is not None and one.registered]
        cells = [(_minute(since), _minute(until), *others) for since, until, *others in sorted(rows)]
        show_table(("from (UTC)", "to", "version", "artifact", "by", "actor", "before", "why"), cells)
    for damaged in records.damaged:
        print(f"abhyas: {damaged}", file=sys.stderr)


def model_records(store: ArtifactStore, model: str) -> ModelRecords:
    """The records of a model; raises OperationFailed that names the models that there are where it has none."""
    from ops.lineage.records import read_model, stored_models
    from runtime.artifacts.store import ArtifactError

    try:
        found = read_model(store, model)
        if found.versions or found.damaged:
            return found
        known = stored_models(store)
    except (ArtifactError, OSError) as error:
        raise OperationFailed(f"the records of {model} can't be read: {error}") from None
    there = f"the store has {', '.join(known)}" if known else "the store has no model"
    raise OperationFailed(f"{model} has no version in the artifact store (looked for finetuned/{model}): {there}")


def short(sha256: str | None) -> str:
    """A hash as a person compares it."""
    return "" if sha256 is None else sha256[:12]


def _of_period(one: ServingPeriod) -> tuple[str, ...]:
    missing = "" if one.follows else f" [its record says that {one.previous or 'nothing'} served before: a record is missing]"
    why = f"{one.reason}{missing}".strip()
    return one.since, one.until or "now", one.version, short(one.artifact_sha256), one.way, one.actor, one.previous or "", why


def _of_refused(one: RefusedCandidate) -> tuple[str, ...]:
    verdict = "broken" if one.broken else {"inconclusive": "abstain"}.get(one.verdict, one.verdict)
    why = "; ".join(one.reasons)
    return one.at, "not served", one.version, short(one.artifact_sha256), verdict, "gate", one.baseline or "", why


def _of_registered(record: Mapping[str, Any]) -> tuple[str, ...]:
    """A release before kept neither the time nor the reason."""
    why = str(record.get("reason") or "made elsewhere; the gate has not seen it")
    sha256 = str(record.get("artifact", {}).get("sha256") or "")
    at = str(record.get("registered_at") or "")
    return at, "not served", str(record.get("version")), short(sha256), "registered", str(record.get("actor")), "", why


def _minute(at: str) -> str:
    """To the minute; what is no time stays as it is."""
    return f"{at[:10]} {at[11:16]}" if at[10:11] == "T" else at
