"""95 % intervals of the figures of a report: each side's, and the gain's, over items that are resampled with their source group. Pure.

A metric has an interval where rows say it: where the mean of a like-named field of the rows, or a ratio of two, is the figure itself. So a
metric that is added to the rows gets one by its name, and a metric of a whole set (BLEU) gets none.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

# More of the first is worse, so a gain in it is a fall; more of the second is neither better nor worse by itself.
LESS_IS_BETTER: Final = frozenset({"hallucination_rate", "contradiction_rate", "latency_ms", "cut_rate", "missing_rate"})
NEITHER: Final = frozenset({"hallucination_coverage", "abstention_rate"})
SIDES: Final = ("baseline", "candidate")

RESAMPLES: Final = 1_000
_SEED: Final = 0
_TAILS: Final = (0.025, 0.975)
_Z: Final = 1.959964  # the 97.5 % quantile of the normal distribution
_BLOCK: Final = 100  # resamples held at once: memory stays at block x groups
# Figures are rounded to six decimals; a mean that differs by more is of something else.
_SAME: Final = 2e-6
# Rates of which the rows have the two counts; and shares of rows in which a field of another name is above zero, where it is known.
_RATIOS: Final = {"hallucination_rate": ("unsupported", "checkable"), "hallucination_coverage": ("checkable", "claims")}
_ABOVE_ZERO: Final = {
    "abstention_rate": "abstained",
    "malformed_word_rate": "malformed_words",
    "structural_fault_rate": "structural_faults",
    "contradiction_rate": "contradictions",
    "preference_accuracy": "preference_margin",
}

Interval = list[float]
Figures = Mapping[str, Mapping[str, Mapping[str, float]]]
Row = Mapping[str, Any]


def intervals_of(items: Sequence[Row], aggregates: Mapping[str, Figures]) -> dict[str, dict[str, dict[str, dict[str, Interval]]]]:
    """Set to language to metric to {"baseline", "candidate", "gain": [low, high]}, as far as each is known; of figures as in scores.json.

    The same items give the same intervals. Cost: resamples x groups x metrics, about 2 s for 10,000 items.
    """
    sides = [side for side in SIDES if side in aggregates]
    return {
        item_set: {
            language: _of_part(_part(items, item_set, language), {side: _figures(aggregates, side, item_set, language) for side in sides})
            for language in languages
        }
        for item_set, languages in aggregates[sides[0]].items()
    }


def gain_of(name: str, before: float, after: float) -> float | None:
    """How much better the second is; None of a metric of which more is neither better nor worse."""
    if name in NEITHER:
        return None
    # Adding zero makes of a minus zero a plain one.
    return (before - after if name in LESS_IS_BETTER else after - before) + 0.0


def wilson(successes: float, trials: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share (Wilson 1927).

    >>> tuple(round(end, 3) for end in wilson(10, 10)), tuple(round(end, 3) for end in wilson(0, 10))
    ((0.722, 1.0), (0.0, 0.278))
    """
    share, z2 = successes / trials, _Z * _Z
    middle = (share + z2 / (2 * trials)) / (1 + z2 / trials)
    half = _Z * math.sqrt(share * (1 - share) / trials + z2 / (4 * trials * trials)) / (1 + z2 / trials)
    return max(0.0, middle - half), min(1.0, middle + half)


def _part(items: Sequence[Row], item_set: str, language: str) -> list[Row]:
    return [item for item in items if item_set in ("all", item["set"]) and language in ("all", item["language"])]


def _figures(aggregates: Mapping[str, Figures], side: str, item_set: str, language: str) -> Mapping[str, float]:
    return aggregates[side].get(item_set, {}).get(language, {})


def _of_part(items: Sequence[Row], figures: Mapping[str, Mapping[str, float]]) -> dict[str, dict[str, Interval]]:
    codes, groups = _groups(items)
    if groups < 2:
        return {}
    # One column a side and metric: above the line the sum of each group, below it what it is a share of.
    above: list[NDArray[np.float64]] = []
    below: list[NDArray[np.float64]] = []
    columns: dict[tuple[str, str], int] = {}
    for side, values in figures.items():
        for name, figure in values.items():
            parts = [_parts(name, item.get(side) or {}) for item in items]
            if any(part is None for part in parts):
                continue
            pairs = np.asarray(parts, dtype=np.float64)
            total, share_of = float(pairs[:, 0].sum()), float(pairs[:, 1].sum())
            if share_of and abs(total / share_of - figure) <= _SAME * max(1.0, abs(figure)):
                columns[side, name] = len(above)
                above.append(np.bincount(codes, weights=pairs[:, 0], minlength=groups).astype(np.float64))
                below.append(np.bincount(codes, weights=pairs[:, 1], minlength=groups).astype(np.float64))
    if not columns:
        return {}
    drawn = _resampled(np.column_stack(above), np.column_stack(below), groups)
    out: dict[str, dict[str, Interval]] = {}
    for (side, name), column in columns.items():
        found = _ends(drawn[:, column]) or _where_nothing_varies(figures[side][name], int(np.count_nonzero(below[column])))
        if found is not None:
            out.setdefault(name, {})[side] = found
    for name in dict.fromkeys(name for _, name in columns):
        before, after = (columns.get((side, name)) for side in SIDES)
        if before is not None and after is not None and name not in NEITHER:
            gains = drawn[:, after] - drawn[:, before]
            if (found := _ends(-gains if name in LESS_IS_BETTER else gains)) is not None:
                out.setdefault(name, {})["gain"] = found
    return out


def _groups(items: Sequence[Row]) -> tuple[NDArray[np.int64], int]:
    """The number of each item's source group; an item that names none is its own."""
    numbers: dict[str, int] = {}
    codes = [numbers.setdefault(str(item.get("group") or item["item_id"]), len(numbers)) for item in items]
    return np.asarray(codes, dtype=np.int64), len(numbers)


def _parts(name: str, row: Row) -> tuple[float, float] | None:
    """The row's part of a figure, and what it counts as; None where rows don't say this figure."""
    if name in _RATIOS:
        counts = [row.get(field) for field in _RATIOS[name]]
        return None if None in counts else (float(counts[0] or 0), float(counts[1] or 0))
    if name == "devanagari_consistency":
        broken = row.get("script_violation")
        return (0.0, 0.0) if broken is None else (1.0 - float(broken), 1.0)
    if name in _ABOVE_ZERO and (value := row.get(_ABOVE_ZERO[name])) is not None:
        return float(value > 0), 1.0
    for field in (_ABOVE_ZERO.get(name, name), name.removesuffix("_rate")):
        if field in row:
            value = row[field]
            if value is None:
                return 0.0, 0.0
            return (float(value), 1.0) if isinstance(value, bool | int | float) else None
    return None


def _resampled(above: NDArray[np.float64], below: NDArray[np.float64], groups: int) -> NDArray[np.float64]:
    """(RESAMPLES, columns): each figure over groups that are drawn with replacement; NaN where none of the drawn has it."""
    rng = np.random.default_rng(_SEED)
    out = []
    for _ in range(RESAMPLES // _BLOCK):
        chosen = rng.integers(0, groups, size=(_BLOCK, groups)) + np.arange(_BLOCK)[:, None] * groups
        times = np.bincount(chosen.ravel(), minlength=_BLOCK * groups).reshape(_BLOCK, groups).astype(np.float64)
        counts = times @ below
        out.append(np.divide(times @ above, counts, out=np.full_like(counts, np.nan), where=counts > 0))
    return np.concatenate(out)


def _ends(values: NDArray[np.float64]) -> Interval | None:
    """The middle 95 %; None where nothing varies, or hardly any resample has the figure."""
    known = values[~np.isnan(values)]
    if known.size < RESAMPLES // 2:
        return None
    low, high = (round(float(end), 6) + 0.0 for end in np.quantile(known, _TAILS))
    return [low, high] if high > low else None


def _where_nothing_varies(figure: float, groups: int) -> Interval | None:
    """A share of none or all of the groups says something about the next ones; another constant says nothing."""
    if figure not in (0, 1) or groups < 2:
        return None
    low, high = wilson(figure * groups, groups)
    return [round(low, 6), round(high, 6)]
