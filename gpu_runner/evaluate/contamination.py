"""The holdout's scores with and without the items that training data gave away: whether the guard measures what it says. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

METRICS: Final = ("em", "f1")
# When a row gave an item away: in a batch, and was set aside, or in what earlier versions trained on.
WHEN: Final = ("batch", "trained")


def contamination(items: Sequence[Mapping[str, Any]], leaked: Mapping[str, Sequence[str]]) -> dict[str, Any] | None:
    """Of the scored items of the holdout: how many were given away, and each side's means over all of them and over the others.

    `items` are the rows of scores.json, `leaked` the ids by when (WHEN). None where no holdout was asked.
    """
    held = [item for item in items if item["set"] == "holdout"]
    if not held:
        return None
    given_away = {when: set(leaked.get(when, ())) for when in WHEN}
    every = set().union(*given_away.values())
    clean = [item for item in held if item["item_id"] not in every]
    return {
        "items": len(held),
        "given_away": {when: sorted(item["item_id"] for item in held if item["item_id"] in ids) for when, ids in given_away.items()},
        "scores": {
            side: {"all": _means(held, side), "without": _means(clean, side)} for side in ("baseline", "candidate") if side in held[0]
        },
    }


def contamination_rows(told: Mapping[str, Any]) -> tuple[tuple[str, ...], ...]:
    """A row for each side: its score with all items, and without those given away."""
    return tuple(
        (side, name, _figure(parts["all"].get(name)), _figure(parts["without"].get(name)), str(parts["without"]["items"]))
        for side, parts in told["scores"].items()
        for name in METRICS
    )


def contamination_sentence(told: Mapping[str, Any]) -> str:
    """How many items were given away, and when."""
    batch, trained = (len(told["given_away"][when]) for when in WHEN)
    if not batch and not trained:
        return f"Of {told['items']} holdout items none was given away by training data."
    return (
        f"Of {told['items']} holdout items {batch} were given away by rows of this batch, which were set aside, "
        f"and {trained} by rows that earlier versions trained on."
    )


def _means(items: Sequence[Mapping[str, Any]], side: str) -> dict[str, Any]:
    means = {name: round(sum(float(item[side][name]) for item in items) / len(items), 6) for name in METRICS} if items else {}
    return {"items": len(items), **means}


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"
