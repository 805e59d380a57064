"""The HTML report: one file that opens offline, light or dark as the reader's system is, charts as inline SVG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, Protocol

_STYLE = """
:root { color-scheme: light dark; --ink: #1c1c1c; --paper: #fff; --soft: #666; --line: #ddd; --before: #8a94a6; --after: #1f6feb;
  --good: #1a7f37; --bad: #b42318; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8e8e8; --paper: #14161a; --soft: #a0a0a0; --line: #333a44; --before: #6b7686;
  --after: #58a6ff; --good: #3fb950; --bad: #ff7b72; } }
body { font: 16px/1.5 system-ui, "Noto Sans Devanagari", sans-serif; color: var(--ink); background: var(--paper); margin: 0 auto;
  max-width: 62rem; padding: 1.5rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.2rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: .25rem .6rem; border-bottom: 1px solid var(--line); }
th:first-child, td:first-child { text-align: left; }
.scroll { overflow-x: auto; } .soft { color: var(--soft); } .promote { color: var(--good); } .reject { color: var(--bad); }
svg text { fill: var(--ink); font-size: 13px; } .before { fill: var(--before); } .after { fill: var(--after); }
.axis { stroke: var(--line); } .interval { stroke: var(--after); stroke-width: 3; }
details { margin: .5rem 0; } summary { cursor: pointer; }
"""
_BAR_HEIGHT, _LABEL_WIDTH, _CHART_WIDTH = 14, 190, 520


class FigureTable(Protocol):
    """What is shown as a table."""

    @property
    def title(self) -> str: ...

    @property
    def header(self) -> tuple[str, ...]: ...

    @property
    def rows(self) -> tuple[tuple[str, ...], ...]: ...


def render_html(
    title: str,
    facts: Mapping[str, str],
    scores: Mapping[str, Any],
    *,
    decision: Mapping[str, Any] | None,
    tables: Sequence[FigureTable],
    notes: Sequence[str],
    warnings: Sequence[str] = (),
) -> str:
    """The whole page; every text is escaped."""
    body = [f"<h1>{escape(title)}</h1>", _facts(facts)]
    body += [f'<p class="reject">Warning: {escape(warning)}.</p>' for warning in warnings]
    if decision:
        verdict = escape(str(decision["verdict"]))
        reasons = "".join(f"<li>{escape(str(reason))}</li>" for reason in decision["reasons"])
        body.append(f'<h2>Decision: <span class="{verdict}">{verdict}</span></h2><ul>{reasons}</ul>')
        body.append(_changes(decision))
    body.append("<h2>Exact match by set</h2>" + _exact_match_bars(scores["aggregates"]))
    for number, table in enumerate(tables):
        body.append(f"<details{' open' if number == 0 else ''}><summary>{escape(table.title)}</summary>{_table(table)}</details>")
    signatures = "".join(f"<li>{escape(name)}: <code>{escape(text)}</code></li>" for name, text in scores.get("signatures", {}).items())
    body.append(f"<h2>How it was computed</h2><ul>{''.join(f'<li>{escape(note)}</li>' for note in notes)}{signatures}</ul>")
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>{''.join(body)}</body></html>\n"
    )


def _facts(facts: Mapping[str, str]) -> str:
    return '<p class="soft">' + " · ".join(f"{escape(name)}: {escape(str(value))}" for name, value in facts.items()) + "</p>"


def _table(table: FigureTable) -> str:
    head = "".join(f"<th>{escape(cell)}</th>" for cell in table.header)
    rows = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in table.rows)
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'


def _exact_match_bars(aggregates: Mapping[str, Any]) -> str:
    """One pair of bars for each set and language: baseline above, candidate below, both from 0 to 1."""
    sides = [side for side in ("baseline", "candidate") if side in aggregates]
    classes = dict(zip(sides, ("before", "after") if len(sides) == 2 else ("after",), strict=True))
    bars: list[str] = []
    top = 0
    for item_set, languages in aggregates[sides[0]].items():
        for language in languages:
            bars.append(f'<text x="0" y="{top + _BAR_HEIGHT}">{escape(item_set)}, {escape(language)}</text>')
            for place, side in enumerate(sides):
                value = float(aggregates[side].get(item_set, {}).get(language, {}).get("exact_match", 0.0))
                y = top + place * (_BAR_HEIGHT + 2)
                width = max(1.0, value * _CHART_WIDTH)
                bars.append(
                    f'<rect class="{classes[side]}" x="{_LABEL_WIDTH}" y="{y}" width="{width:.1f}" height="{_BAR_HEIGHT}">'
                    f"<title>{escape(side)}: {value:.4f}</title></rect>"
                    f'<text x="{_LABEL_WIDTH + width + 6:.1f}" y="{y + _BAR_HEIGHT - 2}">{value:.3f}</text>'
                )
            top += len(sides) * (_BAR_HEIGHT + 2) + 10
    legend = " ".join(
        f'<svg width="12" height="12"><rect class="{name}" width="12" height="12"/></svg> {side}' for side, name in classes.items()
    )
    return f'<p class="soft">{legend}</p>{_svg(top, "".join(bars), "Exact match by set, language and side")}'


def _changes(decision: Mapping[str, Any]) -> str:
    """The primary's interval and each guard's change on one axis from -1 to 1; what is left of the middle is worse."""
    middle = _LABEL_WIDTH + _CHART_WIDTH / 2
    rows: list[str] = []
    primary = decision.get("primary")
    top = 0
    if primary:
        low, high = (middle + primary[name] * _CHART_WIDTH / 2 for name in ("low", "high"))
        rows.append(_change_row(top, "repair (primary)", float(primary["gain"]), middle))
        rows.append(f'<line class="interval" x1="{low:.1f}" x2="{high:.1f}" y1="{top + 9}" y2="{top + 9}"/>')
        top += 24
    for guard in decision.get("guards") or ():
        if guard["change"] is not None:
            rows.append(_change_row(top, str(guard["name"]), max(-1.0, min(1.0, float(guard["change"]))), middle))
            top += 24
    axis = f'<line class="axis" x1="{middle}" x2="{middle}" y1="0" y2="{top}"/>'
    return (
        f'<p class="soft">change, candidate minus baseline (left is worse)</p>{_svg(top, axis + "".join(rows), "Changes")}' if rows else ""
    )


def _change_row(top: int, name: str, change: float, middle: float) -> str:
    x = middle + change * _CHART_WIDTH / 2
    return (
        f'<text x="0" y="{top + 14}">{escape(name)}</text><circle class="after" cx="{x:.1f}" cy="{top + 9}" r="6">'
        f"<title>{change:+.4f}</title></circle>"
        f'<text x="{_LABEL_WIDTH + _CHART_WIDTH + 12}" y="{top + 14}">{change:+.3f}</text>'
    )


def _svg(height: int, content: str, label: str) -> str:
    width = _LABEL_WIDTH + _CHART_WIDTH + 80
    return (
        f'<div class="scroll"><svg role="img" aria-label="{escape(label)}" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}">{content}</svg></div>'
    )
