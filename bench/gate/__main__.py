"""`python -m bench.gate`: every figure of the gate by simulation, beside its goal, as JSON. Exit code 1: a goal is missed."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from bench.gate.cells import LIVELY, at_the_needed_number, harm_cells, lively_cells, power_cells
from bench.gate.counts import POLICY
from bench.gate.drivers import share_named
from bench.gate.lineages import lineages
from bench.gate.primary import beside_mcnemar, share_found

CHECKED: Final = 20  # decisions of a cell that are made on rows too
MOST_HARM: Final = 0.057


class Goals:
    """The figures with their goals, told as they come."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []

    def add(self, name: str, value: float, goal: float, *, at_most: bool = False, **more: Any) -> None:
        """One figure; met at its goal exactly, too."""
        met = value <= goal if at_most else value >= goal
        self.rows.append({"name": name, "value": value, "goal": goal, "at_most": at_most, "met": met} | more)
        told = f"{'met   ' if met else 'MISSED'} {value:.4f} ({'at most' if at_most else 'at least'} {goal:g})  {name}"
        print(told, file=sys.stderr, flush=True)


def primary(goals: Goals, runs: int) -> None:
    """The primary test by itself."""
    for groups in (30, 100, 300):
        goals.add(f"primary: size, {groups} clusters", share_found(groups, 0.0, runs, 1), 0.06, at_most=True)
    for groups in (100, 300):
        goals.add(f"primary: promoted at -3 points, {groups} clusters", share_found(groups, -0.03, runs, 2), 0.01, at_most=True)
    for groups, gain in ((40, 0.2), (100, 0.1), (300, 0.1)):
        found = beside_mcnemar(groups, gain, runs, 3)
        behind = round(found["mcnemar"] - found["power"], 4)
        goals.add(f"primary: behind McNemar, {groups} groups of one", behind, 0.03, at_most=True, **found)


def power(goals: Goals, runs: int) -> None:
    """Good candidates over unharmed guards."""
    for number, (cell, goal) in enumerate(power_cells() + lively_cells()):
        found = cell.measure(runs, 10 + number, CHECKED)
        sizes = ", ".join(map(str, cell.sizes))
        name = f"power: +{100 * cell.gain:.0f} on {cell.repair}, guards {sizes}, {100 * cell.changing:.0f} % changing"
        goals.add(name, found["promote"], goal, words=found)
    for changing, _, few in LIVELY:
        again = at_the_needed_number(changing, few, max(20, runs // 20), 40)
        value = again["promoted_with_them"]
        if value is not None:
            goals.add(f"power: with the items needed, {100 * changing:.0f} % changing", value, 0.80, found=again)


def harm(goals: Goals, runs: int) -> None:
    """One guard truly worse, each in turn."""
    for number, cell in enumerate(harm_cells()):
        found = cell.measure(runs, 100 + number, 2)
        sizes = ", ".join(map(str, cell.sizes))
        name = f"harm: guard {cell.harmed} of {sizes} loses {100 * cell.loss:.0f} points, {100 * cell.changing:.0f} % changing"
        goals.add(name, found["promote"], MOST_HARM, at_most=True, words=found)


def lineage(goals: Goals, runs: int) -> None:
    """Losses of 2 points a round, and none."""
    for changing, noticed, stopped in ((0.03, 0.97, 0.06), (0.08, 0.88, 0.10)):
        found = lineages(changing, 0.02, runs, 200)
        name = f"lineage: 2 points a round, {100 * changing:.0f} % changing"
        goals.add(f"{name}: not promoted by round 5", found["not_promoted_by_round_5"], noticed, found=found)
        found = lineages(changing, 0.0, runs, 201)
        goals.add(f"lineage: unharmed, {100 * changing:.0f} % changing: rejected by round 10", found["rejected_by_round_10"], stopped,
                  at_most=True, found=found)  # fmt: skip


def driver(goals: Goals, runs: int) -> None:
    """Harm planted in one slice."""
    for changing, goal in ((0.03, 0.92), (0.10, 0.78)):
        for dimension in ("topic", "kind", "language"):
            named = share_named(dimension, changing, max(1, runs // 8), 300)
            goals.add(f"driver: {dimension}, {100 * changing:.0f} % changing", round(named, 4), goal)


PARTS: Final[dict[str, Callable[[Goals, int], None]]] = {
    "primary": primary, "power": power, "harm": harm, "lineage": lineage, "driver": driver,
}  # fmt: skip


def main() -> int:
    """Runs the parts and writes the JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=4000, help="simulations a cell; the primary and lineages take half, drivers an eighth")
    parser.add_argument("--parts", default=" ".join(PARTS))
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    goals, began = Goals(), time.process_time()
    for part in given.parts.split():
        PARTS[part](goals, given.runs // 2 if part in ("primary", "lineage") else given.runs)
    if given.out is not None:
        whole = {"runs": given.runs, "policy": POLICY.as_dict(), "cpu_s": round(time.process_time() - began, 1), "figures": goals.rows}
        given.out.write_text(json.dumps(whole, indent=1, default=float) + "\n", encoding="utf-8")
    return 0 if all(row["met"] for row in goals.rows) else 1


if __name__ == "__main__":
    sys.exit(main())
