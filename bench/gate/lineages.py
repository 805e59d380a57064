"""Ten rounds of one lineage: small losses that add up, noticed; and lineages without a loss, not stopped."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bench.gate.counts import Changed, word_of

ITEMS: Final = 300
ROUNDS: Final = 10
NOTICED_BY: Final = 5
_KNOWN: Final = 0.8  # of the holdout, by the first version
_REPAIR: Final = Changed(300, 60, 0)


def lineages(changing: float, loss: float, runs: int, seed: int) -> dict[str, float]:
    """Shares of lineages by what stood in the way: not promoted by round 5, refused (REJECT) by round 5 and by round 10.

    Every round goes on from its candidate, whatever the gate says, so that a loss keeps adding up.
    """
    rng = np.random.default_rng(seed)
    held = refused = stopped = 0
    for _ in range(runs):
        words = _words(changing, loss, rng)
        held += any(word != "PROMOTE" for word in words[:NOTICED_BY])
        refused += "REJECT" in words[:NOTICED_BY]
        stopped += "REJECT" in words
    return {
        "not_promoted_by_round_5": round(held / runs, 4), "rejected_by_round_5": round(refused / runs, 4),
        "rejected_by_round_10": round(stopped / runs, 4),
    }  # fmt: skip


def _words(changing: float, loss: float, rng: np.random.Generator) -> list[str]:
    start = rng.random(ITEMS) < _KNOWN
    before = start.copy()
    english = np.arange(ITEMS) % 2 == 0
    words = []
    for _ in range(ROUNDS):
        known = float(before.mean())
        falls, rises = (changing + loss) / 2 / max(known, 1e-9), (changing - loss) / 2 / max(1 - known, 1e-9)
        drawn = rng.random(ITEMS)
        after = np.where(before, drawn >= falls, drawn < rises)
        guards = {"holdout": {"en": _changed(before[english], after[english]), "hi": _changed(before[~english], after[~english])}}
        words.append(word_of(_REPAIR, guards, {"holdout": _changed(start, after)}))
        before = after
    return words


def _changed(before: NDArray[Any], after: NDArray[Any]) -> Changed:
    return Changed(len(before), int((after & ~before).sum()), int((before & ~after).sum()))
