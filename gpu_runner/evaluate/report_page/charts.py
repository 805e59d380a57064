"""Charts of a report as inline SVG: a strip for each figure with its interval, words and figures beside it as HTML, which wraps. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, Final

from gpu_runner.evaluate.report_page.intervals import SIDES
from gpu_runner.evaluate.report_page.words import both_languages, label, name, part

# Ends of an axis of gains: the first that holds them all.
_SPANS: Final = (0.1, 0.25, 0.5, 1.0)
# What the charts by set show: the first that the figures have.
HEADLINES: Final = ("fixed", "em_guarded", "exact_match")


def decision_gains(decision: Mapping[str, Any]) -> str:
    """The gain of the primary with its interval, and each guard's, on one axis; what is left of the middle is worse."""
    primary = decision.get("primary")
    guards = [(str(guard["name"]), float(guard["change"])) for guard in decision.get("guards") or () if guard["change"] is not None]
    named: list[tuple[str, float, Sequence[float] | None]] = [(name("words", guard), change, None) for guard, change in guards]
    if primary:
        named.insert(0, (label("page.primary"), float(primary["gain"]), [float(primary["low"]), float(primary["high"])]))
    return _gains("gains", named, band="interval_of_primary")


def gains_by_set(results: Mapping[str, Any]) -> str:
    """The gain in the headline figure of each set and language, with its interval; nothing where one side alone was asked."""
    aggregates = results["aggregates"]
    headline = headline_of(results)
    if headline is None or len([side for side in SIDES if side in aggregates]) < 2:
        return ""
    named: list[tuple[str, float, Sequence[float] | None]] = []
    for item_set, languages in aggregates["candidate"].items():
        for language, figures in _shown(languages):
            before = aggregates["baseline"].get(item_set, {}).get(language, {}).get(headline)
            if before is not None and headline in figures:
                gain = figures[headline] - before + 0.0
                named.append((part(item_set, language), gain, _interval(results, item_set, language, headline, "gain")))
    return _gains("gain_by_set", named, f"{label('page.gain_of')} {name('metrics', headline)}.")


def right_by_set(results: Mapping[str, Any]) -> str:
    """One bar a side for each set and language, from 0 to 1, with its interval: the baseline above, the candidate below."""
    aggregates = results["aggregates"]
    headline = headline_of(results)
    if headline is None:
        return ""
    sides = [side for side in SIDES if side in aggregates]
    classes = dict(zip(sides, ("before", "after") if len(sides) == 2 else ("after",), strict=True))
    rows: list[str] = []
    for item_set, languages in aggregates[sides[0]].items():
        for language, _ in _shown(languages):
            for place, side in enumerate(sides):
                value = float(aggregates[side].get(item_set, {}).get(language, {}).get(headline, 0.0))
                ends = _interval(results, item_set, language, headline, side)
                bar = f'<rect class="{classes[side]}" x="0" y="1" width="{max(0.3, value * 100):.2f}" height="8"/>'
                if ends is not None:
                    low, high = (100 * min(1.0, max(0.0, end)) for end in ends)
                    bar += f'<rect class="whisker" x="{low:.2f}" y="4.2" width="{max(0.3, high - low):.2f}" height="1.6"/>'
                words = f'<span class="hidden-text">{label(f"page.{side}")}</span>'
                rows.append(_row(words if place else f"{part(item_set, language)} {words}", bar, _spoken(value, ends, signed=False)))
    legend = " ".join(
        f'<span class="key"><svg viewBox="0 0 12 12" aria-hidden="true"><rect class="{colour}" width="12" height="12"/></svg> '
        f"{label(f'page.{side}')}</span>"
        for side, colour in classes.items()
    )
    told = f"{label('page.share_of')} {name('metrics', headline)}. {label('page.interval_note')}"
    return f"{label('page.right_by_set', tag='h2')}<p class=quiet>{told}</p><p class=quiet>{legend}</p>{_chart('right_by_set', rows)}"


def headline_of(results: Mapping[str, Any]) -> str | None:
    """The figure that charts show."""
    figures = results["aggregates"][next(side for side in SIDES if side in results["aggregates"])]
    known = {metric for languages in figures.values() for values in languages.values() for metric in values}
    return next((metric for metric in HEADLINES if metric in known), None)


def _gains(key: str, named: Sequence[tuple[str, float, Sequence[float] | None]], told: str = "", *, band: str = "interval_note") -> str:
    if not named:
        return ""
    reach = max(abs(end) for _, gain, ends in named for end in (gain, *(ends or ())))
    span = next((span for span in _SPANS if span >= reach), _SPANS[-1])
    rows = []
    for words, gain, ends in named:
        pale = ""
        if ends is not None:
            low, high = (_place(end, span) for end in ends)
            pale = f'<rect class="interval" x="{low:.2f}" y="2.5" width="{max(0.3, high - low):.2f}" height="5"/>'
        mark = f'<rect class="{"worse" if gain < 0 else "after"}" x="{_place(gain, span) - 0.6:.2f}" y="1" width="1.2" height="8"/>'
        axis = '<rect class="axis" x="49.85" y="0" width="0.3" height="10"/>'
        rows.append(_row(words, axis + pale + mark, _spoken(gain, ends, signed=True)))
    axis_words = f"{label('page.gains_axis')} {-span:g} … {span:+g}. {label(f'page.{band}')}"
    return f"{label(f'page.{key}', tag='h2')}<p class=quiet>{told} {axis_words}</p>{_chart(key, rows)}"


def _shown(languages: Mapping[str, Mapping[str, float]]) -> list[tuple[str, Mapping[str, float]]]:
    """All languages together say nothing new where there is one."""
    return [(language, figures) for language, figures in languages.items() if not (language == "all" and len(languages) == 2)]


def _interval(results: Mapping[str, Any], item_set: str, language: str, metric: str, end: str) -> Sequence[float] | None:
    found: Sequence[float] | None = (results.get("intervals") or {}).get(item_set, {}).get(language, {}).get(metric, {}).get(end)
    return found


def _spoken(value: float, ends: Sequence[float] | None, *, signed: bool) -> str:
    sign = "+" if signed else ""
    value = round(value, 4) + 0.0  # a zero has no minus
    told = "" if ends is None else f' <small class="ends">{ends[0]:{sign}.4f} … {ends[1]:{sign}.4f}</small>'
    return f"{value:{sign}.4f}{told}"


def _place(gain: float, span: float) -> float:
    """Where a gain stands on an axis of 100, ends included."""
    return 50 + 49 * max(-1.0, min(1.0, gain / span))


def _row(words: str, drawing: str, value: str) -> str:
    # Words are HTML, which wraps; only the strip between them is stretched to the room that there is.
    return (
        f'<div class="row"><span class="name">{words}</span>'
        f'<svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">{drawing}</svg><span class="value">{value}</span></div>'
    )


def _chart(key: str, rows: Sequence[str]) -> str:
    english = escape(both_languages()[f"page.{key}"][0])
    return f'<div class="chart" role="group" data-t-label="page.{key}" aria-label="{english}">{"".join(rows)}</div>'
