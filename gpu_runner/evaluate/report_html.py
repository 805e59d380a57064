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
  max-width: 62rem; padding: 1.5rem; overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.2rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: .25rem .6rem; border-bottom: 1px solid var(--line); }
th:first-child, td:first-child { text-align: left; }
.scroll { overflow-x: auto; } .soft { color: var(--soft); } .promote { color: var(--good); } .reject { color: var(--bad); }
.chart { display: grid; grid-template-columns: minmax(6rem, 12rem) 1fr 4.5rem; gap: .15rem .75rem; align-items: center; margin: .5rem 0; }
.chart .name { overflow-wrap: anywhere; } .chart .value { text-align: right; font-variant-numeric: tabular-nums; }
.chart svg { display: block; width: 100%; height: 1rem; } .key { width: .75rem; height: .75rem; }
.before { fill: var(--before); } .after { fill: var(--after); } .worse { fill: var(--bad); }
.axis { fill: var(--soft); } .interval { fill: var(--after); opacity: .45; }
@media (max-width: 36rem) { body { padding: 1rem; } .chart { grid-template-columns: 1fr 4.5rem; } .chart .name { grid-column: 1 / -1; }
  table { font-size: .85rem; } th, td { padding: .25rem .3rem; } code { overflow-wrap: anywhere; } }
details { margin: .5rem 0; } summary { cursor: pointer; }
"""
# Ends of the axis of gains: the first that holds them all.
_SPANS = (0.1, 0.25, 0.5, 1.0)


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
        body.append(_gains(decision))
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
    """One bar a side for each set and language, from 0 to 1: the baseline above, the candidate below."""
    sides = [side for side in ("baseline", "candidate") if side in aggregates]
    classes = dict(zip(sides, ("before", "after") if len(sides) == 2 else ("after",), strict=True))
    rows: list[str] = []
    for item_set, languages in aggregates[sides[0]].items():
        for language in languages:
            for place, side in enumerate(sides):
                value = float(aggregates[side].get(item_set, {}).get(language, {}).get("exact_match", 0.0))
                bar = f'<rect class="{classes[side]}" x="0" y="1" width="{max(0.3, value * 100):.2f}" height="8"/>'
                rows.append(_chart_row("" if place else f"{item_set}, {language}", bar, f"{value:.3f}", f"{side}: {value:.4f}"))
    legend = " ".join(
        f'<svg class="key" viewBox="0 0 12 12" aria-hidden="true"><rect class="{name}" width="12" height="12"/></svg> {side}'
        for side, name in classes.items()
    )
    return f'<p class="soft">{legend}</p>{_chart(rows, "Exact match by set, language and side")}'


def _gains(decision: Mapping[str, Any]) -> str:
    """The gain of the primary with its interval, and each guard's, on one axis; what is left of the middle is worse."""
    primary = decision.get("primary")
    guards = [(str(guard["name"]), float(guard["change"])) for guard in decision.get("guards") or () if guard["change"] is not None]
    named = [*([("repair (primary)", float(primary["gain"]))] if primary else []), *guards]
    if not named:
        return ""
    ends = [abs(gain) for _, gain in named] + ([abs(float(primary[name])) for name in ("low", "high")] if primary else [])
    span = next((span for span in _SPANS if span >= max(ends)), _SPANS[-1])
    rows = []
    for number, (name, gain) in enumerate(named):
        interval = ""
        if primary and number == 0:
            low, high = (_place(float(primary[end]), span) for end in ("low", "high"))
            interval = f'<rect class="interval" x="{low:.2f}" y="2.5" width="{max(0.3, high - low):.2f}" height="5"/>'
        worse = "worse" if gain < 0 else "after"
        mark = f'<rect class="{worse}" x="{_place(gain, span) - 0.6:.2f}" y="1" width="1.2" height="8"/>'
        axis = '<rect class="axis" x="49.85" y="0" width="0.3" height="10"/>'
        rows.append(_chart_row(name, axis + interval + mark, f"{gain:+.3f}", f"{gain:+.4f}"))
    words = f"gain, above zero (right) the candidate is better; the axis runs from {-span:g} to {span:+g}, what is beyond stands at its end"
    return f'<p class="soft">{words}</p>{_chart(rows, "Gains")}'


def _place(gain: float, span: float) -> float:
    """Where a gain stands on an axis of 100, ends included."""
    return 50 + 49 * max(-1.0, min(1.0, gain / span))


def _chart_row(name: str, drawing: str, value: str, title: str) -> str:
    # Words are HTML, which wraps; only the strip between them is stretched to the room that there is.
    return (
        f'<span class="name">{escape(name)}</span><svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">'
        f'<title>{escape(title)}</title>{drawing}</svg><span class="value">{escape(value)}</span>'
    )


def _chart(rows: Sequence[str], label: str) -> str:
    return f'<div class="chart" role="group" aria-label="{escape(label)}">{"".join(rows)}</div>'
