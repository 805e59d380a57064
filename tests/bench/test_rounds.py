"""Rounds in short: two rounds through the whole installation cost the same steps each, and keep their own rows (`make bench-rounds`)."""

from __future__ import annotations

import asyncio
import shutil
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from bench.rounds.loop import run_rounds
from bench.rounds.material import corrected
from bench.rounds.measure import MOST_STEPS, Round, figures, sizes, violations

GOOD = Round(1, 40, 25, 0, 100, 1104, (100, 1104), 100, "promote", False, (), 1.0, 60.0, {"jobs/*/merged": 1})


@pytest.mark.process
@pytest.mark.timeout(600)
def test_k10_every_round_costs_what_the_first_did(tiny_base: Path, tmp_path: Path) -> None:
    """Gateway, both stages, runner and gate are real, and so is the child's plan: it trains nothing, so that two rounds take seconds."""
    found = asyncio.run(
        run_rounds(base=tiny_base, work=tmp_path / "work", rounds=2, corrections=25, runner_module="bench.rounds.planned_runner")
    )
    assert violations(found) == []
    assert [(one.verdict, one.corrections, one.new_rows) for one in found] == [("promote", 25, 100)] * 2
    assert [one.replay_rows - found[0].replay_rows for one in found] == [0, 100]
    assert found[0].size_bytes["models/training_data"] > 0


def test_what_a_round_must_not_do_is_a_violation() -> None:
    """The bench's own judge: other counts, a batch leased again, rows of others kept, and growing steps are each named."""
    second = replace(GOOD, number=2, replay_rows=1204, trainer_rows=(100, 1204))
    assert violations([GOOD, second]) == []
    worse = replace(second, trainer_rows=(200, 1104), again=3, stored_rows=200, steps=round(40 * MOST_STEPS) + 1)
    assert len(violations([GOOD, worse])) == 4
    assert next(one.met for one in figures([GOOD, worse])) is False


def test_there_is_enough_to_correct_and_none_of_it_is_held_out_or_asked_twice() -> None:
    """Ten rounds of 25, each question once, the same for one seed."""
    questions = corrected(0)
    assert len({question.text for question in questions}) == len(questions) >= 250
    assert questions == corrected(0) != corrected(1)


def test_a_folder_that_is_removed_meanwhile_has_no_size(tmp_path: Path) -> None:
    """The runner clears jobs while the folder is measured: what stays is counted, and what goes is no failure."""
    (tmp_path / "keys").write_bytes(b"1234")
    over = threading.Event()

    def churn() -> None:
        while not over.is_set():
            (tmp_path / "jobs" / "cmd-1" / "checkpoints").mkdir(parents=True)
            (tmp_path / "jobs" / "cmd-1" / "checkpoints").rmdir()
            shutil.rmtree(tmp_path / "jobs")

    churning = threading.Thread(target=churn)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    churning.start()
    try:
        assert [sizes(tmp_path) for _ in range(1_000)] == [{"keys": 4}] * 1_000
    finally:
        over.set()
        churning.join()
        sys.setswitchinterval(interval)


def test_sizes_add_up_by_part(tmp_path: Path) -> None:
    """Jobs by what is in their folders, the store by its kinds."""
    for name in ("jobs/a/merged/w", "jobs/b/merged/w", "jobs/a/spec.json", "models/finetuned/m/v1/w", "keys"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"1234")
    assert sizes(tmp_path) == {"jobs": 4, "jobs/*/merged": 8, "keys": 4, "models/finetuned": 4}
