"""Which artifacts were rolled back: their records lie beside them, so the answer does not expire with a topic."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from weakref import WeakKeyDictionary

from producers.artifact_store.artifacts import ArtifactStore, read_stored_json


@dataclass(frozen=True, slots=True)
class _Record:
    """What a decision's record says of an artifact."""

    sha256: str
    at: str
    verdict: str
    applied: bool


# Records are written once and never again, so each is read once by a process; an old model has thousands.
_READ: Final[WeakKeyDictionary[Any, dict[str, _Record]]] = WeakKeyDictionary()


def rolled_back_artifacts(store: ArtifactStore, model: str) -> frozenset[str]:
    """The sha256 of every artifact of a model that a rollback took out of service and no person promoted since.

    One listing, and one read for each record that this process has not seen yet.
    """
    known = _READ.setdefault(store, {})
    newest: dict[str, _Record] = {}
    for key in store.list(f"finetuned/{model}"):
        if "/decisions/" not in key:
            continue
        record = known.get(key)
        if record is None:
            record = known[key] = _read(store, key)
        if record.applied and (record.sha256 not in newest or record.at > newest[record.sha256].at):
            newest[record.sha256] = record
    return frozenset(sha256 for sha256, record in newest.items() if record.verdict == "rollback")


def _read(store: ArtifactStore, key: str) -> _Record:
    whole = read_stored_json(store, key)
    if not whole.get("applied"):
        return _Record("", "", "", applied=False)
    return _Record(str(whole["artifact"]["sha256"]), str(whole["decided_at"]), str(whole["verdict"]), applied=True)
