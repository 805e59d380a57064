"""What the gate refuses to decide on, the languages that it guards, and the lineage's start."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from gpu_runner.gate.decide import LineageStart, Policy, decide
from tests.gpu_runner.gate.test_decide import SETS, item, scores

UNUSABLE: tuple[tuple[str, Any], ...] = (
    *(
        ("em", value)
        for value in (5.0, -1.0, -0.5, 1.0000001, float("nan"), float("inf"), float("-inf"), 10**400, -(10**400), 1e308, "1", [1])
    ),
    *(("checkable", value) for value in (-1, float("nan"), 10**400, 1e308, None, "one")),
    *(("unsupported", value) for value in (-1, 2, float("inf"), 10**400, None)),
    *(("latency_ms", value) for value in (-0.001, float("nan"), float("inf"), 1e308, 10**400, None)),
    *(("tokens", value) for value in (-1, float("nan"), 10**400, 1e308, None)),
    *(("script_violation", value) for value in (5.0, -1, 1, 0.0, "no", float("nan"))),
)


@pytest.mark.parametrize(("field", "value"), UNUSABLE, ids=[f"{field} {str(value)[:12]}" for field, value in UNUSABLE])
@pytest.mark.parametrize("side", ["baseline", "candidate"])
def test_k11_a_score_out_of_its_range_is_refused_with_the_field_named(side: str, field: str, value: Any) -> None:
    """Whatever the item's set, never taken for a score and never raising."""
    found = scores()
    for place in (0, 70, len(found["items"]) - 1):
        broken = copy.deepcopy(found)
        broken["items"][place][side][field] = value
        decision = decide(Policy(), broken, seed=0)
        assert decision.verdict == "inconclusive"
        assert f"{side}: {field} is " in decision.reasons[0]
        assert len(decision.reasons[0]) < 300
        assert decision.guards == ()


def test_k11_extreme_values_within_range_do_not_raise() -> None:
    """The smallest float for a latency, zero tokens: a decision comes, and none of it is a number that isn't one."""
    for field, value in (("latency_ms", 5e-324), ("latency_ms", 1e9), ("tokens", 0), ("latency_ms", 0), ("em", 5e-324)):
        found = scores()
        for entry in found["items"][::2]:
            entry["candidate"][field] = value
        assert decide(Policy(), found, seed=0).verdict in ("promote", "inconclusive", "reject")


def of_languages(*tags: str) -> dict[str, Any]:
    """Good scores of a model that is asked in these languages alone."""
    found = scores()
    for place, entry in enumerate(found["items"]):
        entry["language"] = tags[place % len(tags)]
    return found


@pytest.mark.parametrize("tags", [("hi",), ("en",), ("mr",), ("ta", "mr", "hi")])
def test_k11_an_installation_in_any_language_promotes_a_good_candidate(tags: tuple[str, ...]) -> None:
    """The languages guarded are those that were bootstrapped."""
    decision = decide(Policy(languages=tags), of_languages(*tags), seed=0)
    assert decision.verdict == "promote"
    assert [guard.name for guard in decision.guards if guard.name.startswith("language")] == [f"language {tag}" for tag in tags]


def test_k11_a_language_that_is_lost_is_still_harm() -> None:
    """A Marathi model that forgets its Marathi is rejected."""
    found = of_languages("mr")
    for entry in found["items"]:
        if entry["set"] in ("holdout", "old_facts"):
            entry["candidate"]["em"] = 0.0
    decision = decide(Policy(languages=("mr",)), found, seed=0)
    assert decision.verdict == "reject"
    assert next(guard.state for guard in decision.guards if guard.name == "language mr") == "harmed"


def since_start(lost: int, size: int = 60, kept: int | None = None, added: int = 0) -> Any:
    """A candidate and its baseline, both know `lost` of `size` holdout items less than the start did; it loses `added` more."""
    found = scores(size=size)
    for entry in found["items"]:
        if entry["set"] == "holdout" and int(entry["item_id"].split("-")[1]) < lost:
            entry["baseline"]["em"] = entry["candidate"]["em"] = 0.0
        if entry["item_id"] in [f"holdout-{size - 1 - place}" for place in range(added)]:
            entry["candidate"]["em"] = 0.0
    names = [entry["item_id"] for entry in found["items"] if entry["set"] in ("holdout", "old_facts")]
    start = LineageStart("v0", dict.fromkeys(names if kept is None else names[:kept], 1.0))
    return decide(Policy(), found, seed=0, start=start)


def test_k11_small_losses_add_up_to_a_verdict() -> None:
    """Round after round within the margin against the version before; against the start, 10 points may be more than its margin of 15."""
    decision = since_start(6)
    assert decision.verdict == "inconclusive"
    assert {guard.name: guard.state for guard in decision.guards}["lineage_start holdout"] == "below_margin"
    assert any(reason.startswith("lineage_start holdout: changed by -10.0 points") for reason in decision.reasons)


def test_k11_what_was_lost_since_the_start_is_told_even_within_the_margin() -> None:
    """Three points are let pass, and seen."""
    decision = since_start(2)
    assert decision.verdict == "promote"
    assert any(reason.startswith("lineage_start holdout: changed by -3.3 points") for reason in decision.reasons)


def test_k11_a_significant_loss_since_the_start_is_harm_of_who_adds_to_it() -> None:
    """Two fifths of what the start knew are gone: with none of it in this round they are beyond the margin, with one more it is harm."""
    assert since_start(24).word == "ABSTAIN"
    decision = since_start(24, added=1)
    assert decision.verdict == "reject"
    assert [guard.name for guard in decision.guards if guard.state == "harmed"] == ["lineage_start holdout"]


@pytest.mark.parametrize(("kept", "state"), [(0, "missing"), (19, "too_few")])
def test_a_start_whose_scores_are_gone_is_broken(kept: int, state: str) -> None:
    """No proof that nothing was lost: not promoted, and said; of old_facts none is there in either case."""
    decision = since_start(0, kept=kept)
    assert (decision.verdict, decision.word) == ("inconclusive", "BROKEN")
    assert {guard.name: guard.state for guard in decision.guards}["lineage_start holdout"] == state


@pytest.mark.parametrize("value", [5.0, -1.0, float("nan"), 10**400])
def test_kept_scores_out_of_range_are_refused(value: Any) -> None:
    """The start's scores are checked as all others are."""
    decision = decide(Policy(), scores(), seed=0, start=LineageStart("v0", {"holdout-1": value}))
    assert decision.verdict == "inconclusive"
    assert "v0 (the lineage's start): em is" in decision.reasons[0]


def test_every_set_of_the_test_scores_is_guarded() -> None:
    """The fixture of these tests has each guarded set."""
    assert {entry["set"] for entry in scores()["items"]} == set(SETS)
    assert item(0, "holdout", 1.0, 1.0)["language"] == "en"
