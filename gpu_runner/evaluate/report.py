"""Three reports of one evaluation: results.json, report.md and report.html under `<reports_dir>/<job_id>/`, with the same figures.

They hold the words of questions, references and answers, and who can take them back is in `samples.json` beside them; what is immutable
(scores.json, a decision's record) holds none.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from gpu_runner.evaluate.aggregate import cut_warning
from gpu_runner.evaluate.contamination import contamination, contamination_rows, contamination_sentence
from gpu_runner.evaluate.markdown_text import code, plain
from gpu_runner.evaluate.report_page.corrections import (
    CORRECTIONS,
    SHOWN_STATES,
    correction_rows,
    lost_corrections,
    unreadable_versions,
)
from gpu_runner.evaluate.report_page.damage import DAMAGE_FIGURES, damage_cells
from gpu_runner.evaluate.report_page.intervals import gain_of, intervals_of
from gpu_runner.evaluate.report_page.outcomes import outcome_of, outcomes_of
from gpu_runner.evaluate.report_page.page import render_html
from gpu_runner.evaluate.report_page.texts import TEXTS, samples_in
from gpu_runner.evaluate.report_page.told import TOLD, told_rows_of
from gpu_runner.evaluate.report_page.words import english, notes
from gpu_runner.text.languages import checks_sentence
from runtime.whole_files import write_whole

RESULTS: Final = "results.json"
MARKDOWN: Final = "report.md"
HTML: Final = "report.html"
# Whose words the three hold. Written before them, and after them where it shrinks.
SAMPLES: Final = "samples.json"
FILES: Final = (RESULTS, MARKDOWN, HTML)

SETS_IN_ORDER: Final = ("all", "repair", "holdout", "old_facts", "earlier_repair", "dataset")
# In this order; figures that are not named here come after them.
SHOWN_METRICS: Final = (
    *("fixed", "exact_match", "f1", "em_guarded", "em_lenient", "fact_recall", "contradiction_rate", "preference_accuracy"),
    *("bleu", "bleu_13a", "chrf", "chrf++", "hallucination_rate"),
    *("hallucination_coverage", "abstention_rate", "devanagari_consistency", "latency_ms", "cut_rate", "missing_rate"),
)
MOST_EXAMPLES: Final = 10
_MOST_CHARACTERS: Final = 300


@dataclass(frozen=True)
class ReportPaths:
    """Where the reports lie."""

    results: Path
    markdown: Path
    html: Path


@dataclass(frozen=True)
class Table:
    """One table of figures: a cell is a text, first column included."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def write_reports(
    scores: Mapping[str, Any],
    reports_dir: Path,
    job_id: str,
    *,
    decision: Mapping[str, Any] | None = None,
    title: str = "Evaluation",
    facts: Mapping[str, str] | None = None,
    texts: Mapping[str, Any] | None = None,
    corrections: Mapping[str, Any] | None = None,
    told: Mapping[str, Any] | None = None,
    written_damage: Mapping[str, Any] | None = None,
    leaked: Mapping[str, Sequence[str]] | None = None,
) -> ReportPaths:
    """Write the three reports, each whole or not at all; the same scores give the same bytes.

    `scores` is scores.json (two sides, or one); `decision` is `Decision.as_dict()`; `facts` are shown at the top; `texts` is
    `report_page.texts.texts_of`, without which the reports hold figures alone; `corrections` is `CorrectionsMatrix.report_of` the version,
    `told` is `train.told_outcome.told_outcome`, `written_damage` is `DamageComparison.as_dict()`, where two sides were compared.
    `leaked` are ids of holdout items that training data gave away (`contamination`), for the holdout's scores without them.
    """
    folder = reports_dir / job_id
    shown = {"job": job_id, **(facts or {}), "checks": checks_sentence(item["language"] for item in scores["items"])}
    results = {
        "format": 1,
        "title": title,
        "facts": shown,
        "warnings": [warning] if (warning := cut_warning(scores["items"])) else [],
        "decision": decision,
        **scores,
        "intervals": intervals_of(scores["items"], scores["aggregates"]),
        "outcomes": outcomes_of(scores["items"]),
        **({} if corrections is None else {CORRECTIONS: corrections}),
        **({} if told is None else {TOLD: told}),
        **({} if written_damage is None else {"written_damage": dict(written_damage)}),
        **({} if leaked is None else {"contamination": contamination(scores["items"], leaked)}),
        **(texts or {}),
    }
    if samples := samples_in(results):
        write_whole(folder / SAMPLES, samples_file(samples))
    for name, data in rendered(results).items():
        write_whole(folder / name, data)
    return ReportPaths(folder / RESULTS, folder / MARKDOWN, folder / HTML)


def rendered(results: Mapping[str, Any]) -> dict[str, bytes]:
    """The three files of what results.json says, by name; of results that lost texts, the files without them."""
    tables = score_tables(results)
    return {
        RESULTS: (json.dumps(results, ensure_ascii=False, indent=1, allow_nan=False) + "\n").encode(),
        MARKDOWN: render_markdown(results, tables).encode(),
        HTML: render_html(results, tables).encode(),
    }


def samples_file(samples: Sequence[str]) -> bytes:
    """The bytes of samples.json."""
    return json.dumps({"format": 1, "samples": sorted(samples)}, indent=1).encode() + b"\n"


def score_tables(results: Mapping[str, Any]) -> tuple[Table, ...]:
    """One table for each set and language that has items, with a column for each side, one for the change, and their intervals."""
    aggregates, intervals = results["aggregates"], results.get("intervals") or {}
    sides = [side for side in ("baseline", "candidate") if side in aggregates]
    first = aggregates[sides[0]]
    ends = [*sides, *(["gain"] if len(sides) == 2 else [])]
    header = ("metric", *ends, *(f"{name} 95 %" for name in ends))
    out = []
    for item_set in sorted(first, key=lambda name: (SETS_IN_ORDER.index(name) if name in SETS_IN_ORDER else len(SETS_IN_ORDER), name)):
        for language, figures in first[item_set].items():
            values = [aggregates[side].get(item_set, {}).get(language, {}) for side in sides]
            known = intervals.get(item_set, {}).get(language, {})
            names = dict.fromkeys((*(name for name in SHOWN_METRICS if name in figures), *(name for name in figures if name != "items")))
            rows = tuple((*_row(name, values), *(_interval(known.get(name, {}).get(end)) for end in ends)) for name in names)
            name = f"{item_set}, {'all languages' if language == 'all' else language} ({figures['items']:.0f} items)"
            out.append(Table(name, header, rows))
    return tuple(out)


def outcome_table(results: Mapping[str, Any]) -> Table | None:
    """How many items were fixed, regressed, right and wrong, by set and language; None of results that don't say it."""
    outcomes: Mapping[str, Any] = results.get("outcomes") or {}
    parts = [(f"{item_set}, {language}", counts) for item_set, languages in outcomes.items() for language, counts in languages.items()]
    if not parts:
        return None
    names = [name for name in parts[0][1] if name != "items"]
    rows = tuple((part, str(counts["items"]), *(str(counts[name]) for name in names)) for part, counts in parts)
    return Table("What changed", ("set, language", "items", *(name.replace("_", " ") for name in names)), rows)


def damage_table(results: Mapping[str, Any]) -> Table | None:
    """Which side writes more damaged words of Hindi; None where no answers of two sides were compared."""
    found: Mapping[str, Any] = results.get("written_damage") or {}
    if not found.get("items"):
        return None
    header = tuple(english(f"damage.{name}") for name in DAMAGE_FIGURES)
    return Table(english("page.written_damage"), header, (damage_cells(found),))


def render_markdown(results: Mapping[str, Any], tables: Sequence[Table]) -> str:
    """The report for people who read text; what is not ours in it is shown as it is, and is no markup."""
    decision: Mapping[str, Any] | None = results["decision"]
    facts = (f"- {plain(name)}: {plain(str(value))}" for name, value in results["facts"].items())
    lines = [f"# {plain(results['title'])}", "", *facts, ""]
    lines += [line for warning in results["warnings"] for line in (f"**Warning:** {plain(warning)}.", "")]
    if decision:
        reasons = (f"- {plain(str(reason))}" for reason in decision["reasons"])
        lines += [f"## Decision: {plain(str(decision['verdict']))}", "", *reasons, ""]
        lines += _markdown_table(guard_table(decision)) if decision.get("guards") else []
        lines += [english("notes.false_promotions"), ""]
    if outcomes := outcome_table(results):
        lines += [f"## {outcomes.title}", "", *_markdown_table(outcomes)]
    lines += _corrections(results)
    lines += _telling(results)
    if damage := damage_table(results):
        lines += [f"## {damage.title}", "", *_markdown_table(damage), f"{english('notes.written_damage')}", ""]
    if told := results.get("contamination"):
        header = ("side", "metric", "all holdout items", "without those given away", "items left")
        lines += ["## Contamination of the holdout", "", contamination_sentence(told), ""]
        lines += _markdown_table(Table("", header, contamination_rows(told)))
    for table in tables:
        lines += [f"## {plain(table.title)}", "", *_markdown_table(table)]
    lines += _examples(results)
    lines += [
        "## How it was computed",
        "",
        *(f"- {note}" for note in notes()),
        *(f"- {plain(name)}: {code(text)}" for name, text in results.get("signatures", {}).items()),
        "",
    ]
    return "\n".join(lines)


def _corrections(results: Mapping[str, Any]) -> list[str]:
    """What became of the lineage's corrections, and which this version lost."""
    rows = correction_rows(results)
    if not rows:
        return []
    header = ("learnt by", "corrections", *(english(f"corrections.{state}") for state in SHOWN_STATES))
    table = Table(english("corrections.title"), header, tuple(rows))
    lost = [f"- {code(identity)} ({plain(origin)}, {plain(language)})" for identity, origin, language in lost_corrections(results)]
    told = [f"{english('corrections.lost_ones')}:", "", *lost] if lost else [english("corrections.none_lost")]
    faults = [f"**Warning:** {english('corrections.unreadable')}: {plain(f'{name} ({why})')}" for name, why in unreadable_versions(results)]
    lines = [f"## {table.title}", "", english("corrections.note"), "", *_markdown_table(table), *told, ""]
    return lines + [line for fault in faults for line in (fault, "")]


def _telling(results: Mapping[str, Any]) -> list[str]:
    """Whether telling would have been enough."""
    rows = tuple((english(key), figure) for key, figure in told_rows_of(results))
    if not rows:
        return []
    return [f"## {english('told.title')}", "", english("told.note"), "", *_markdown_table(Table("", ("", ""), rows))]


def guard_table(decision: Mapping[str, Any]) -> Table:
    """The guards of a decision."""
    rows = tuple(
        (
            str(guard["name"]),
            str(guard["state"]).replace("_", " "),
            "" if guard["change"] is None else f"{guard['change']:+.4f}",
            "" if guard["p_harm"] is None else f"{guard['p_harm']:.4f}",
            "" if guard.get("bound") is None else f"{guard['bound']:+.4f}",
            f"{guard['margin']:.4g}",
            str(guard["items"]),
        )
        for guard in decision["guards"]
    )
    return Table("Guards", ("guard", "state", "gain", "p of harm", "at worst (95 %)", "margin", "items"), rows)


def _examples(results: Mapping[str, Any]) -> list[str]:
    """The first items that got worse, then the first that got better, with their words."""
    texts: Mapping[str, Any] = results.get(TEXTS) or {}
    lines: list[str] = []
    for outcome in ("regressed", "fixed"):
        found = [item for item in results["items"] if item["item_id"] in texts and outcome_of(item) == outcome]
        if not found:
            continue
        lines += [f"## {outcome.capitalize()}: {len(found)} items" + (f", the first {MOST_EXAMPLES}" * (len(found) > MOST_EXAMPLES)), ""]
        for item in found[:MOST_EXAMPLES]:
            text = texts[item["item_id"]]
            lines.append(f"- {_shown(text['question'])} ({plain(str(item['set']))}, {plain(str(item['language']))})")
            lines += [f"  - reference: {_shown(reference)}" for reference in text["references"][:1]]
            lines += [f"  - {side}: {_shown(text['answers'][side])}" for side in ("baseline", "candidate") if side in text["answers"]]
        lines.append("")
    return lines


def _shown(text: str) -> str:
    """A text on one line, cut after a word; marks that turn the direction of what follows are named instead."""
    line = " ".join(text.split())
    if len(line) > _MOST_CHARACTERS:
        line = line[:_MOST_CHARACTERS].rsplit(" ", 1)[0] + " …"
    return plain("".join(f"[U+{ord(char):04X}]" if char in _TURNING or ord(char) < 32 else char for char in line))


# Embeddings, overrides, isolates and marks of direction.
_TURNING: Final = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def _row(name: str, values: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    cells = [name, *(_figure(value.get(name)) for value in values)]
    if len(values) == 2:
        before, after = values[0].get(name), values[1].get(name)
        gain = None if before is None or after is None else gain_of(name, before, after)
        cells.append("" if gain is None else f"{round(gain, 4) + 0.0:+.4f}")
    return tuple(cells)


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def _interval(ends: Sequence[float] | None) -> str:
    return "" if ends is None else f"{ends[0]:.4f} to {ends[1]:.4f}"


def _markdown_table(table: Table) -> list[str]:
    escaped = [[plain(cell) for cell in row] for row in table.rows]
    return [
        f"| {' | '.join(map(plain, table.header))} |",
        f"|{'---|' * len(table.header)}",
        *(f"| {' | '.join(row)} |" for row in escaped),
        "",
    ]
