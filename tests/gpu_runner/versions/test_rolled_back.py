"""The records of rollbacks are read once, however many jobs come."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from gpu_runner.versions.registry import rolled_back_artifacts
from runtime.artifacts.local import LocalStore


class CountingStore(LocalStore):
    """Counts what is read."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.reads: Counter[str] = Counter()

    def read_bytes(self, key: str) -> bytes:
        self.reads[key] += 1
        return super().read_bytes(key)


def decide(store: LocalStore, number: int, sha256: str, verdict: str, *, applied: bool = True) -> None:
    """A decision's record beside the artifact."""
    record: dict[str, Any] = {
        "applied": applied, "artifact": {"sha256": sha256}, "decided_at": f"2026-11-23T04:{number:02}:00+00:00", "verdict": verdict
    }  # fmt: skip
    store.write_bytes(f"finetuned/tiny/v1/decisions/d{number}.json", json.dumps(record).encode())


def test_k9_records_of_decisions_are_read_once(tmp_path: Path) -> None:
    """New ones are seen, the newest of an artifact counts, and another store is asked itself."""
    store = CountingStore(tmp_path / "one")
    decide(store, 1, "a", "rollback")
    decide(store, 2, "b", "rollback")
    decide(store, 3, "c", "rollback", applied=False)
    assert [rolled_back_artifacts(store, "tiny") for _ in range(5)] == [{"a", "b"}] * 5
    decide(store, 4, "b", "operator")
    assert rolled_back_artifacts(store, "tiny") == {"a"}
    assert set(store.reads.values()) == {1}
    assert rolled_back_artifacts(CountingStore(tmp_path / "two"), "tiny") == frozenset()
