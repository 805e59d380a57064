"""What is stored of the corrections of a version: which it learnt, and how its run answered them; each checked by its hash. Blocking."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Any, Final

import msgspec
import structlog

from gpu_runner.dataset.memory.index import RememberedCorrection, index_of, read_index
from gpu_runner.dataset.rows import EvaluationItem
from gpu_runner.versions.corrections.matrix import AskedVersion, CorrectionsMatrix, corrections_matrix
from gpu_runner.versions.keys import REPAIR_ITEMS, WITHDRAWALS_FILE
from gpu_runner.versions.registry import lineage, read_record, version_key
from runtime.artifacts.store import ArtifactError, ArtifactStore, read_stored_json

INDEX: Final = "corrections.json"
_SETS: Final = ("repair", "earlier_repair")
_UNREADABLE: Final = (ArtifactError, OSError, ValueError, LookupError, TypeError)
_log = structlog.get_logger(__name__)


class _SideOfItem(msgspec.Struct):
    em: float | None = None
    fixed: bool | None = None

    def right(self) -> bool:
        """As `report_page.outcomes.is_right`: by the rule of its kind where the row says so, else by what the gate counts."""
        return self.fixed if self.fixed is not None else self.em == 1


class _ScoredItem(msgspec.Struct):
    item_id: str
    set: str
    baseline: _SideOfItem
    candidate: _SideOfItem


class _ScoresFile(msgspec.Struct):
    items: list[_ScoredItem]


def stored_index(store: ArtifactStore, model: str, version: str, record: Mapping[str, Any]) -> tuple[RememberedCorrection, ...] | None:
    """The list that the version's record names by its hash; None of a release that kept none, and where another one lies there.

    Without it the list is made of the items that are still there.
    """
    if (expected := record.get("corrections_sha256")) is None:
        return None
    key = f"{version_key(model, version)}/{INDEX}"
    try:
        content = store.read_bytes(key)
        if sha256(content).hexdigest() != expected:
            raise ValueError(f"{INDEX} is not the one that the version's record names")
        return read_index(content)
    except _UNREADABLE as error:
        _log.warning("the corrections of a version can't be read", model=model, version=version, error=str(error))
        return None


def stored_matrix(store: ArtifactStore, model: str, version: str, candidate: AskedVersion | None = None) -> CorrectionsMatrix:
    """The matrix of a version's lineage, and of a candidate that was trained from it. Raises ArtifactError where no record can be read."""
    known = [asked_version(store, model, name) for name in reversed(lineage(store, model, version))]
    return corrections_matrix([*known, *([] if candidate is None else [candidate])])


def asked_version(store: ArtifactStore, model: str, version: str) -> AskedVersion:
    """One version as it is stored. Scores that are missing, or are not what the record names, are its `fault`, and say nothing."""
    record = read_record(store, model, version) or {}
    known = AskedVersion(version, withdrawn=record.get("withdrawn") or {})
    try:
        known = replace(known, corrections=_corrections(store, model, version, record), removed=_removed(store, model, version))
        if "scores_sha256" not in record:  # the first version was compared with nothing, and one that was made elsewhere neither
            return known
        scores = store.read_bytes(f"{version_key(model, version)}/scores.json")
        if sha256(scores).hexdigest() != record["scores_sha256"]:
            raise ValueError("scores.json is not the one that its record names")
        return judged_version(version, scores, known.corrections, known.withdrawn, known.removed)
    except _UNREADABLE as error:
        _log.warning("the scores of a version can't be read", model=model, version=version, error=str(error))
        return replace(known, fault=str(error))


def judged_version(
    version: str,
    scores: bytes,
    corrections: tuple[RememberedCorrection, ...],
    withdrawn: Mapping[str, str],
    removed: frozenset[str] = frozenset(),
) -> AskedVersion:
    """The same of what is at hand: `scores` are the bytes of scores.json. Raises ValueError for bytes that are no scores of two sides."""
    items = [item for item in msgspec.json.decode(scores, type=_ScoresFile).items if item.set in _SETS]
    return AskedVersion(
        version,
        corrections,
        {item.item_id: item.candidate.right() for item in items},
        {item.item_id: item.baseline.right() for item in items},
        withdrawn,
        removed,
    )


def _corrections(store: ArtifactStore, model: str, version: str, record: Mapping[str, Any]) -> tuple[RememberedCorrection, ...]:
    listed = stored_index(store, model, version, record)
    key = REPAIR_ITEMS.format(model=model, version=version)
    if listed is not None or not store.exists(key):
        return listed or ()
    rows = [json.loads(line) for line in store.read_bytes(key).splitlines() if line.strip()]
    return index_of(
        EvaluationItem(
            str(row["id"]), "repair", "", tuple(row["answers"]), str(row["language"]), str(row["group"]), sample_id=row.get("sample_id")
        )
        for row in rows
    )


def _removed(store: ArtifactStore, model: str, version: str) -> frozenset[str]:
    key = f"{version_key(model, version)}/{WITHDRAWALS_FILE}"
    return frozenset(read_stored_json(store, key)["samples"]) if store.exists(key) else frozenset()
