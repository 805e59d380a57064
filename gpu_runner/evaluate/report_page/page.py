"""The HTML report: one file that opens offline, in Hindi and English, light or dark as the reader's system is.

The figures are written here, with charts as inline SVG, and need no script. The list of items is data that page.js shows a page at a time.
Every text is escaped, or in the data, where no `<` stands as such; and the file's own policy lets nothing run or load but what is in it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any, Final, Protocol

from gpu_runner.evaluate.report_page.charts import decision_gains, gains_by_set, right_by_set
from gpu_runner.evaluate.report_page.corrections import corrections_section
from gpu_runner.evaluate.report_page.damage import DAMAGE_FIGURES, damage_cells
from gpu_runner.evaluate.report_page.item_data import item_data
from gpu_runner.evaluate.report_page.offline import allowed_hash, report_style
from gpu_runner.evaluate.report_page.told import told_section
from gpu_runner.evaluate.report_page.words import both_languages, label, name, note_keys, part

_HERE: Final = Path(__file__).parent
_SIZE: Final = "@@size@@"


class FigureTable(Protocol):
    """What is shown as a table: a name first, then a figure for each side and the gain, then their intervals."""

    @property
    def title(self) -> str: ...

    @property
    def header(self) -> tuple[str, ...]: ...

    @property
    def rows(self) -> tuple[tuple[str, ...], ...]: ...


def render_html(results: Mapping[str, Any], tables: Sequence[FigureTable]) -> str:
    """The whole page of what results.json says."""
    style, script = report_style(), (_HERE / "page.js").read_text(encoding="utf-8")
    policy = (
        f"default-src 'none'; script-src '{allowed_hash(script)}'; style-src '{allowed_hash(style)}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    title = str(results["title"])
    html = "".join(
        [
            f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{policy}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">',
            f"<title>{escape(title)}</title><style>{style}</style></head><body>",
            label("page.skip", tag="a", attributes=' class="skip" href="#items"'),
            _header(title),
            f"<main>{''.join(_sections(results, tables))}</main>",
            _footer(results),
            _data("words", both_languages()),
            _data("data", item_data(results) | {"default_language": _main_language(results["items"])}),
            f"<script>{script}</script></body></html>\n",
        ]
    )
    size = f"{len(html.encode()) / 1e6:.1f} MB"
    return html.replace(_SIZE, size)


def _data(name_: str, value: Any) -> str:
    """JSON that no text in it can end: nothing that HTML reads as a tag or a comment stands in it as such."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for char in "<>&\u2028\u2029":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return f'<script type="application/json" id="{name_}">{text}</script>'


def _main_language(items: Sequence[Mapping[str, Any]]) -> str:
    """The page opens in Hindi where most items are."""
    return "hi" if Counter(item["language"] for item in items)["hi"] * 2 > len(items) else "en"


def _header(title: str) -> str:
    buttons = "".join(
        f'<button type="button" data-language="{language}" lang="{language}" aria-pressed="{pressed}">{words}</button>'
        for language, words, pressed in (("en", "English", "true"), ("hi", "हिंदी", "false"))
    )
    return (
        f'<header><h1 dir="auto">{escape(title)}</h1><nav data-t-label="page.jump" aria-label="Parts of this page">'
        f"{label('page.items', tag='a', attributes=' href=#items')}</nav>"
        f'<div class="languages" role="group" data-t-label="page.language" aria-label="Language">{buttons}</div></header>'
    )


def _sections(results: Mapping[str, Any], tables: Sequence[FigureTable]) -> list[str]:
    decision: Mapping[str, Any] | None = results["decision"]
    out = [
        f'<p class="warning">{label("page.warning", tag="strong")}: <span lang="en">{escape(warning)}.</span></p>'
        for warning in results["warnings"]
    ]
    if decision:
        out.append(_decision(decision))
    out.append(_tiles(results))
    if decision:
        out.append(decision_gains(decision))
    out += [gains_by_set(results), right_by_set(results)]
    out.append(label("page.figures", tag="h2"))
    if decision and decision.get("guards"):
        out.append(_guards(decision))
    out.append(_outcomes(results))
    out.append(corrections_section(results))
    out.append(told_section(results))
    out.append(_written_damage(results))
    for number, table in enumerate(tables):
        opened = " open" if number == 0 else ""
        out.append(f"<details{opened}><summary>{_title(table.title)}</summary>{_figures(table)}</details>")
    out.append('<section id="items" aria-labelledby="items-title" tabindex="-1">')
    out.append(label("page.items", tag="h2", attributes=' id="items-title"'))
    out.append(label("page.noscript", tag="noscript"))
    out.append('<div id="browser"></div></section>')
    return out


def _decision(decision: Mapping[str, Any]) -> str:
    verdict = str(decision["verdict"])
    colour = {"promote": "good", "reject": "bad"}.get(verdict, "quiet")
    reasons = "".join(f"<li>{escape(str(reason))}</li>" for reason in decision["reasons"])
    shown = name("words", verdict, tag="strong", attributes=f' class="{colour}"')
    return (
        f'<section class="card verdict {colour}"><h2>{label("page.decision")}: {shown}</h2>'
        f'<details open><summary>{label("page.reasons")}</summary><ul lang="en">{reasons}</ul></details>'
        f"{label('notes.false_promotions', tag='p', attributes=' class=quiet')}</section>"
    )


def _tiles(results: Mapping[str, Any]) -> str:
    counts: Mapping[str, Any] = (results.get("outcomes") or {}).get("all", {}).get("all", {})
    colours = {"fixed": "good", "regressed": "bad"}
    tiles = "".join(
        f'<div class="tile">{name("words", key)}<strong class="{colours.get(key, "plain")}">{count}</strong></div>'
        for key, count in counts.items()
    )
    return f'<section aria-labelledby="changes-title">{label("page.changes", tag="h2", attributes=" id=changes-title")}' + (
        f'<div class="tiles">{tiles}</div></section>'
    )


def _outcomes(results: Mapping[str, Any]) -> str:
    outcomes: Mapping[str, Any] = results.get("outcomes") or {}
    parts = [(item_set, language, counts) for item_set, languages in outcomes.items() for language, counts in languages.items()]
    if not parts:
        return ""
    head = "".join(name("words", key, tag="th", attributes=" scope=col") for key in parts[0][2])
    rows = "".join(
        f'<tr><th scope="row">{part(item_set, language)}</th>{"".join(f"<td>{count}</td>" for count in counts.values())}</tr>'
        for item_set, language, counts in parts
    )
    return (
        f"<details open><summary>{label('page.changes')}</summary>{_scrolled(f'<tr><td></td>{head}</tr>', rows, 'page.changes')}</details>"
    )


def _title(title: str) -> str:
    """The title of a table of figures, "set, language (n items)", its known parts in words."""
    head, separator, tail = title.rpartition(" (")
    item_set, comma, language = head.rpartition(", ")
    if not separator or not comma:
        return escape(title)
    count, _, _ = tail.partition(" ")
    return f"{part(item_set, 'all' if language == 'all languages' else language)} ({escape(count)} {label('page.items_count')})"


def _figures(table: FigureTable) -> str:
    """The interval of a figure stands below it, so that the table is as narrow as a phone."""
    ends = [cell.removesuffix(" 95 %") for cell in table.header if cell.endswith(" 95 %")]
    head = "".join(label(f"page.{cell}", tag="th", attributes=" scope=col") for cell in ("metric", *ends))
    rows = []
    for cells in table.rows:
        metric, figures, intervals = cells[0], cells[1 : 1 + len(ends)], cells[1 + len(ends) :]
        shown = "".join(
            f"<td>{escape(figure)}" + (f'<small class="ends">{_ends(interval)}</small>' if interval else "") + "</td>"
            for figure, interval in zip(figures, intervals, strict=True)
        )
        rows.append(f'<tr><th scope="row">{name("metrics", metric)}<code>{escape(metric)}</code></th>{shown}</tr>')
    return _scrolled(f"<tr>{head}</tr>", "".join(rows), "page.figures")


def _ends(interval: str) -> str:
    low, _, high = interval.partition(" to ")
    return f"{escape(low)} … {escape(high)}"


def _guards(decision: Mapping[str, Any]) -> str:
    head = "".join(
        label(f"page.{cell}", tag="th", attributes=" scope=col")
        for cell in ("guard", "state", "gain", "p of harm", "at worst", "margin", "items_count")
    )
    rows = []
    for guard in decision["guards"]:
        change, p_harm = guard["change"], guard["p_harm"]
        state = str(guard["state"]).replace("_", " ")
        rows.append(
            f'<tr><th scope="row">{name("words", str(guard["name"]))}</th><td>{name("words", state)}</td>'
            f"<td>{'' if change is None else f'{change:+.4f}'}</td><td>{'' if p_harm is None else f'{p_harm:.4f}'}</td>"
            f"<td>{'' if guard.get('bound') is None else format(guard['bound'], '+.4f')}</td>"
            f"<td>{guard['margin']:.4g}</td><td>{escape(str(guard['items']))}</td></tr>"
        )
    summary = f"<summary>{label('page.guards')}</summary>"
    return f"<details open>{summary}{_scrolled(f'<tr>{head}</tr>', ''.join(rows), 'page.guards')}</details>"


def _written_damage(results: Mapping[str, Any]) -> str:
    found: Mapping[str, Any] = results.get("written_damage") or {}
    if not found.get("items"):
        return ""
    head = "".join(label(f"damage.{key}", tag="th", attributes=" scope=col") for key in DAMAGE_FIGURES)
    *figures, more = damage_cells(found)
    row = "".join(f"<td>{escape(cell)}</td>" for cell in figures) + f"<td>{label(f'items.{more}')}</td>"
    table = _scrolled(f"<tr>{head}</tr>", f"<tr>{row}</tr>", "page.written_damage")
    note = label("notes.written_damage", tag="p", attributes=" class=quiet")
    return f"<details open><summary>{label('page.written_damage')}</summary>{table}{note}</details>"


def _scrolled(head: str, rows: str, key: str) -> str:
    """A table that scrolls in itself where it is wider than the page, also by the keyboard."""
    english = escape(both_languages()[key][0])
    return (
        f'<div class="scroll" tabindex="0" role="region" data-t-label="{key}" aria-label="{english}">'
        f"<table><thead>{head}</thead><tbody>{rows}</tbody></table></div>"
    )


def _footer(results: Mapping[str, Any]) -> str:
    facts = "".join(
        f"<dt>{name('words', str(key))}</dt><dd>{escape(str(value))}</dd>" for key, value in results["facts"].items() if str(value)
    )
    size = f"<dt>{label('page.size')}</dt><dd>{_SIZE}</dd>"
    notes = "".join(label(key, tag="li") for key in note_keys())
    signatures = "".join(f"<li>{escape(key)}: <code>{escape(text)}</code></li>" for key, text in results.get("signatures", {}).items())
    return (
        f"<footer>{label('page.facts', tag='h2')}<dl>{facts}{size}</dl>{label('page.how', tag='h2')}<ul>{notes}</ul>"
        + (f"{label('page.signatures', tag='h3')}<ul>{signatures}</ul>" if signatures else "")
        + "</footer>"
    )
