"""The cells of the simulation of the whole gate: what is drawn, and what share of it is promoted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from bench.gate.counts import LANGUAGES, Changed, Guards, rows_of, word_of
from gpu_runner.gate.rows import decide_rows

SETS: Final = ("holdout", "old_facts", "earlier_repair")


@dataclass(frozen=True)
class Cell:
    """A candidate with a true `gain` on `repair` groups, guards of `sizes` items of which a share `changing` changes, and a true loss of
    `loss` on the guard `harmed`."""

    repair: int
    gain: float
    sizes: tuple[int, int, int]
    changing: float
    harmed: int | None = None
    loss: float = 0.0

    def draw(self, rng: np.random.Generator) -> tuple[Changed, Guards]:
        """One candidate's counts: each item rises or falls by itself; a loss is more falls, and no fewer changes than it takes."""
        repair = Changed(self.repair, int(rng.binomial(self.repair, self.gain)), 0)
        guards: dict[str, Mapping[str, Changed]] = {}
        for place, (name, size) in enumerate(zip(SETS, self.sizes, strict=True)):
            loss = self.loss if place == self.harmed else 0.0
            changing = max(self.changing, loss)
            shares = ((changing - loss) / 2, (changing + loss) / 2, 1 - changing)
            found = {}
            for half, tag in enumerate(LANGUAGES):
                items = size // 2 + (size % 2 if half else 0)
                better, worse, _ = rng.multinomial(items, shares)
                found[tag] = Changed(items, int(better), int(worse))
            guards[name] = found
        return repair, guards

    def measure(self, runs: int, seed: int, checked: int) -> dict[str, Any]:
        """Shares of the words over `runs` candidates; `checked` of them are decided on rows too, and must agree."""
        rng = np.random.default_rng(seed)
        words: Counter[str] = Counter()
        for run in range(runs):
            repair, guards = self.draw(rng)
            word = word_of(repair, guards)
            words[word] += 1
            if run < checked and (found := decide_rows(None, *rows_of(repair, guards)).word) != word:
                raise AssertionError(f"{self}: rows are {found}, counts {word}: {repair} {guards}")
        return {name.lower(): round(words[name] / runs, 4) for name in ("PROMOTE", "REJECT", "ABSTAIN")}


UNHARMED: Final = ((40, 40, 40), (40, 300, 100), (100, 100, 100), (300, 300, 300))
PRIMARIES: Final = ((100, 0.20, 0.92), (300, 0.10, 0.91))
# Changing, items a guard, fewer items.
LIVELY: Final = ((0.06, 400, 200), (0.10, 600, 300), (0.20, 1200, 300))
HARMS: Final = ((300, 0.05), (100, 0.10), (40, 0.20))
HARM_SIZES: Final = {300: (300, 300, 300), 100: (100, 100, 100), 40: (40, 40, 40)}


def power_cells() -> list[tuple[Cell, float]]:
    """Good candidates over unharmed guards, with the least share that is to be promoted."""
    return [(Cell(repair, gain, sizes, 0.03), goal) for sizes in UNHARMED for repair, gain, goal in PRIMARIES]


def lively_cells() -> list[tuple[Cell, float]]:
    """The same where more items change and the guards are larger."""
    return [(Cell(repair, gain, (size, size, size), changing), 0.88) for changing, size, _ in LIVELY for repair, gain, _ in PRIMARIES]


def harm_cells() -> list[Cell]:
    """One guard truly worse, each in turn; the others are of the same size, and of 300 items."""
    found = []
    for size, loss in HARMS:
        for changing in (0.05, 0.10, 0.20):
            for harmed in range(len(SETS)):
                for others in sorted({size, 300}):
                    sizes = [others] * len(SETS)
                    sizes[harmed] = size
                    found.append(Cell(300, 0.20, (sizes[0], sizes[1], sizes[2]), changing, harmed, loss))
    return found


def at_the_needed_number(changing: float, items: int, runs: int, seed: int) -> dict[str, Any]:
    """With few items: how often ABSTAIN, what `items_needed` says then (median), and how often PROMOTE with so many."""
    rng = np.random.default_rng(seed)
    cell = Cell(300, 0.20, (items, items, items), changing)
    needed: list[int] = []
    words: Counter[str] = Counter()
    for _ in range(runs):
        decision = decide_rows(None, *rows_of(*cell.draw(rng)))
        words[decision.word] += 1
        if decision.word == "ABSTAIN" and decision.items_needed is not None:
            needed.append(decision.items_needed)
    promoted = _promoted_with(needed, changing, np.random.default_rng(seed + 1))
    return {
        "items": items, "changing": changing, "abstain": round(words["ABSTAIN"] / runs, 4), "reject": round(words["REJECT"] / runs, 4),
        "items_needed": int(np.median(needed)) if needed else None, "promoted_with_them": promoted,
    }  # fmt: skip


def _promoted_with(needed: Sequence[int], changing: float, rng: np.random.Generator) -> float | None:
    """Each ABSTAIN tried again, ten times, with as many items of each guard as it asked for."""
    if not needed:
        return None
    tried = [word_of(*Cell(300, 0.20, (items, items, items), changing).draw(rng)) for items in needed for _ in range(10)]
    return round(tried.count("PROMOTE") / len(tried), 4)
