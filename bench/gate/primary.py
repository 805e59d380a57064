"""The primary test by itself: its size over clusters of Zipf sizes, its power at groups of one beside McNemar's, and losses promoted."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from gpu_runner.gate.policy import Policy
from gpu_runner.gate.statistics import PairedDifferences, sign_flip_p

ALPHA: Final = Policy().alpha
LARGEST: Final = 30
ICC: Final = 0.5


def zipf_clusters(groups: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """The size of each group: from 1 to 30 with Zipf's probabilities."""
    sizes = np.arange(1, LARGEST + 1)
    weights = 1 / sizes
    return rng.choice(sizes, size=groups, p=weights / weights.sum())


def share_found(groups: int, gain: float, runs: int, seed: int, *, changing: float = 0.2) -> float:
    """How often the test finds a gain, over clusters whose items change together with an intraclass correlation of one half.

    A share `changing` of the items rises or falls, `gain` more of them rise.
    """
    rng = np.random.default_rng(seed)
    shares = ((changing + gain) / 2, (changing - gain) / 2, 1 - changing)
    found = 0
    for run in range(runs):
        sizes = zipf_clusters(groups, rng)
        own = rng.choice(np.array((1.0, -1.0, 0.0)), size=int(sizes.sum()), p=shares)
        of_group = np.repeat(rng.choice(np.array((1.0, -1.0, 0.0)), size=groups, p=shares), sizes)
        # Each is its group's with the probability of the root of the ICC, which makes any two of a group agree by the ICC.
        changes = np.where(rng.random(len(own)) < np.sqrt(ICC), of_group, own)
        names = tuple(str(name) for name in np.repeat(np.arange(groups), sizes))
        differences = PairedDifferences(tuple(changes.tolist()), names)
        found += sign_flip_p(differences, seed=run) <= ALPHA and differences.mean() > 0
    return round(found / runs, 4)


def beside_mcnemar(groups: int, gain: float, runs: int, seed: int) -> dict[str, Any]:
    """At groups of one: the power of the test and of McNemar's exact one, on the same draws; 10 % of the items fall."""
    rng = np.random.default_rng(seed)
    ours = theirs = 0
    for run in range(runs):
        better, worse, same = rng.multinomial(groups, (0.1 + gain, 0.1, 0.8 - gain))
        values = (1.0,) * better + (-1.0,) * worse + (0.0,) * same
        ours += sign_flip_p(PairedDifferences(values, tuple(map(str, range(groups)))), seed=run) <= ALPHA
        theirs += better + worse > 0 and binom.sf(better - 1, better + worse, 0.5) <= ALPHA
    return {"groups": groups, "gain": gain, "power": round(ours / runs, 4), "mcnemar": round(theirs / runs, 4)}
