"""The figures of scores.json computed again from its rows, and the items that it names found again in the store. Blocking."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from gpu_runner.dataset.fields import DataError
from gpu_runner.dataset.rows import EvaluationItem, load_evaluation_items
from gpu_runner.evaluate.aggregate import FIGURE_DECIMALS, FIGURES_OF_ROWS
from gpu_runner.evaluate.score import group_name, items_sha256
from gpu_runner.jobs.folder import MEMO
from gpu_runner.versions.keys import MODEL_ITEMS, REPAIR_ITEMS
from gpu_runner.versions.pinned_items import pinned_fault
from gpu_runner.versions.registry import lineage, version_key
from ops.lineage.verify.check_result import CheckResult, compared
from runtime.artifacts.store import ArtifactStore

# A figure was rounded once more than what is computed here.
_SAME: Final = 1.01 * 10.0**-FIGURE_DECIMALS


def figure_findings(scores: Mapping[str, Any]) -> Iterator[CheckResult]:
    """One finding a side: every figure that the rows say, over every set and language."""
    items: Sequence[Mapping[str, Any]] = scores["items"]
    for side, sets in scores.get("aggregates", {}).items():
        wrong: list[str] = []
        beyond: set[str] = set()
        checked = 0
        for item_set, languages in sets.items():
            for language, figures in languages.items():
                rows = [
                    item[side] for item in items if item_set in ("all", item["set"]) and language in ("all", item["language"])
                ]  # fmt: skip
                place = f"{item_set}, {language}"
                if int(figures.get("items", -1)) != len(rows):
                    wrong.append(f"{place}: {figures.get('items')} items recorded, {len(rows)} rows are there")
                for name, recorded in figures.items():
                    if name == "items":
                        continue
                    found = _figure(name, rows)
                    if found is None:
                        beyond.add(name)
                    elif not math.isclose(found, float(recorded), rel_tol=0, abs_tol=_SAME * max(1.0, abs(found))):
                        wrong.append(f"{name} of {place}: {recorded} recorded, {found:.6f} by the rows")
                    else:
                        checked += 1
        yield _figures_result(f"figures of the {side}", wrong, checked, beyond)


def _figures_result(name: str, wrong: Sequence[str], checked: int, beyond: set[str]) -> CheckResult:
    if wrong:
        return CheckResult(name, "differs", "; ".join(wrong[:3]) + (f"; and {len(wrong) - 3} more" if len(wrong) > 3 else ""))
    without = f"; of texts that scores.json does not hold: {', '.join(sorted(beyond))}" if beyond else ""
    return CheckResult(name, "ok" if checked else "unchecked", f"{checked} figures are what the rows say{without}")


def _figure(name: str, rows: Sequence[Mapping[str, Any]]) -> float | None:
    """The figure by its rows; None where rows alone don't say it, or those of an earlier release lack its field."""
    try:
        return FIGURES_OF_ROWS[name](rows) if rows else None
    except (KeyError, TypeError):
        return None


def item_findings(
    store: ArtifactStore, model: str, record: Mapping[str, Any], scores: Mapping[str, Any], *, same_release: bool
) -> Iterator[CheckResult]:
    """Whether both sides were asked the recorded items, and whether the items that are kept still are these."""
    hashes: Mapping[str, Any] = scores["items_sha256"]
    name = "items of both sides"
    if hashes["items"] == hashes["baseline"] == hashes["candidate"] == record.get("items_sha256"):
        yield CheckResult(name, "ok", f"both answered the items of the record, sha256 {str(hashes['items'])[:12]}")
    else:
        told = ", ".join(f"{side} {str(value)[:12]}" for side, value in hashes.items())
        yield CheckResult(name, "differs", f"the record says {str(record.get('items_sha256'))[:12]}, the scores {told}")
    fault = pinned_fault(store, model)
    yield CheckResult("pinned items", "differs" if fault else "ok", fault or "the model's own items are those of its bootstrap")
    yield _kept_items(store, model, record, scores, same_release=same_release)


def _kept_items(
    store: ArtifactStore, model: str, record: Mapping[str, Any], scores: Mapping[str, Any], *, same_release: bool
) -> CheckResult:
    name = "items as they are kept"
    version, baseline = str(record["version"]), str((record.get("baseline") or {}).get("version"))
    try:
        kept = kept_items(store, model, version, baseline)
    except DataError as error:
        return CheckResult(name, "differs", f"a file of items can't be read: {error}")
    rows = {str(item["item_id"]): item for item in scores["items"]}
    found = {item_id: kept[item_id] for item_id in rows if item_id in kept}
    moved = [
        item_id
        for item_id, item in found.items()
        if (group_name(item), item.language) != (rows[item_id]["group"], rows[item_id]["language"])
    ]
    if moved:
        return CheckResult(name, "differs", f"{len(moved)} items are not of the group and language that was scored, such as {moved[0]}")
    if lacking := len(rows) - len(found):
        memo = any(store.exists(f"{version_key(model, one)}/{MEMO}") for one in (version, *lineage(store, model, baseline)))
        why = "words were taken back" if memo else "this release or an earlier one did not keep them"
        return CheckResult(
            name, "unchecked", f"{lacking} of {len(rows)} items are no longer kept ({why}); of the others the groups are right"
        )
    hashed = items_sha256(found.values())
    if hashed != record.get("items_sha256") and not same_release:
        return CheckResult(name, "unchecked", f"all {len(rows)} are kept, but another release wrote them, perhaps with other fields")
    return compared(name, hashed, record.get("items_sha256"), f"the {len(rows)} kept items")


def kept_items(store: ArtifactStore, model: str, version: str, baseline: str) -> dict[str, EvaluationItem]:
    """The items that a version may have been asked, by the id that they had there. Raises DataError for a file that is none of ours."""
    found = {item.id: item for item in _items(store, MODEL_ITEMS.format(model=model))}
    for one in lineage(store, model, baseline):
        for item in _items(store, REPAIR_ITEMS.format(model=model, version=one)):
            asked = replace(item, id=f"{one}.{item.id}", set="earlier_repair")
            found[asked.id] = asked
    return found | {item.id: item for item in _items(store, REPAIR_ITEMS.format(model=model, version=version))}


def _items(store: ArtifactStore, key: str) -> tuple[EvaluationItem, ...]:
    if not store.exists(key):
        return ()
    with TemporaryDirectory(prefix="abhyas-items-") as place:
        path = Path(place) / "items.jsonl"
        store.read_file(key, path)
        # Empty: every item was taken back.
        return load_evaluation_items(path) if path.stat().st_size else ()
