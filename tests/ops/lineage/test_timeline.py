"""What served when: periods, refused candidates, and what the records lack."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ops.lineage.records import read_model, stored_models
from ops.lineage.timeline import person_reason, refused, served
from runtime.artifacts.local import LocalStore

A, B = "a" * 64, "b" * 64


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    """A model whose v1 was promoted, left for v0 and brought back by a person, whose v2 was rejected, with one version from elsewhere."""
    store = LocalStore(tmp_path)
    put(store, "v0/decision.json", verdict="bootstrap", applied=True, actor="meera", sha=A, at="2026-11-02T06:30:00+00:00")
    put(store, "v1/decision.json", verdict="promote", applied=True, actor="gate", sha=B, baseline="v0", at="2026-11-09T06:30:00+00:00")
    put(store, "v1/decisions/r.json", verdict="rollback", applied=True, actor="stage2", sha=B, at="2026-11-10T06:30:00+00:00",
        from_version="v1", to_version="v0", reason="worse")  # fmt: skip
    put(store, "v1/decisions/p.json", verdict="operator", applied=True, actor="asha", sha=B, at="2026-11-11T06:30:00+00:00",
        from_version="v0", to_version="v1", reasons=["asha promoted v1: it was the data"])  # fmt: skip
    put(
        store,
        "v2/decision.json",
        verdict="reject",
        applied=False,
        actor="gate",
        sha="c" * 64,
        baseline="v1",
        at="2026-11-12T06:30:00+00:00",
    )
    put(store, "x-1/registration.json", actor="ravi", sha="d" * 64)
    return store


def put(store: LocalStore, place: str, *, sha: str, at: str | None = None, baseline: str | None = None, **fields: Any) -> None:
    """A record of the model `tiny`."""
    record = {"model": "tiny", "version": place.partition("/")[0], "artifact": {"uri": "u", "sha256": sha}, **fields}
    record |= {"decided_at": at} if at else {}
    record |= {"baseline": {"version": baseline}} if baseline else {}
    store.write_bytes(f"finetuned/tiny/{place}", json.dumps(record).encode())


def test_each_period_ends_where_the_next_begins_and_says_how_it_came(store: LocalStore) -> None:
    """Bootstrap, gate, rollback, person; a rollback's artifact is that of the version that service went back to."""
    periods = served(read_model(store, "tiny"))
    assert [(one.version, one.way, one.actor, one.previous, one.artifact_sha256) for one in periods] == [
        ("v0", "bootstrap", "meera", None, A),
        ("v1", "gate", "gate", "v0", B),
        ("v0", "rollback", "stage2", "v1", A),
        ("v1", "person", "asha", "v0", B),
    ]
    assert [one.until for one in periods] == [*(one.since for one in periods[1:]), None]
    assert all(one.follows for one in periods)
    assert [one.reason for one in periods[2:]] == ["worse", "it was the data"]


def test_refused_candidates_are_told_apart(store: LocalStore) -> None:
    """A registered version is no candidate, a promoted one not refused; a broken one says so, by either place of the record."""
    put(store, "v3/decision.json", verdict="inconclusive", applied=False, sha=A, at="2026-11-13T06:30:00+00:00", gate={"broken": True})
    found = refused(read_model(store, "tiny"))
    assert [(one.version, one.verdict, one.broken, one.baseline) for one in found] == [
        ("v2", "reject", False, "v1"),
        ("v3", "inconclusive", True, None),
    ]


def test_a_missing_record_is_seen_in_the_next_one(store: LocalStore) -> None:
    """The period after it says that another version served before."""
    put(store, "v4/decision.json", verdict="promote", applied=True, sha=A, baseline="v2", at="2026-11-14T06:30:00+00:00")
    assert [one.follows for one in served(read_model(store, "tiny"))] == [True, True, True, True, False]


def test_a_damaged_record_is_named_and_left_out(store: LocalStore) -> None:
    """All others are read."""
    store.write_bytes("finetuned/tiny/v1/decisions/r.json", b"{half")
    store.write_bytes("finetuned/tiny/v2/decision.json", b"[]")
    found = read_model(store, "tiny")
    assert len(found.damaged) == 2
    assert "finetuned/tiny/v1/decisions/r.json" in found.damaged[0]
    assert [one.version for one in served(found)] == ["v0", "v1", "v1"]


def test_models_are_those_with_a_record(store: LocalStore) -> None:
    """What lies below `finetuned` without one is none; versions are in the order of their numbers."""
    store.write_bytes("finetuned/other/v1/scores.json", b"{}")
    assert stored_models(store) == ["tiny"]
    assert list(read_model(store, "tiny").versions) == ["v0", "v1", "v2", "x-1"]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ({"reason": "", "reasons": ["asha promoted v1: other"]}, ""),
        ({"reasons": ["asha promoted v1: a: b"]}, "a: b"),
        ({"reasons": ["asha promoted v1"]}, ""),
        ({}, ""),
    ],
)
def test_a_persons_reason_is_read_from_records_of_either_kind(content: dict[str, Any], told: str) -> None:
    """The field where it is, else what stands behind the deed."""
    assert person_reason(content) == told
