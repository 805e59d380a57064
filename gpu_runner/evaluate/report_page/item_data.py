"""The items as the page holds them: scalar figures as columns, whatever they are called, and the words beside them. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from gpu_runner.evaluate.report_page.intervals import SIDES
from gpu_runner.evaluate.report_page.outcomes import outcome_of
from gpu_runner.evaluate.report_page.texts import CONTEXTS, TEXTS, WITHDRAWN

# What the page may hold of contexts, in characters: passages of 10,000 items are larger than all the rest together.
MOST_CONTEXT_CHARACTERS: Final = 2_000_000
_OF_THE_ITEM: Final = frozenset({"item_id", "set", "language", "group", "kind", *SIDES})


def item_data(results: Mapping[str, Any]) -> dict[str, Any]:
    """What page.js reads: `sides`, `fields`, `items`, `contexts`.

    An item has `o`utcome, `v`alues by side in the order of `fields`, `n`ested values by side (evidence, verdicts,
    lists: shown as they are), and, where they are kept, its words: `q`uestion, `r`eferences, `a`nswers by side, verdicts of
    `g`rounding on their claims, the re`j`ected answer that was corrected, `c`ontexts.
    """
    items: Sequence[Mapping[str, Any]] = results["items"]
    sides = [side for side in SIDES if any(side in item for item in items)]
    fields = list(
        dict.fromkeys(
            name for item in items for side in sides for name, value in (item.get(side) or {}).items() if _is_scalar(value, none=False)
        )
    )
    texts: Mapping[str, Any] = results.get(TEXTS) or {}
    withdrawn = set(results.get(WITHDRAWN, ()))
    contexts = _within_bounds(results.get(CONTEXTS) or {})
    return {
        "sides": sides,
        "fields": fields,
        "items": [_item(item, sides, fields, texts.get(item["item_id"]), item["item_id"] in withdrawn) for item in items],
        "contexts": contexts,
    }


def _item(
    item: Mapping[str, Any], sides: Sequence[str], fields: Sequence[str], text: Mapping[str, Any] | None, withdrawn: bool
) -> dict[str, Any]:
    rows = [item.get(side) or {} for side in sides]
    nested = [{name: value for name, value in row.items() if not _is_scalar(value)} for row in rows]
    others = {name: value for name, value in item.items() if name not in _OF_THE_ITEM}
    out: dict[str, Any] = {
        "id": item["item_id"],
        "s": item["set"],
        "l": item["language"],
        "o": outcome_of(item),
        "v": [[value if _is_scalar(value := row.get(name)) else None for name in fields] for row in rows],
    }
    kind = item.get("kind") or next((row["kind"] for row in rows if row.get("kind")), None)
    if kind is not None:
        out["k"] = kind
    if any(nested):
        out["n"] = nested
    if others:
        out["x"] = others
    if withdrawn:
        out["t"] = 1
    if text is not None:
        out |= {"q": text["question"], "r": text["references"], "a": [text["answers"].get(side) for side in sides]}
        if text.get("claims"):
            out["g"] = [text["claims"].get(side) for side in sides]
        if text.get("rejected") is not None:
            out["j"] = text["rejected"]
        if text.get("contexts"):
            out["c"] = text["contexts"]
    return out


def _is_scalar(value: Any, *, none: bool = True) -> bool:
    return isinstance(value, bool | int | float | str) or (none and value is None)


def _within_bounds(contexts: Mapping[str, str]) -> dict[str, str]:
    kept, characters = {}, 0
    for key, text in contexts.items():
        characters += len(text)
        if characters <= MOST_CONTEXT_CHARACTERS:
            kept[key] = text
    return kept
