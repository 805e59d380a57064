"""What came of telling the baseline: the shares of repair items that it fixes told and untold, beside the candidate's; for people."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import structlog

from gpu_runner.evaluate.report_page.outcomes import is_right
from gpu_runner.json_files import read_json
from runtime.artifacts.content_hash import file_sha256

_log = structlog.get_logger(__name__)


def told_outcome(folder: Path, named: Mapping[str, str] | None, scores: Mapping[str, Any]) -> dict[str, Any] | None:
    """Shares over the items that were asked, by what `result.json` names; None where nothing was, or the file is another one."""
    if named is None:
        return None
    path = folder / named["path"]
    figures = read_json(path)
    if figures is None or file_sha256(path) != named["sha256"]:
        _log.warning("the figures of the baseline that was told corrections can't be used", path=str(path))
        return None
    scored = {item["item_id"]: item for item in scores["items"]}
    rows = [row for row in figures["items"] if row["item_id"] in scored]
    shares = {
        side: round(sum(is_right(scored[row["item_id"]][side]) for row in rows) / len(rows), 6) if rows else None
        for side in ("baseline", "candidate")
    }
    return {
        "most": figures["most"],
        "items": len(rows),
        "baseline": shares["baseline"],
        "baseline_told": round(sum(row["fixed"] for row in rows) / len(rows), 6) if rows else None,
        "candidate": shares["candidate"],
        "found_by_likeness": round(sum(row["found"] for row in rows) / len(rows), 6) if rows else None,
        "not_asked": figures["not_asked"],
        "sha256": named["sha256"],
    }


def told_sentence(told: Mapping[str, Any]) -> str:
    """The outcome for a person, with the word that it decided nothing."""
    if not told["items"]:
        return "would telling have been enough? No repair item could be asked with its correction in the prompt"
    percent = {name: f"{100 * told[name]:.0f} %" for name in ("baseline", "baseline_told", "candidate", "found_by_likeness")}
    return (
        f"would telling have been enough? Of {told['items']} repair items the baseline fixes {percent['baseline']}, the baseline with "
        f"{told['most']} corrections in its prompt, the item's own among them, {percent['baseline_told']}, the candidate "
        f"{percent['candidate']}; a look-up finds the own correction of {percent['found_by_likeness']} by itself (no reason of the verdict)"
    )
