"""A decision on rows of anywhere: four words, and BROKEN for whatever is missing, corrupt or another."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from gpu_runner.gate.decision import Decision
from gpu_runner.gate.policy import Policy
from gpu_runner.gate.rows import decide_rows

Rows = list[dict[str, Any]]
GUARDS = ("holdout", "old_facts", "earlier")


def rows(gained: int = 0, lost: int = 0, *, items: int = 120, guards: tuple[str, ...] = GUARDS, first: int = 0) -> Rows:
    """60 repair items of which the first are fixed, and guards of which the items from `first` on are lost."""
    out = [row(f"r{n}", "repair", n < gained, n) for n in range(60)]
    for name in guards:
        out += [row(f"{name}{n}", name, not (name == guards[0] and first <= n < first + lost), n) for n in range(items)]
    return out


def row(name: str, item_set: str, right: bool, number: int) -> dict[str, Any]:
    """An item in a group of its own."""
    said = {"id": name, "group": name, "language": "hi" if number % 2 else "en", "set": item_set, "topic": f"t{number % 6}"}
    return said | {"question": f"How high is tower {number} of fort {number % 6}?", "metrics": {"exact_match": int(right), "f1": 0.5}}


def ruled(candidate: Rows, baseline: Rows | None = None, **more: Any) -> Decision:
    """Beside a baseline that knows all of its guards and none of the repairs."""
    return decide_rows(more.pop("policy", None), rows() if baseline is None else baseline, candidate, **more)


def test_the_four_words() -> None:
    """A gain with nothing lost; a loss; neither; an item that is not there."""
    assert ruled(rows(40)).word == "PROMOTE"
    assert ruled(rows(40, 20)).word == "REJECT"
    assert ruled(rows(2)).word == "ABSTAIN"
    assert ruled(rows(40)[:-1]).word == "BROKEN"


def test_rows_without_a_guard_may_be_promoted() -> None:
    """Who guards nothing is told nothing of what was lost."""
    assert ruled(rows(40, guards=()), rows(guards=())).word == "PROMOTE"


def test_a_guard_that_the_policy_requires_has_to_be_there() -> None:
    """The same rows under a policy that wants a holdout."""
    decision = ruled(rows(40, guards=()), rows(guards=()), policy=Policy(languages=("hi", "en"), required=("holdout",)))
    assert decision.word == "BROKEN"
    assert any(reason.startswith("holdout: its items are missing") for reason in decision.reasons)


def test_what_is_left_out_of_a_row_has_its_default() -> None:
    """No set is the primary, no kind is short, no group is one of its own, no language guards none."""
    bare = [{"id": n, "metrics": {"exact_match": 0}} for n in range(40)]
    after = [{"id": n, "metrics": {"exact_match": int(n < 20)}} for n in range(40)]
    decision = ruled(after, bare)
    assert (decision.word, decision.primary and decision.primary.groups) == ("PROMOTE", 40)


def changed(place: int, **fields: Any) -> Callable[[Rows], Rows]:
    """The rows with one of them changed."""

    def change(found: Rows) -> Rows:
        return [one | fields if number == place else one for number, one in enumerate(found)]

    return change


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (lambda found: [], "candidate: there are no rows"),
        (lambda found: found[1:], "1 items of the baseline are missing in the candidate, such as 'r0'"),
        (lambda found: [*found, row("new", "repair", True, 1)], "1 items of the candidate are missing in the baseline, such as 'new'"),
        (lambda found: [*found, found[0]], "item 'r0' comes twice"),
        (lambda found: [one for one in found if one["set"] != "earlier"], "the set 'earlier' is in the baseline alone"),
        (lambda found: [*found, row("x1", "extra", True, 1)], "the set 'extra' is in the candidate alone"),
        (changed(3, metrics={}), "candidate, item 'r3': exact_match is None"),
        (changed(3, metrics={"exact_match": math.nan}), "exact_match is nan"),
        (changed(3, metrics={"exact_match": 100}), "exact_match is 100, expected a number from 0 to 1"),
        (changed(3, metrics={"exact_match": "1"}), "exact_match is '1'"),
        (changed(3, metrics=None), "field 'metrics': expected an object"),
        (changed(3, metrics={"exact_match": 1, "unsupported": 1, "checkable": 1}), "checkable is in the metrics of the candidate alone"),
        (changed(3, group="another"), "field 'group' is 'r3' in the baseline, 'another' in the candidate"),
        (changed(3, set="holdout"), "field 'set' is 'repair' in the baseline"),
        (changed(3, question="Another?"), "field 'question'"),
        (changed(3, kind="judged"), "metrics.fixed is missing"),
        (changed(3, id=None), "field 'id': expected a text"),
        (lambda found: ["x", *found], 'row 1: expected {"id"'),
    ],
)
def test_what_is_missing_corrupt_or_another_is_broken(fault: Callable[[Rows], Rows], told: str) -> None:
    """The item and the field are named, and nothing is promoted."""
    decision = ruled(fault(rows(40)))
    assert (decision.verdict, decision.word) == ("inconclusive", "BROKEN")
    assert told in decision.reasons[0]


def test_a_baseline_that_is_missing_is_broken() -> None:
    """So is a start that was given and holds nothing, and one that lacks a pinned item."""
    assert ruled(rows(40), []).word == "BROKEN"
    assert ruled(rows(40), start=[]).word == "BROKEN"
    lacking = ruled(rows(40), start=[one for one in rows() if one["id"] != "holdout7"])
    assert lacking.word == "BROKEN"
    assert "start: 1 items of the candidate are missing, such as 'holdout7'" in lacking.reasons[0]


def test_other_item_hashes_are_broken() -> None:
    """An item that says another hash of itself is another item."""
    before = [one | {"hash": "a"} for one in rows()]
    after = [one | {"hash": "b" if one["id"] == "holdout9" else "a"} for one in rows(40)]
    assert "item 'holdout9': field 'hash'" in ruled(after, before).reasons[0]


def test_small_losses_are_held_against_the_start() -> None:
    """One item was lost in this round, thirteen of 120 in those before; who adds nothing to them, and is within the margin, goes on."""
    assert ruled(rows(40, 14), rows(0, 13)).word == "PROMOTE"
    assert ruled(rows(40, 14), rows(0, 13), start=rows()).word == "REJECT"
    assert ruled(rows(40, 11), rows(0, 11), start=rows()).word == "PROMOTE"
    assert ruled(rows(40, 20), rows(0, 20), start=rows()).word == "ABSTAIN"


def test_the_kinds_have_their_own_rule() -> None:
    """A long answer by its score, a preference by its margin, a judged one by what was judged."""
    for kind, wrong, right in (
        ("long", {"exact_match": 0, "long_score": 0.4}, {"exact_match": 0, "long_score": 0.6}),
        ("preference", {"preference_margin": -0.5}, {"preference_margin": 0.5}),
        ("judged", {"fixed": False}, {"fixed": True}),
    ):
        before = [{"id": n, "kind": kind, "metrics": wrong} for n in range(20)]
        after = [{"id": n, "kind": kind, "metrics": right} for n in range(20)]
        assert ruled(after, before).word == "PROMOTE", kind
        assert ruled(before, before).word == "ABSTAIN", kind


def test_a_gain_within_the_baselines_own_movement_is_none() -> None:
    """Asked again, the baseline fixed as many by itself."""
    decision = ruled(rows(12), repeat=rows(14))
    assert decision.word == "ABSTAIN"
    assert decision.noise_floor == pytest.approx(14 / 60)
    assert any("the baseline, asked twice" in reason for reason in decision.reasons)
    assert ruled(rows(12), repeat=rows(0)).word == "PROMOTE"
    assert "repeat: item 'zz'" in ruled(rows(12), repeat=[row("zz", "repair", True, 1)]).reasons[0]


def test_the_driver_names_the_slice_its_items_and_their_words() -> None:
    """All of what got worse is of one topic; the next slices, the ids and the common words stand beside it."""
    candidate = [one | {"metrics": {"exact_match": 0}} if one["set"] == "holdout" and one["topic"] == "t4" else one for one in rows(40)]
    decision = ruled(candidate)
    assert decision.word == "REJECT"
    driver = decision.driver
    assert driver is not None
    assert (driver["guard"], driver["slice"]["dimension"], driver["slice"]["value"]) == ("holdout", "topic", "t4")
    assert (driver["failing"], driver["slice"]["items"], driver["slice"]["share_worse_elsewhere"]) == (20, 20, 0.0)
    assert driver["failing_ids"][:2] == ["holdout10", "holdout100"]
    assert driver["words"] == ["4"]
    assert any(reason.startswith("holdout is driven by topic t4: 20 of 20 items got worse") for reason in decision.reasons)


def test_a_language_that_is_lost_in_all_sets_is_named() -> None:
    """Each set alone could have lost it by chance; the guard of the language can't."""
    lost = {f"{name}{n}" for name in GUARDS for n in range(1, 12, 2)}
    decision = ruled([one | {"metrics": {"exact_match": 0}} if one["id"] in lost else one for one in rows(40)])
    assert decision.word == "REJECT"
    assert decision.driver is not None
    assert (decision.driver["slice"]["dimension"], decision.driver["slice"]["value"]) == ("language", "hi")


def test_an_abstain_says_how_many_items_would_settle_it() -> None:
    """Two of sixty fixed: more repair items; a guard whose items come and go: more of that guard. Nothing else is asked for."""
    few = ruled(rows(2))
    assert few.items_needed is not None
    assert few.items_needed > 60
    assert set(few.items_needed_of) == {"repair"}
    before = [one | {"metrics": {"exact_match": int(int(one["id"][7:]) % 3 > 0)}} if one["set"] == "holdout" else one for one in rows()]
    after = [one | {"metrics": {"exact_match": int(int(one["id"][7:]) % 3 > 1)}} if one["set"] == "holdout" else one for one in rows(40)]
    after = [one | {"metrics": {"exact_match": 1}} if one["set"] == "holdout" and int(one["id"][7:]) % 3 == 0 else one for one in after]
    lively = ruled(after, before)
    assert lively.word == "ABSTAIN"
    assert lively.items_needed_of["holdout"] > 1000
    assert "repair" not in lively.items_needed_of


def test_the_texts_get_into_the_drivers_words_alone() -> None:
    """A decision's record holds ids, never what was asked."""
    told = str(ruled(rows(40, 20)).as_dict())
    assert "How high is tower" not in told
