"""What the first version of a lineage scored, kept since the first candidate was compared with it."""

from __future__ import annotations

import json
from hashlib import sha256

import structlog

from gpu_runner.gate.guards import KEPT_SETS
from gpu_runner.gate.scores import LineageStart
from gpu_runner.versions.registry import lineage, read_record, version_key
from runtime.artifacts.store import ArtifactError, ArtifactStore

_log = structlog.get_logger(__name__)


def lineage_start(store: ArtifactStore, model: str, baseline: str) -> LineageStart | None:
    """Exact match of the lineage's first version on the items that it was asked; None where the baseline is that version.

    The first candidate of a lineage was compared with it on the model's own items, which never change, so its scores hold what is asked
    for. Where they are missing, or are not what the record names, no item is there: a guard that can't be checked promotes nothing.
    """
    versions = lineage(store, model, baseline)
    if len(versions) < 2:
        return None
    first, child = versions[-1], versions[-2]
    try:
        content = store.read_bytes(f"{version_key(model, child)}/scores.json")
        record = read_record(store, model, child) or {}
        if sha256(content).hexdigest() != record.get("scores_sha256"):
            raise ValueError("scores.json is not the one that its record names")
        items = json.loads(content)["items"]
        em = {item["item_id"]: item["baseline"]["em"] for item in items if item["set"] in KEPT_SETS}
    except (ArtifactError, OSError, ValueError, LookupError, TypeError) as error:
        _log.warning("the scores of the lineage's start can't be read", model=model, version=first, kept_by=child, error=str(error))
        em = {}
    return LineageStart(first, em)
