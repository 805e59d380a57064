"""What became of each item: fixed, regressed, right or wrong on both sides; counted by set and language. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

OUTCOMES: Final = ("fixed", "regressed", "right_on_both", "wrong_on_both")
OF_ONE_SIDE: Final = ("right", "wrong")


def is_right(row: Mapping[str, Any]) -> bool:
    """By the rule of its kind where the row says so (`fixed`), else by the exact match that the gate counts.

    >>> is_right({"fixed": False, "em": 1.0}), is_right({"em": 1}), is_right({"exact_match": 0})
    (False, True, False)
    """
    fixed = row.get("fixed")
    return bool(fixed) if fixed is not None else row.get("em", row.get("exact_match")) == 1


def outcome_of(item: Mapping[str, Any]) -> str:
    """One of OUTCOMES, or of OF_ONE_SIDE where one side alone was asked."""
    after = is_right(item["candidate"])
    if "baseline" not in item:
        return "right" if after else "wrong"
    before = is_right(item["baseline"])
    if before == after:
        return "right_on_both" if after else "wrong_on_both"
    return "fixed" if after else "regressed"


def outcomes_of(items: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, dict[str, int]]]:
    """Set (or "all") to language (or "all") to the number of items of each outcome."""
    counted: dict[tuple[str, str], Counter[str]] = {}
    for item in items:
        outcome = outcome_of(item)
        for item_set in ("all", item["set"]):
            for language in ("all", item["language"]):
                counted.setdefault((item_set, language), Counter())[outcome] += 1
    names = OUTCOMES if any("baseline" in item for item in items) else OF_ONE_SIDE
    out: dict[str, dict[str, dict[str, int]]] = {}
    for item_set, language in sorted(counted, key=lambda place: tuple((name != "all", name) for name in place)):
        counts = counted[item_set, language]
        out.setdefault(item_set, {})[language] = {"items": sum(counts.values()), **{name: counts[name] for name in names}}
    return out
