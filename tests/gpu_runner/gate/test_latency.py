"""Latency: independent units, passes in turn, and a floor of noise."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gpu_runner.gate.decide import Guard, Policy, decide
from gpu_runner.gate.latency import PairedTimings
from gpu_runner.train.spec import Item
from gpu_runner.train.timing import BATCHES, NEW_TOKENS, PROMPTS_IN_A_BATCH, timed_batches
from gpu_runner.train.timing import Timings as Measured
from tests.gpu_runner.gate.test_decide import scores

UNITS, PASSES = 12, 2


def latency(timings: Any) -> Guard:
    """The latency guard of otherwise perfect scores."""
    decision = decide(Policy(), scores() | {"timings": timings}, seed=0)
    return next(guard for guard in decision.guards if guard.name == "latency")


def machine(rng: np.random.Generator, factor: float) -> dict[str, Any]:
    """Two sides timed in turn on a bad machine.

    Each unit has noise with a heavy tail, the whole drifts by up to half, and for a stretch of random length everything takes up to four
    times as long.
    """
    cost = rng.lognormal(3.0, 0.4, UNITS)
    steps = 2 * PASSES * UNITS
    drift = np.linspace(1.0, rng.uniform(0.7, 1.5), steps)
    began, length = rng.integers(0, steps), rng.integers(0, steps // 2)
    drift[began : began + length] *= rng.uniform(1.0, 4.0)
    noise = 1 + 0.05 * rng.pareto(1.2, steps)
    times = (drift * noise).reshape(PASSES, 2, UNITS) * cost
    return {"baseline": times[:, 0].tolist(), "candidate": (times[:, 1] * factor).tolist()}


@pytest.mark.process
def test_k11_one_model_against_itself_is_not_harmed() -> None:
    """Of 300 pairs with heavy tails, drift and a stretch in which all is slower, at most one in a hundred counts as harm."""
    rng = np.random.default_rng(3)
    assert sum(latency(machine(rng, 1.0)).state == "harmed" for _ in range(300)) <= 3


def test_k11_a_model_that_is_four_times_slower_is_still_found() -> None:
    """What the noise forgives is not everything: on the same bad machine many are harm, and none is satisfied."""
    rng = np.random.default_rng(4)
    states = [latency(machine(rng, 4.0)).state for _ in range(60)]
    assert "satisfied" not in states
    assert states.count("harmed") >= 20


def test_a_slow_candidate_on_a_quiet_machine_is_harm_and_a_small_slowdown_is_none() -> None:
    """Twice the time is beyond the margin of 50 % on every unit; 20 % is within it, and the change is told in speed."""
    quiet = [[10.0 + unit for unit in range(UNITS)]] * PASSES
    slow = latency({"baseline": quiet, "candidate": [[2 * ms for ms in one] for one in quiet]})
    assert (slow.state, slow.change, slow.items) == ("harmed", pytest.approx(-0.5), UNITS)
    assert latency({"baseline": quiet, "candidate": [[1.2 * ms for ms in one] for one in quiet]}).state == "satisfied"


def test_few_units_show_no_harm_but_the_margin_counts() -> None:
    """Seven units can't be significant among ten guards: a slow candidate is not promoted, and not rejected."""
    few = latency({"baseline": [[1.0] * 7] * 2, "candidate": [[3.0] * 7] * 2})
    assert (few.state, few.p_harm) == ("below_margin", None)


def test_k11_answers_of_one_batch_are_no_independent_items() -> None:
    """Scores of the release before, without timed batches: their median counts against the margin, and nothing is significant."""
    value = scores()
    for entry in value["items"]:
        entry["candidate"]["latency_ms"] = 40.0
    decision = decide(Policy(), value, seed=0)
    guard = next(guard for guard in decision.guards if guard.name == "latency")
    assert (decision.verdict, guard.state, guard.p_harm) == ("inconclusive", "below_margin", None)


def test_the_noise_floor_is_how_far_the_passes_of_a_side_lie_apart() -> None:
    """Passes that differ by a factor of three forgive a loss of less than that beyond the slowest pass."""
    noisy = PairedTimings(((1.0,) * 9, (3.0,) * 9), ((3.5,) * 9, (3.6,) * 9))
    assert np.expm1(noisy.noise()) == pytest.approx(2.0)
    assert max(noisy.losses(0.5)) < 0
    assert min(PairedTimings(((1.0,) * 9, (1.1,) * 9), ((3.5,) * 9, (3.6,) * 9)).losses(0.5)) > 0


@pytest.mark.parametrize(
    ("timings", "field"),
    [
        ({"baseline": [[1.0, -1.0]], "candidate": [[1.0, 1.0]]}, "timings.baseline[0][1]"),
        ({"baseline": [[1.0, 1.0]], "candidate": [[1.0, float("nan")]]}, "timings.candidate[0][1]"),
        ({"baseline": [[1.0, 0]], "candidate": [[1.0, 1.0]]}, "timings.baseline[0][1]"),
        ({"baseline": [[1.0]], "candidate": [[1.0, 1.0]]}, "timings"),
        ({"baseline": [], "candidate": [[1.0]]}, "timings.baseline"),
        ({"baseline": [[]], "candidate": [[]]}, "timings"),
        ({"baseline": [[10**400]], "candidate": [[1.0]]}, "timings.baseline[0][0]"),
        ({"baseline": [[1.0]]}, "candidate"),
    ],
)
def test_k11_timings_that_are_no_times_are_refused(timings: Any, field: str) -> None:
    """With the field in the reason; never taken, never raising."""
    decision = decide(Policy(), scores() | {"timings": timings}, seed=0)
    assert decision.verdict == "inconclusive"
    assert field in decision.reasons[0]


class FakeModel:
    """Takes as many milliseconds as it has questions."""

    def __init__(self) -> None:
        self.asked: list[tuple[tuple[str, ...], int]] = []

    def time_ms(self, questions: Any, *, new_tokens: int) -> float:
        self.asked.append((tuple(questions), new_tokens))
        return float(len(questions))


def test_both_sides_do_the_same_work_in_each_pass() -> None:
    """The same batches with the same number of new tokens; the first batch of a pass is thrown away."""
    measured, before, after = Measured([Item(str(n), f"question {n}") for n in range(100)]), FakeModel(), FakeModel()
    for _ in range(2):
        measured.measure("baseline", before)
        measured.measure("candidate", after)
    assert before.asked == after.asked
    assert len(before.asked) == 2 * (BATCHES + 1)
    assert {tokens for _, tokens in before.asked} == {NEW_TOKENS}
    told = measured.as_dict()
    assert told is not None
    assert told["baseline"] == [[PROMPTS_IN_A_BATCH] * BATCHES] * 2


@pytest.mark.parametrize(("items", "batches"), [(0, 0), (1, 1), (9, 9), (12, 12), (13, 7), (47, 12), (48, 12), (5000, 12)])
def test_batches_are_spread_over_however_many_items_there_are(items: int, batches: int) -> None:
    """At most twelve of at most four, and every one has a question."""
    found = timed_batches([Item(str(n), f"question {n}") for n in range(items)])
    assert len(found) == batches
    assert all(1 <= len(batch) <= PROMPTS_IN_A_BATCH for batch in found)
    assert Measured([]).as_dict() is None
