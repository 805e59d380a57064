"""The holdout of a model as it is pinned: ids and hashes of its items beside every version, and changes of the key. No text; kept for ever.

A change of the key is a record of its own, numbered, written once. It only releases: what stays held out is a part of what was held out
before, by the hashes of the groups, and nothing that was trained becomes held out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from gpu_runner.dataset.firewall.assignment import group_sha256
from gpu_runner.dataset.rows import EvaluationItem, json_lines
from gpu_runner.errors import RunnerError
from gpu_runner.versions.registry import read_record, version_key
from runtime.artifacts.store import ArtifactStore, read_stored_json
from schemas.holdout import is_holdout, key_id

FORMAT: Final = 1
# Beside a version's decision.json.
HOLDOUT_FILE: Final = "holdout.json"
KEY_CHANGES: Final = "eval_data/{model}/holdout_keys"


class KeyChangeRefused(RunnerError):
    """The holdout key can't be changed like this; the message says what was expected."""


@dataclass(frozen=True)
class KeyChange:
    """One change: from the key `before` to the key `after`, by their ids; `kept` are the hashes of the groups that stay held out."""

    number: int
    before: str
    after: str
    kept: frozenset[str]
    record: Mapping[str, Any]


def item_sha256(item: EvaluationItem) -> str:
    """The hash of an item as its file has it."""
    return hashlib.sha256(json_lines([item])).hexdigest()


def holdout_record(
    items: Iterable[EvaluationItem], *, key: str, percent: int, leaked: Mapping[str, Sequence[str]] | None = None
) -> dict[str, Any]:
    """What is pinned of the items of the set `holdout` under the key of this id; `leaked` are ids by when a row gave them away."""
    held = sorted((item for item in items if item.set == "holdout"), key=lambda item: item.id)
    return {
        "format": FORMAT,
        "key_id": key,
        "percent": percent,
        "items": [{"id": item.id, "sha256": item_sha256(item), "group_sha256": group_sha256(item.group)} for item in held],
        "leaked": {when: sorted(ids) for when, ids in (leaked or {}).items()},
    }


def pinned_holdout(store: ArtifactStore, model: str, version: str) -> dict[str, Any] | None:
    """The record beside a version; None of a version of an earlier release."""
    key = f"{version_key(model, version)}/{HOLDOUT_FILE}"
    return read_stored_json(store, key) if store.exists(key) else None


def key_changes(store: ArtifactStore, model: str) -> tuple[KeyChange, ...]:
    """The changes of a model's holdout key, the oldest first."""
    found = []
    for key in sorted(store.list(KEY_CHANGES.format(model=model))):
        record = read_stored_json(store, key)
        found.append(KeyChange(record["number"], record["before"], record["after"], frozenset(record["kept"]), record))
    return tuple(sorted(found, key=lambda change: change.number))


def current_key_id(first: str, changes: Sequence[KeyChange]) -> str:
    """The id of the key that the model's services must have: the bootstrap's, or that of the last change."""
    return changes[-1].after if changes else first


def after_changes(items: Iterable[EvaluationItem], changes: Sequence[KeyChange]) -> tuple[EvaluationItem, ...]:
    """The items without those of the holdout that a change released: they may train now, so they are asked no more."""
    if not changes:
        return tuple(items)
    return tuple(item for item in items if item.set != "holdout" or group_sha256(item.group) in changes[-1].kept)


def changed_key(
    items: Sequence[EvaluationItem], changes: Sequence[KeyChange], *, first_key_id: str, old: bytes, new: bytes, keep_percent: int,
    actor: str, reason: str, now: datetime,
) -> dict[str, Any]:  # fmt: skip
    """The record of a change from the key `old` to `new`, of which `keep_percent` of the held-out groups stay, chosen by the new key.

    Raises KeyChangeRefused where `old` is not the key in force, `new` was in force before, or nothing would be left.
    """
    active_id = current_key_id(first_key_id, changes)
    if key_id(old) != active_id:
        raise KeyChangeRefused(f"the old key has id {key_id(old)}, in force is {active_id}: give the key that the services have now")
    if key_id(new) in {first_key_id, *(change.after for change in changes)}:
        raise KeyChangeRefused(f"the new key {key_id(new)} was in force before: make a new one")
    held = [item for item in after_changes(items, changes) if item.set == "holdout"]
    groups = {group_sha256(item.group): item.group for item in held}
    kept = {name for name, group in groups.items() if keep_percent == 100 or is_holdout(group, key=new, percent=keep_percent)}
    if not kept:
        raise KeyChangeRefused(f"of {len(groups)} held-out groups none would stay: ask for more than {keep_percent} %")
    return {
        "format": FORMAT,
        "number": len(changes) + 1,
        "before": active_id,
        "after": key_id(new),
        "kept": sorted(kept),
        "released": sorted(groups.keys() - kept),
        "items_kept": sorted(item.id for item in held if group_sha256(item.group) in kept),
        "items_released": sorted(item.id for item in held if group_sha256(item.group) not in kept),
        "actor": actor,
        "reason": reason,
        "changed_at": now.isoformat(),
    }


def leaked_before(store: ArtifactStore, model: str, version: str) -> frozenset[str]:
    """The held-out items that a version's lineage trained on, as its record says."""
    record = pinned_holdout(store, model, version)
    return frozenset() if record is None else frozenset(record["leaked"].get("trained", ()))


def first_key_id(store: ArtifactStore, model: str, version: str = "v0") -> str | None:
    """The id of the key that a model was bootstrapped with; None of a model that was not."""
    record = read_record(store, model, version)
    return None if record is None else record.get("content", {}).get("holdout_key_id")
