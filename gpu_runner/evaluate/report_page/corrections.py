"""What became of the lineage's corrections in this version, by the round that learnt them, and the ids of those that it lost. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any, Final

from gpu_runner.evaluate.report_page.words import english, label, name

CORRECTIONS: Final = "corrections"
# In this order, as `versions.corrections.matrix.STATES` has them; a state that is not named here is not shown.
SHOWN_STATES: Final = ("learnt", "not_learnt", "kept", "lost", "not_asked", "withdrawn")


def correction_rows(results: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """A row for each round: its version, how many corrections it learnt, and how many of them are in each of SHOWN_STATES."""
    rounds = (results.get(CORRECTIONS) or {}).get("rounds", ())
    return [(str(one["origin"]), str(one["corrections"]), *(str(one[state]) for state in SHOWN_STATES)) for one in rounds]


def lost_corrections(results: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Id, round and language of each correction that this version lost."""
    return [(str(one["id"]), str(one["origin"]), str(one["language"])) for one in (results.get(CORRECTIONS) or {}).get("lost", ())]


def unreadable_versions(results: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Versions whose scores could not be used, and why: what they answered is not known."""
    return sorted((str(version), str(why)) for version, why in ((results.get(CORRECTIONS) or {}).get("faults") or {}).items())


def corrections_section(results: Mapping[str, Any]) -> str:
    """The section of the page; empty where nothing was ever learnt by a correction."""
    rows = correction_rows(results)
    if not rows:
        return ""
    head = "".join(label(f"corrections.{cell}", tag="th", attributes=" scope=col") for cell in ("round", "corrections", *SHOWN_STATES))
    body = "".join(
        f'<tr><th scope="row">{escape(row[0])}</th>{"".join(f"<td>{escape(cell)}</td>" for cell in row[1:])}</tr>' for row in rows
    )
    lost = "".join(
        f"<li><code>{escape(identity)}</code> ({escape(origin)}, {name('words', language)})</li>"
        for identity, origin, language in lost_corrections(results)
    )
    told = (
        f"<h3>{label('corrections.lost_ones')}</h3><ul>{lost}</ul>"
        if lost
        else label("corrections.none_lost", tag="p", attributes=" class=quiet")
    )
    faults = "".join(
        f'<p class="warning">{label("corrections.unreadable", tag="strong")}: {escape(version)} <span lang="en">({escape(why)})</span></p>'
        for version, why in unreadable_versions(results)
    )
    note, shown = label("corrections.note", tag="p", attributes=" class=quiet"), escape(english("corrections.title"))
    return (
        f"<details open><summary>{label('corrections.title')}</summary>{note}"
        f'<div class="scroll" tabindex="0" role="region" data-t-label="corrections.title" aria-label="{shown}">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>{told}{faults}</details>"
    )
