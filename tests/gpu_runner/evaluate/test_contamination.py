"""The holdout's scores with and without what training data gave away."""

from __future__ import annotations

from typing import Any

from gpu_runner.evaluate.contamination import contamination, contamination_rows, contamination_sentence


def item(name: str, em: float, *, item_set: str = "holdout") -> dict[str, Any]:
    """A row of scores.json."""
    return {"item_id": name, "set": item_set, "baseline": {"em": 0.0, "f1": 0.5}, "candidate": {"em": em, "f1": em}}


ITEMS = [item("a", 1.0), item("b", 1.0), item("c", 0.0), item("d", 1.0, item_set="repair")]


def test_the_score_falls_by_what_was_given_away() -> None:
    """Both means of each side, over all items of the holdout and over those of which no row speaks."""
    told = contamination(ITEMS, {"batch": ["a"], "trained": ["b", "gone"]})
    assert told is not None
    assert told["items"] == 3
    assert told["given_away"] == {"batch": ["a"], "trained": ["b"]}
    assert told["scores"]["candidate"] == {
        "all": {"items": 3, "em": 0.666667, "f1": 0.666667},
        "without": {"items": 1, "em": 0.0, "f1": 0.0},
    }
    assert ("candidate", "em", "0.6667", "0.0000", "1") in contamination_rows(told)
    assert "3 holdout items 1 were given away by rows of this batch" in contamination_sentence(told)


def test_a_clean_holdout_and_none_at_all() -> None:
    """Without hits both are the same; where everything was given away nothing is left to measure; without a holdout nothing is told."""
    clean = contamination(ITEMS, {})
    assert clean is not None
    assert clean["scores"]["candidate"]["all"] == clean["scores"]["candidate"]["without"]
    assert "none was given away" in contamination_sentence(clean)
    spoilt = contamination(ITEMS, {"trained": ["a", "b", "c"]})
    assert spoilt is not None
    assert spoilt["scores"]["baseline"]["without"] == {"items": 0}
    assert contamination_rows(spoilt)[0] == ("baseline", "em", "0.0000", "", "0")
    assert contamination([item("d", 1.0, item_set="repair")], {}) is None
