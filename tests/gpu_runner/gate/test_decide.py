"""The gate: promotes what is measurably better, and nothing else."""

from __future__ import annotations

import copy
import json
import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gpu_runner.gate.decide import Decision, Policy, decide

HASH = "a" * 64
SETS = ("repair", "holdout", "old_facts", "earlier_repair")


def row(em: float, **fields: Any) -> dict[str, Any]:
    """One side of an item."""
    flags = {"script_violation": False, "checkable": 1, "unsupported": 0, "latency_ms": 10.0, "tokens": 5, "missing": False}
    return {"em": em} | flags | fields


def item(number: int, item_set: str, baseline: float, candidate: float, **fields: Any) -> dict[str, Any]:
    """An item; two of a set share a source group."""
    name = {
        "item_id": f"{item_set}-{number}",
        "set": item_set,
        "language": "hi" if number % 2 else "en",
        "group": f"{item_set}-{number // 2}",
    }
    return name | {"baseline": row(baseline), "candidate": row(candidate)} | fields


def scores(gain: float = 0.9, keep: float = 1.0, size: int = 60) -> dict[str, Any]:
    """A repair set of which `gain` is repaired, and guards of which `keep` is kept."""
    items = [item(number, "repair", 0.0, float(number // 2 < gain * size / 2)) for number in range(size)]
    items += [item(number, name, 1.0, float(number // 2 < keep * size / 2)) for name in SETS[1:] for number in range(size)]
    return {"items_sha256": dict.fromkeys(("items", "baseline", "candidate"), HASH), "items": items}


def ruled(value: dict[str, Any], policy: Policy | None = None) -> Decision:
    """The decision with seed 0."""
    return decide(policy or Policy(), value, seed=0)


def only(value: dict[str, Any], *, without: str) -> dict[str, Any]:
    """The scores without one set."""
    return value | {"items": [entry for entry in value["items"] if entry["set"] != without]}


def test_a_clear_gain_with_nothing_lost_is_promoted() -> None:
    """The primary is significant and every guard satisfied; the decision says on what it rests."""
    decision = ruled(scores())
    assert decision.verdict == "promote"
    assert decision.primary is not None
    assert (decision.primary.gain, decision.primary.items, decision.primary.groups) == (0.9, 60, 30)
    assert {guard.name: guard.state for guard in decision.guards if guard.state != "satisfied"} == {
        "lineage_start holdout": "nothing_to_check",
        "lineage_start old_facts": "nothing_to_check",
    }
    assert decision.items_sha256 == HASH
    assert "went from 0.000 to 0.900" in decision.reasons[0]


def test_no_gain_is_inconclusive_with_the_detectable_effect() -> None:
    """Nothing repaired and nothing lost: the reasons say what could have been found."""
    decision = ruled(scores(gain=0.0))
    assert decision.verdict == "inconclusive"
    assert decision.detectable_effect == pytest.approx(5 / 30)
    assert any("four times out of five" in reason for reason in decision.reasons)


def test_significant_harm_is_rejected_whatever_the_gain() -> None:
    """A repair that costs a third of the old facts is no repair; the reasons name the guards."""
    decision = ruled(scores(keep=0.66))
    assert decision.verdict == "reject"
    assert {guard.name for guard in decision.guards if guard.state == "harmed"} >= {"holdout", "old_facts", "earlier_repair"}
    assert any(reason.startswith("old_facts: changed by -3") and "significantly worse" in reason for reason in decision.reasons)


def test_a_loss_beyond_the_margin_that_may_be_chance_is_inconclusive() -> None:
    """Two groups of thirty lost: not significant under Holm, but under the margin."""
    value = scores()
    for entry in value["items"]:
        if entry["set"] == "holdout" and entry["group"] in ("holdout-0", "holdout-1"):
            entry["candidate"]["em"] = 0.0
    decision = ruled(value)
    assert decision.verdict == "inconclusive"
    assert {guard.name: guard.state for guard in decision.guards}["holdout"] == "below_margin"


@pytest.mark.parametrize("name", ["holdout", "old_facts"])
def test_a_missing_guard_is_never_promoted(name: str) -> None:
    """Without the set there is no proof that nothing was lost."""
    decision = ruled(only(scores(), without=name))
    assert decision.verdict == "inconclusive"
    assert {guard.name: guard.state for guard in decision.guards}[name] == "missing"


def test_a_language_without_items_is_a_missing_guard() -> None:
    """Hindi must be guarded even if the batch is English."""
    value = scores()
    for entry in value["items"]:
        entry["language"] = "en"
    assert ruled(value).verdict == "inconclusive"
    assert ruled(value, Policy(languages=("en",))).verdict == "promote"


def test_no_earlier_repair_counts_as_satisfied_and_is_told() -> None:
    """The first repair of a model has nothing to keep."""
    decision = ruled(only(scores(), without="earlier_repair"))
    assert decision.verdict == "promote"
    assert any(reason.startswith("earlier_repair: nothing to compare") for reason in decision.reasons)


def test_no_checkable_claim_counts_as_satisfied_and_is_told() -> None:
    """Without claims on both sides nothing can be hallucinated."""
    value = scores()
    for entry in value["items"]:
        entry["baseline"]["checkable"] = entry["candidate"]["checkable"] = 0
    decision = ruled(value)
    assert decision.verdict == "promote"
    assert any(reason.startswith("hallucination: nothing to compare") for reason in decision.reasons)


@pytest.mark.parametrize(("field", "worse"), [("script_violation", True), ("unsupported", 1)])
def test_script_and_hallucination_veto(field: str, worse: object) -> None:
    """A candidate that answers in the wrong script or without support is rejected; `test_gate_latency` has the slow one."""
    value = scores()
    for entry in value["items"]:
        entry["candidate"][field] = worse
    assert ruled(value).verdict == "reject"


def test_a_slowdown_within_the_margin_is_no_harm() -> None:
    """Two runs of one model differ by the machine: 20 % slower on every item does not veto."""
    value = scores()
    for entry in value["items"]:
        entry["candidate"]["latency_ms"] = 12.0
    assert ruled(value).verdict == "promote"


def test_a_longer_answer_is_not_a_slower_model() -> None:
    """Four times the tokens in four times the time is the same speed."""
    value = scores()
    for entry in value["items"]:
        entry["candidate"] |= {"latency_ms": 40.0, "tokens": 20}
    assert ruled(value).verdict == "promote"


def test_no_answer_in_letters_is_a_missing_script_guard() -> None:
    """Where all answers are numbers the script can't be judged."""
    value = scores()
    for entry in value["items"]:
        entry["baseline"]["script_violation"] = entry["candidate"]["script_violation"] = None
    assert ruled(value).verdict == "inconclusive"


def test_few_groups_prove_nothing() -> None:
    """Nine groups with two wordings each are under the policy's ten."""
    value = scores()
    repair = [entry for entry in value["items"] if entry["set"] == "repair"]
    value["items"] = repair[:18] + [entry for entry in value["items"] if entry["set"] != "repair"]
    decision = ruled(value)
    assert decision.verdict == "inconclusive"
    assert decision.primary is None
    assert "18 items of 9 groups" in decision.reasons[0]


def _broken() -> list[tuple[str, Any]]:
    def changed(path: tuple[Any, ...], new: Any) -> dict[str, Any]:
        value = copy.deepcopy(scores())
        place = value
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = new
        return value

    return [
        ("empty", {}),
        ("no items", scores() | {"items": []}),
        ("items null", scores() | {"items": None}),
        ("other hash", changed(("items_sha256", "candidate"), "b" * 64)),
        ("no hash", changed(("items_sha256",), dict.fromkeys(("items", "baseline", "candidate"), ""))),
        ("hash missing", changed(("items_sha256",), {"items": HASH})),
        ("answer missing", changed(("items", 5, "baseline", "missing"), True)),
        ("NaN", changed(("items", 5, "candidate", "em"), float("nan"))),
        ("infinite", changed(("items", 70, "candidate", "latency_ms"), float("inf"))),
        ("text for a score", changed(("items", 5, "candidate", "em"), "1.0")),
        ("truth for a score", changed(("items", 5, "candidate", "em"), True)),
        ("null", changed(("items", 5, "candidate", "em"), None)),
        ("side missing", changed(("items", 5, "candidate"), None)),
        ("item twice", changed(("items", 5, "item_id"), "repair-4")),
        ("group missing", changed(("items", 5), {"item_id": "x"})),
    ]


@pytest.mark.parametrize(("_name", "value"), _broken(), ids=[name for name, _ in _broken()])
def test_corrupt_scores_are_inconclusive_with_a_reason(_name: str, value: dict[str, Any]) -> None:
    """The gate fails closed and never raises."""
    decision = ruled(value)
    assert decision.verdict == "inconclusive"
    assert decision.reasons


@given(st.sets(st.integers(0, 239), max_size=30), st.sampled_from(["drop", "nan", "missing"]), st.sampled_from(SETS[:3]), st.integers(0, 5))
@settings(max_examples=25, deadline=None)
def test_damage_never_leads_to_a_promotion_that_lacks_a_guard(places: set[int], how: str, lost: str, seed: int) -> None:
    """However items are damaged, a promotion has the primary and every required guard satisfied."""
    value = only(scores(), without=lost)
    for place in sorted(places, reverse=True):
        if place < len(value["items"]):
            if how == "drop":
                value["items"].pop(place)
            elif how == "nan":
                value["items"][place]["candidate"]["em"] = float("nan")
            else:
                value["items"][place]["candidate"]["missing"] = True
    assert decide(Policy(), value, seed=seed).verdict != "promote"


def test_a_policy_with_an_unknown_guard_is_inconclusive() -> None:
    """A misspelt guard would guard nothing."""
    decision = ruled(scores(), Policy(guards=("holdout", "oldfacts")))
    assert decision.verdict == "inconclusive"
    assert "'oldfacts'" in decision.reasons[0]


def noisy(rng: np.random.Generator, gain: float, groups: int = 100) -> dict[str, Any]:
    """Repair items with two correlated wordings a group, both sides equally noisy but for `gain`; guards without any true change."""
    items = []
    for number in range(2 * groups):
        if number % 2 == 0:
            before, after = float(rng.random() < 0.4), float(rng.random() < 0.4 + gain)
        agree = rng.random() < 0.7
        items.append(
            item(number, "repair", before if agree else float(rng.random() < 0.4), after if agree else float(rng.random() < 0.4 + gain))
        )
    for name in SETS[1:]:
        items += [item(number, name, float(rng.random() < 0.985), float(rng.random() < 0.985)) for number in range(200)]
    return {"items_sha256": dict.fromkeys(("items", "baseline", "candidate"), HASH), "items": items}


@pytest.mark.process
def test_a_candidate_that_is_no_better_is_promoted_at_most_once_in_twenty() -> None:
    """Over 120 simulated candidates with no true change the promotions stay within Monte Carlo error of 5 %."""
    rng = np.random.default_rng(7)
    promoted = sum(decide(Policy(), noisy(rng, 0.0), seed=seed).verdict == "promote" for seed in range(120))
    assert promoted <= 12


def test_a_real_gain_is_promoted_most_of_the_time() -> None:
    """With 40 points of true gain nothing but a chance loss on a guard stands in the way."""
    rng = np.random.default_rng(8)
    promoted = sum(decide(Policy(), noisy(rng, 0.4), seed=seed).verdict == "promote" for seed in range(30))
    assert promoted >= 20


def test_a_decision_is_reproducible_fast_and_json() -> None:
    """The same scores and seed give the same decision, in well under a second of processor time, ready for the record."""
    value = noisy(np.random.default_rng(9), 0.4)
    began = time.process_time()
    decision = ruled(value)
    assert time.process_time() - began < 1.0
    assert ruled(value) == decision
    assert json.loads(json.dumps(decision.as_dict()))["verdict"] == decision.verdict


def test_the_policy_is_flat_for_the_record() -> None:
    """Every value is a plain one, so that the event can carry it."""
    flat = Policy().as_dict()
    assert flat["languages"] == "hi,en"
    assert all(isinstance(value, str | float | int) for value in flat.values())


def test_k4_answers_cut_at_the_limit_are_among_the_reasons() -> None:
    """How many of each side, and the setting to change; without one there is no such reason, and old scores know of none."""
    value = scores()
    for place, entry in enumerate(value["items"]):
        entry["candidate"]["cut"] = place < 40
        entry["baseline"]["cut"] = False
    total = len(value["items"])
    told = [reason for reason in ruled(value).reasons if "EVALUATION_MAX_NEW_TOKENS" in reason]
    assert told == [
        f"40 of {total} answers of the candidate ({4000 / total:.0f} %) were cut at EVALUATION_MAX_NEW_TOKENS or, "
        "where that is more, 1.25 times their longest right answer: "
        "what is longer can't be counted as right, so set it higher"
    ]
    assert not [reason for reason in ruled(scores()).reasons if "EVALUATION_MAX_NEW_TOKENS" in reason]
