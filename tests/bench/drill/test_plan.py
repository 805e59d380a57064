"""The plan of the faults."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from bench.drill.launcher import STEPS
from bench.drill.plan import DELETED, make_plan

KILLS = ("step", "restore", "sigkill", "broker")


@given(kills=st.integers(0, 80), failures=st.integers(0, 20), seed=st.integers(0, 100))
def test_the_seed_alone_decides(kills: int, failures: int, seed: int) -> None:
    """The same arguments make the same plan: as many kills and handler failures as asked for, and 1, 3, then 2 instances."""
    plan = make_plan(kills=kills, handler_failures=failures, seed=seed)
    assert plan == make_plan(kills=kills, handler_failures=failures, seed=seed)
    kinds = Counter(fault.kind for fault in plan)
    assert sum(kinds[kind] for kind in KILLS) == max(kills, 1)
    assert kinds["handler"] == failures
    assert min(kinds[kind] for kind in ("reset", "half_open", "sigstop", "delete", "open", "hold")) >= 1
    assert {(fault.stage, fault.topic) for fault in plan if fault.kind == "delete"} == set(DELETED)
    assert kinds["extend"] == kinds["make_anew"] == 1
    assert [fault.instances for fault in plan if fault.kind == "scale"] == [3, 2]


def test_the_short_form_kills_at_every_step() -> None:
    """Twelve kills are enough for each step of a transaction, the restore, the broker and any moment."""
    plan = make_plan(kills=12, handler_failures=0, seed=1)
    assert {fault.step for fault in plan if fault.step} == {*STEPS, "restore"}
    assert {"broker", "sigkill"} <= {fault.kind for fault in plan}


def test_the_full_form_kills_both_stages_at_every_step() -> None:
    """Sixty kills meet each step in each stage, and the broker five times."""
    plan = make_plan(kills=60, handler_failures=0, seed=1)
    assert {(fault.stage, fault.step) for fault in plan if fault.kind == "step"} == {
        (s, step) for s in ("stage1", "stage2") for step in STEPS
    }
    assert sum(fault.kind == "broker" for fault in plan) == 5
