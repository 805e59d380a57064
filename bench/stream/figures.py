"""Figures with their goals, as the table prints them and the JSON keeps them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value. `at_most` and `at_least` are its goal, both None where there is none; `how` says what was measured."""

    name: str
    value: float
    unit: str
    how: str
    at_most: float | None = None
    at_least: float | None = None

    @property
    def met(self) -> bool | None:
        """Whether the goal is met, None without one."""
        if self.at_most is None and self.at_least is None:
            return None
        return (self.at_most is None or self.value <= self.at_most) and (self.at_least is None or self.value >= self.at_least)

    def row(self) -> dict[str, Any]:
        """The figure as the JSON keeps it."""
        kept = {name: value for name, value in asdict(self).items() if value is not None}
        kept["value"] = _rounded(self.value)
        return kept if self.met is None else kept | {"met": self.met}


def table(figures: Iterable[Figure]) -> str:
    """The figures in aligned lines: value, goal, whether it is met."""
    rows = [(figure.name, f"{_rounded(figure.value):g} {figure.unit}", _goal(figure), _verdict(figure)) for figure in figures]
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(3)]
    return "\n".join("  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[3]]).rstrip() for row in rows)


def _goal(figure: Figure) -> str:
    if figure.at_most is not None:
        return f"at most {figure.at_most:g}"
    return "" if figure.at_least is None else f"at least {figure.at_least:g}"


def _verdict(figure: Figure) -> str:
    return {None: "", True: "met", False: "NOT MET"}[figure.met]


def _rounded(value: float) -> float:
    """Four significant digits: more is noise."""
    return float(f"{value:.4g}")
