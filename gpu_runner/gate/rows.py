"""A decision on rows of scores from anywhere: a file a side, an item a row. Pure.

A row is `{"id", "group", "language", "set", "kind"?, "metrics": {…}}`, and whatever else an item says of itself (`topic`, `length`, `age`,
`question`, `hash`). What is wrong with the rows is BROKEN with the item and the field: it never promotes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Any, Final

from gpu_runner.gate.decide import broken, decide
from gpu_runner.gate.decision import PRIMARY_SET, Decision
from gpu_runner.gate.driver import DIMENSIONS
from gpu_runner.gate.guards import KEPT_SETS
from gpu_runner.gate.policy import Policy
from gpu_runner.gate.scores import LineageStart, UnusableScores, number
from gpu_runner.text.languages import primary_language

ROW: Final = '{"id", "group", "language", "set"?, "kind"?, "metrics": {…}}'
# What a guard of its own reads, where the rows have it: on both sides or on neither.
_GUARDED: Final = ("script_violation", "checkable", "unsupported", "latency_ms", "tokens")
_MOST: Final = 1e9
# Sets that the policy guards by name; any other is guarded as it stands.
_NAMED: Final = (PRIMARY_SET, *KEPT_SETS, "earlier_repair")
_LONG_FIXED: Final = 0.5

Row = Mapping[str, Any]


def decide_rows(
    policy: Policy | None, baseline: Sequence[Any], candidate: Sequence[Any], *, seed: int = 0, start: Sequence[Any] | None = None,
    repeat: Sequence[Any] | None = None,
) -> Decision:  # fmt: skip
    """The verdict on two sides' rows; `start` are the rows of the lineage's first version, `repeat` those of the baseline asked again.

    Without a policy that of this release holds, with nothing required: its guards where the rows have them. Every other set is guarded too,
    and, where the policy names no languages, those of the guarded sets.
    """
    shown = policy or Policy(languages=(), required=())
    try:
        before, after = _by_id(baseline, "baseline"), _by_id(candidate, "candidate")
        _require_same(before, after)
        items = [_item(item_id, before[item_id], after[item_id]) for item_id in sorted(before)]
        sets = sorted({item["set"] for item in items})
        first = None if start is None else _start(_by_id(start, "start"), items)
        again = {} if repeat is None else {name: _fixed(row, f"repeat, item {name!r}") for name, row in _by_id(repeat, "repeat").items()}
        if strange := sorted(again.keys() - before.keys()):
            raise UnusableScores(f"repeat: item {strange[0]!r} is none of the baseline's")
    except UnusableScores as error:
        return broken(shown, str(error))
    if not shown.languages:
        shown = replace(shown, languages=tuple(sorted({item["language"] for item in items if item["set"] != PRIMARY_SET} - {"und"})))
    hashed = sha256("\n".join(f"{item['item_id']}\t{item['set']}\t{item['group']}" for item in items).encode()).hexdigest()
    scores = {"items_sha256": dict.fromkeys(("items", "baseline", "candidate"), hashed), "items": items, "repeat": again}
    also = [name for name in sets if name not in _NAMED]
    texts = {str(item_id): row["question"] for item_id, row in before.items() if isinstance(row.get("question"), str)}
    return decide(shown, scores, seed=seed, start=first, also=also, texts=texts)


def _by_id(rows: Sequence[Any], side: str) -> dict[str, Row]:
    """The rows by id, their set filled in. Raises UnusableScores for no rows, for what is no row and for an id that comes twice."""
    if not rows:
        raise UnusableScores(f"{side}: there are no rows: expected one an item, {ROW}")
    out: dict[str, Row] = {}
    for place, row in enumerate(rows, 1):
        if not isinstance(row, Mapping):
            raise UnusableScores(f"{side}, row {place}: expected {ROW}")
        name = row.get("id")
        if isinstance(name, bool) or not isinstance(name, str | int) or name == "":
            raise UnusableScores(f"{side}, row {place}: field 'id': expected a text or a whole number, found {name!r}")
        if str(name) in out:
            raise UnusableScores(f"{side}, row {place}: item {str(name)!r} comes twice: expected each item once")
        where = f"{side}, item {str(name)!r}"
        given = {key: value for key, value in row.items() if value is not None}
        filled = {"set": PRIMARY_SET, "group": str(name), "language": "und"} | given
        for field in ("set", "group", "language"):
            if field == "group" and isinstance(filled[field], int) and not isinstance(filled[field], bool):
                filled[field] = str(filled[field])
            if not isinstance(filled[field], str) or not filled[field]:
                raise UnusableScores(f"{where}: field {field!r}: expected a text, found {filled[field]!r}")
        if not isinstance(filled.get("metrics"), Mapping):
            raise UnusableScores(f"{where}: field 'metrics': expected an object of figures, found {filled.get('metrics')!r}")
        out[str(name)] = filled
    return out


def _require_same(before: Mapping[str, Row], after: Mapping[str, Row]) -> None:
    """Both sides hold the same sets and items, and each item says the same of itself on both."""
    for one, two, here, there in ((before, after, "baseline", "candidate"), (after, before, "candidate", "baseline")):
        if lonely := sorted({row["set"] for row in one.values()} - {row["set"] for row in two.values()}):
            raise UnusableScores(f"the set {lonely[0]!r} is in the {here} alone: both sides are asked the same items")
        if lost := sorted(one.keys() - two.keys()):
            raise UnusableScores(f"{len(lost)} items of the {here} are missing in the {there}, such as {lost[0]!r}")
    for name, row in before.items():
        other = after[name]
        for field in sorted((row.keys() & other.keys()) - {"metrics", "id"}):
            if row[field] != other[field]:
                raise UnusableScores(f"item {name!r}: field {field!r} is {row[field]!r} in the baseline, {other[field]!r} in the candidate")


def _item(name: str, before: Row, after: Row) -> dict[str, Any]:
    """The item in the form of scores.json."""
    item = {"item_id": name, "set": before["set"], "group": before["group"], "language": primary_language(before["language"]) or "und"}
    item |= {dimension: before[dimension] for dimension in DIMENSIONS if dimension in before and dimension != "language"}
    for metric in _GUARDED:
        if (metric in before["metrics"]) != (metric in after["metrics"]):
            there = "baseline" if metric in before["metrics"] else "candidate"
            raise UnusableScores(f"item {name!r}: {metric} is in the metrics of the {there} alone")
    for side, row in (("baseline", before), ("candidate", after)):
        where, metrics = f"{side}, item {name!r}", row["metrics"]
        item[side] = {
            "em": _fixed(row, where), "kind": row.get("kind", "short"), "missing": False,
            "script_violation": _flag(metrics.get("script_violation"), f"{where}: script_violation"),
            **{metric: metrics.get(metric, 0) for metric in ("checkable", "unsupported", "latency_ms", "tokens")},
        }  # fmt: skip
    return item


def _fixed(row: Row, where: str) -> float:
    """1.0 where the item is fixed by the rule of its kind: a short one by `exact_match`, another by `fixed` or by its kind's own figure."""
    kind, metrics = row.get("kind", "short"), row["metrics"]
    if kind != "short" and "fixed" in metrics:
        return float(bool(_flag(metrics["fixed"], f"{where}: fixed")))
    if kind == "preference":
        margin = metrics.get("preference_margin")
        return float(number(margin, f"{where}: preference_margin", least=-_MOST, most=_MOST) > 0)
    if kind == "long" and "long_score" in metrics:
        exact = number(metrics.get("exact_match", 0), f"{where}: exact_match", most=1) == 1
        return float(exact or number(metrics["long_score"], f"{where}: long_score", most=1) >= _LONG_FIXED)
    if kind not in ("short", "long"):
        raise UnusableScores(f"{where}: metrics.fixed is missing: expected true or false for an item of kind {kind!r}")
    return float(number(metrics.get("exact_match"), f"{where}: exact_match", most=1) == 1)


def _flag(value: Any, where: str) -> bool | None:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float) and value in (0, 1):
        return bool(value)
    raise UnusableScores(f"{where} is {value!r}, expected true or false")


def _start(rows: Mapping[str, Row], items: Sequence[Mapping[str, Any]]) -> LineageStart:
    """What the first version scored. Of the model's own sets that it was asked, each item has to be there."""
    held = {row["set"] for row in rows.values()}
    lost = [item["item_id"] for item in items if item["set"] in KEPT_SETS and item["set"] in held and item["item_id"] not in rows]
    if lost:
        raise UnusableScores(f"start: {len(lost)} items of the candidate are missing, such as {lost[0]!r}")
    sets = {item["item_id"]: item["set"] for item in items}
    for name, row in rows.items():
        if name in sets and row["set"] != sets[name]:
            raise UnusableScores(f"start, item {name!r}: field 'set' is {row['set']!r}, {sets[name]!r} in the candidate")
    return LineageStart("start", {name: _fixed(row, f"start, item {name!r}") for name, row in rows.items() if name in sets})
