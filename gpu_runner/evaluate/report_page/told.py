"""Whether telling the baseline the corrections would have been enough, for the operator: three shares and how many were not asked. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any, Final

from gpu_runner.evaluate.report_page.words import label

TOLD: Final = "told_corrections"
_SHARES: Final = ("baseline", "baseline_told", "candidate", "found_by_likeness")


def told_rows_of(results: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Key of `words.json` and figure, a line each; empty where the baseline was told nothing."""
    told = results.get(TOLD)
    if not told:
        return []
    shares = [(f"told.{name}", f"{100 * told[name]:.1f} %") for name in _SHARES if told[name] is not None]
    return [*shares, ("told.items", str(told["items"])), ("told.not_asked", str(sum(told["not_asked"].values())))]


def told_section(results: Mapping[str, Any]) -> str:
    """The section of the page; empty where the baseline was told nothing."""
    rows = told_rows_of(results)
    if not rows:
        return ""
    body = "".join(f"<tr>{label(key, tag='th', attributes=' scope=row')}<td>{escape(figure)}</td></tr>" for key, figure in rows)
    note = label("told.note", tag="p", attributes=" class=quiet")
    return f"<details open><summary>{label('told.title')}</summary>{note}<table><tbody>{body}</tbody></table></details>"
