"""Three reports of one evaluation: results.json, report.md and report.html under `<reports_dir>/<job_id>/`; no user text."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from gpu_runner.evaluate.aggregate import cut_warning
from gpu_runner.evaluate.long_answers.kinds import RULES
from gpu_runner.evaluate.markdown_text import code, plain
from gpu_runner.evaluate.report_html import render_html
from gpu_runner.text.languages import checks_sentence
from runtime.whole_files import write_whole

SETS_IN_ORDER: Final = ("all", "repair", "holdout", "old_facts", "earlier_repair", "dataset")
SHOWN_METRICS: Final = (
    *(
        "fixed",
        "exact_match",
        "f1",
        "em_guarded",
        "em_lenient",
        "fact_recall",
        "contradiction_rate",
        "bleu",
        "bleu_13a",
        "chrf",
        "chrf++",
        "hallucination_rate",
    ),
    *("hallucination_coverage", "abstention_rate", "devanagari_consistency", "latency_ms", "cut_rate", "missing_rate"),
)
# More of the first is worse, so a gain in it is a fall; more of the second is neither better nor worse by itself.
LESS_IS_BETTER: Final = frozenset({"hallucination_rate", "contradiction_rate", "latency_ms", "cut_rate", "missing_rate"})
NEITHER: Final = frozenset({"hallucination_coverage", "abstention_rate"})
NOTES: Final = (
    "A gain is candidate minus baseline, turned round where less is better (hallucination_rate, contradiction_rate, latency_ms, cut_rate, "
    "missing_rate): above zero the candidate is better, below it is worse, in every table and chart. hallucination_coverage and "
    "abstention_rate have none.",
    "A guard compares item by item (of hallucination: the items with checkable claims on both sides; of latency: the time of a token), a "
    "table of figures all items of a side: the two need not be equal.",
    "exact_match, f1 and em_guarded are shares; bleu and chrf run from 0 to 100. exact_match is MLQA's; em_guarded also keeps "
    "numbers and marks with a meaning (A+, C#, 50%) apart.",
    f"fixed is what the gate counts, by the kind of the item. Short answer (a phrase): {RULES['short']}. "
    f"Long answer (a sentence or more): {RULES['long']}. Preference (told beside, in preference_accuracy): {RULES['preference']}. "
    "fact_recall and contradiction_rate are of long answers alone: the share of the references' facts that are there, and the share of "
    "answers that contradict one. What says the same in quite other words is told least well.",
    "hallucination_rate is unsupported over checkable claims, judged by rules (numbers, names, content words, negation): no "
    "entailment model is plugged in. The rules cannot see a wrong answer that is taken from the same paragraph.",
)
FALSE_PROMOTIONS: Final = (
    "A candidate that is no better is promoted in one of twenty decisions: 2.6 times a year for a model that is decided on weekly."
)


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
) -> ReportPaths:
    """Write the three reports, each whole or not at all; the same scores give the same bytes.

    `scores` is scores.json (two sides, or one); `decision` is `Decision.as_dict()`; `facts` are shown at the top.
    """
    folder = reports_dir / job_id
    shown = {"job": job_id, **(facts or {}), "checks": checks_sentence(item["language"] for item in scores["items"])}
    tables = score_tables(scores)
    warnings = [warning] if (warning := cut_warning(scores["items"])) else []
    results = {"format": 1, "title": title, "facts": shown, "warnings": warnings, "decision": decision, **scores}
    paths = ReportPaths(folder / "results.json", folder / "report.md", folder / "report.html")
    write_whole(paths.results, (json.dumps(results, ensure_ascii=False, indent=1, allow_nan=False) + "\n").encode())
    markdown = render_markdown(title, shown, tables, decision, scores.get("signatures", {}), warnings=warnings)
    write_whole(paths.markdown, markdown.encode())
    notes = [*NOTES, *([FALSE_PROMOTIONS] if decision else [])]
    html = render_html(title, shown, scores, decision=decision, tables=tables, notes=notes, warnings=warnings)
    write_whole(paths.html, html.encode())
    return paths


def score_tables(scores: Mapping[str, Any]) -> tuple[Table, ...]:
    """One table for each set and language that has items, with a column for each side and one for the change."""
    aggregates = scores["aggregates"]
    sides = [side for side in ("baseline", "candidate") if side in aggregates]
    first = aggregates[sides[0]]
    out = []
    for item_set in sorted(first, key=lambda name: (SETS_IN_ORDER.index(name) if name in SETS_IN_ORDER else len(SETS_IN_ORDER), name)):
        for language, figures in first[item_set].items():
            values = [aggregates[side].get(item_set, {}).get(language, {}) for side in sides]
            rows = tuple(_row(name, values) for name in SHOWN_METRICS if name in figures)
            name = f"{item_set}, {'all languages' if language == 'all' else language} ({figures['items']:.0f} items)"
            out.append(Table(name, ("metric", *sides, *(["gain"] if len(sides) == 2 else [])), rows))
    return tuple(out)


def render_markdown(
    title: str, facts: Mapping[str, str], tables: Sequence[Table], decision: Mapping[str, Any] | None, signatures: Mapping[str, str], *,
    warnings: Sequence[str] = (),
) -> str:  # fmt: skip
    """The report for people who read text; what is not ours in it is shown as it is, and is no markup."""
    lines = [f"# {plain(title)}", "", *(f"- {plain(name)}: {plain(str(value))}" for name, value in facts.items()), ""]
    lines += [line for warning in warnings for line in (f"**Warning:** {plain(warning)}.", "")]
    if decision:
        reasons = (f"- {plain(str(reason))}" for reason in decision["reasons"])
        lines += [f"## Decision: {plain(str(decision['verdict']))}", "", *reasons, ""]
        lines += _markdown_table(guard_table(decision)) if decision.get("guards") else []
        lines += [FALSE_PROMOTIONS, ""]
    for table in tables:
        lines += [f"## {plain(table.title)}", "", *_markdown_table(table)]
    lines += [
        "## How it was computed",
        "",
        *(f"- {note}" for note in NOTES),
        *(f"- {plain(name)}: {code(text)}" for name, text in signatures.items()),
        "",
    ]
    return "\n".join(lines)


def guard_table(decision: Mapping[str, Any]) -> Table:
    """The guards of a decision."""
    rows = tuple(
        (
            str(guard["name"]),
            str(guard["state"]).replace("_", " "),
            "" if guard["change"] is None else f"{guard['change']:+.4f}",
            "" if guard["p_harm"] is None else f"{guard['p_harm']:.4f}",
            f"{guard['margin']:g}",
            str(guard["items"]),
        )
        for guard in decision["guards"]
    )
    return Table("Guards", ("guard", "state", "gain", "p of harm", "margin", "items"), rows)


def _row(name: str, values: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    cells = [name, *(_figure(value.get(name)) for value in values)]
    if len(values) == 2:
        before, after = values[0].get(name), values[1].get(name)
        cells.append("" if before is None or after is None or name in NEITHER else f"{_gain(name, before, after):+.4f}")
    return tuple(cells)


def _gain(name: str, before: float, after: float) -> float:
    # Adding zero makes of a minus zero a plain one.
    return (before - after if name in LESS_IS_BETTER else after - before) + 0.0


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def _markdown_table(table: Table) -> list[str]:
    escaped = [[plain(cell) for cell in row] for row in table.rows]
    return [
        f"| {' | '.join(map(plain, table.header))} |",
        f"|{'---|' * len(table.header)}",
        *(f"| {' | '.join(row)} |" for row in escaped),
        "",
    ]
