"""What is pinned of a holdout, and how its key is changed."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gpu_runner.dataset.rows import EvaluationItem
from gpu_runner.versions.holdout import (
    KEY_CHANGES,
    KeyChange,
    KeyChangeRefused,
    after_changes,
    changed_key,
    current_key_id,
    holdout_record,
    key_changes,
)
from runtime.artifacts.local import LocalStore
from schemas.holdout import key_id

OLD, NEW, NEWER = b"old key", b"new key", b"newer key"
ITEMS = tuple(
    EvaluationItem(
        f"i{number}", "holdout" if number % 2 else "old_facts", f"What is in hall {number}?", ("a bell",), "en", f"hall {number}"
    )
    for number in range(40)
)
HELD = {item.id for item in ITEMS if item.set == "holdout"}


def change(changes: tuple[KeyChange, ...] = (), **fields: Any) -> KeyChange:
    """The next change."""
    given: dict[str, Any] = {"old": OLD, "new": NEW, "keep_percent": 100, "actor": "asha", "reason": "it leaked"} | fields
    record = changed_key(ITEMS, changes, first_key_id=key_id(OLD), now=datetime(2026, 12, 1, tzinfo=UTC), **given)
    return KeyChange(record["number"], record["before"], record["after"], frozenset(record["kept"]), record)


def test_a_record_names_items_by_id_and_hash_and_holds_no_text() -> None:
    """Only what is held out is pinned, another answer is another hash."""
    record = holdout_record(ITEMS, key=key_id(OLD), percent=10, leaked={"batch": ["i3"], "trained": []})
    assert {item["id"] for item in record["items"]} == HELD
    assert "hall" not in json.dumps(record)
    assert "bell" not in json.dumps(record)
    other = holdout_record([EvaluationItem("i1", "holdout", "What is in hall 1?", ("a drum",), "en", "hall 1")], key="k", percent=10)
    assert other["items"][0]["group_sha256"] == record["items"][0]["group_sha256"]
    assert other["items"][0]["sha256"] != record["items"][0]["sha256"]


def test_every_change_leaves_a_part_of_what_was_held_out() -> None:
    """Kept whole by default, by the new key's share else; a second change starts from what the first left, and old facts stay."""
    whole = change()
    assert after_changes(ITEMS, [whole]) == ITEMS
    half = change(keep_percent=50)
    left = {item.id for item in after_changes(ITEMS, [half]) if item.set == "holdout"}
    assert set() < left < HELD
    assert left == set(half.record["items_kept"])
    assert HELD - left == set(half.record["items_released"])
    again = change((half,), old=NEW, new=NEWER, keep_percent=50)
    assert {item.id for item in after_changes(ITEMS, [half, again]) if item.set == "holdout"} < left
    assert sum(item.set == "old_facts" for item in after_changes(ITEMS, [half, again])) == 20
    assert current_key_id(key_id(OLD), [half, again]) == key_id(NEWER)


def test_a_change_from_another_key_or_back_is_refused() -> None:
    """The old key must be the one in force, and no key comes back: what it would hold out was trained."""
    first = change()
    with pytest.raises(KeyChangeRefused, match="in force is"):
        change((first,), old=OLD, new=NEWER)
    for known in (OLD, NEW):
        with pytest.raises(KeyChangeRefused, match="was in force before"):
            change((first,), old=NEW, new=known)


def test_changes_are_read_in_their_order(tmp_path: Path) -> None:
    """From the numbered records of the store; none is none."""
    store = LocalStore(tmp_path)
    assert key_changes(store, "m") == ()
    first = change(keep_percent=50)
    second = change((first,), old=NEW, new=NEWER)
    for one in (second, first):
        store.write_bytes(f"{KEY_CHANGES.format(model='m')}/{one.number:04d}.json", json.dumps(one.record).encode())
    assert [one.number for one in key_changes(store, "m")] == [1, 2]
    assert key_changes(store, "m")[1].kept == second.kept
