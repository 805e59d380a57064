"""Intervals of a report's figures."""

from __future__ import annotations

from typing import Any

import pytest

from gpu_runner.evaluate.report_page.intervals import gain_of, intervals_of, wilson


def item(number: int, before: float | None, after: float | None, *, group: str | None = None, field: str = "em") -> dict[str, Any]:
    """An item of which both sides have one figure."""
    place = {"item_id": str(number), "set": "repair", "language": "hi", **({"group": group} if group else {})}
    return place | {"baseline": {field: before}, "candidate": {field: after}}


def figures(items: list[dict[str, Any]], field: str = "em", name: str | None = None) -> dict[str, Any]:
    """The means over the items that have the figure, as scores.json has them."""
    out = {}
    for side in ("baseline", "candidate"):
        values = [one[side][field] for one in items if one[side][field] is not None]
        out[side] = {"all": {"all": {"items": len(items), name or field: round(sum(values) / len(values), 6)}}}
    return out


def test_a_gain_lies_within_its_interval_and_a_larger_sample_has_a_narrower_one() -> None:
    """Of 40 items and of 400 with the same shares."""
    widths = []
    for times in (1, 10):
        items = [item(number, float(number % 4 == 0), float(number % 2 == 0)) for number in range(40 * times)]
        low, high = intervals_of(items, figures(items))["all"]["all"]["em"]["gain"]
        assert low < 0.25 < high
        widths.append(high - low)
    assert widths[1] < widths[0] / 2


def test_items_of_one_group_stand_or_fall_together() -> None:
    """Ten copies of each item in one group say no more than the item itself."""
    alone = [item(number, 0.0, float(number % 2), group=f"g{number}") for number in range(20)]
    copied = [item(100 * copy + number, 0.0, float(number % 2), group=f"g{number}") for number in range(20) for copy in range(10)]
    apart, together = (intervals_of(items, figures(items))["all"]["all"]["em"]["gain"] for items in (alone, copied))
    assert together == pytest.approx(apart, abs=0.06)


def test_the_same_items_give_the_same_intervals() -> None:
    """The seed is fixed."""
    items = [item(number, float(number % 3 == 0), float(number % 2 == 0)) for number in range(50)]
    assert intervals_of(items, figures(items)) == intervals_of(items, figures(items))


def test_where_nothing_varies_a_share_has_wilsons_and_a_gain_none() -> None:
    """All wrong before, all right now: what the next items would be is not certain, and what was measured is."""
    items = [item(number, 0.0, 1.0) for number in range(10)]
    found = intervals_of(items, figures(items))["all"]["all"]["em"]
    assert found["candidate"] == [round(end, 6) for end in wilson(10, 10)]
    assert found["baseline"] == [round(end, 6) for end in wilson(0, 10)]
    assert "gain" not in found


def test_a_figure_that_the_rows_do_not_say_has_none() -> None:
    """BLEU of a set is no mean of its items; and of one group nothing can be resampled."""
    items = [item(number, float(number % 2), float(number % 3)) for number in range(12)]
    aggregates = figures(items, name="em") | {}
    aggregates["candidate"]["all"]["all"] |= {"bleu": 31.0, "em": 0.123}
    found = intervals_of(items, aggregates)["all"]["all"]
    assert set(found) == {"em"}
    assert set(found["em"]) == {"baseline"}
    one = [item(number, float(number % 2), 1.0, group="g") for number in range(12)]
    assert intervals_of(one, figures(one))["all"]["all"] == {}


def test_fewer_unsupported_claims_are_a_gain_and_items_without_claims_do_not_count() -> None:
    """A ratio of two counts; below zero it is worse, as in every table."""
    items = []
    for number in range(30):
        row = item(number, None, None)
        checkable = number % 3
        for side, unsupported in (("baseline", checkable), ("candidate", checkable * (number % 2))):
            row[side] = {"unsupported": unsupported, "checkable": checkable}
        items.append(row)
    shares = {side: sum(one[side]["unsupported"] for one in items) / 30 for side in ("baseline", "candidate")}
    aggregates = {side: {"all": {"all": {"items": 30, "hallucination_rate": round(share, 6)}}} for side, share in shares.items()}
    found = intervals_of(items, aggregates)["all"]["all"]["hallucination_rate"]
    assert found["gain"][0] > 0
    assert found["candidate"][0] < shares["candidate"] < found["candidate"][1]
    assert (gain_of("hallucination_rate", 0.3, 0.1), gain_of("abstention_rate", 0.3, 0.1)) == (pytest.approx(0.2), None)
