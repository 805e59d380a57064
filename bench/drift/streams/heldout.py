"""Two halves of the pool with nothing in common but their languages: one to tune on, the other for the sweep that nobody tuned on.

Whole XQuAD articles (in all languages), EWT genres, HDA discourse modes and WiCE articles fall to one half, so the populations and their
topics differ. What is shared still: lines of one HDA story in different modes fall to different halves, so story names can be in both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from bench.drift.streams.pools import Pool

KINDS: Final = ("article/", "genre/", "mode/", "claim/")


@dataclass(frozen=True, slots=True)
class Half:
    """The groups of one half: what `population` and `scenario` take as `groups`."""

    name: str
    groups: frozenset[int]


def halves(pool: Pool, seed: int = 0) -> tuple[Half, Half]:
    """The tuning half and the held-out half, the same for a seed.

    Of each kind the groups go, largest first, equals in random order, to the half with fewer documents so far; which half that fills is
    drawn for each kind, so neither gets all the large ones. Each half has at least one group of each kind that has two.
    """
    rng, sizes = np.random.default_rng([seed, 0xA1F]), np.bincount(pool.group[pool.published()], minlength=len(pool.groups))
    sides: tuple[set[int], set[int]] = (set(), set())
    for kind in KINDS:
        filled = [0, 0]
        first = int(rng.integers(2))
        for group in sorted(rng.permutation(pool.groups_named(kind)).tolist(), key=lambda group: -int(sizes[group])):
            lighter = first if filled[0] == filled[1] else int(filled[1] < filled[0])
            sides[lighter].add(group)
            filled[lighter] += int(sizes[group])
    return Half("tuning", frozenset(sides[0])), Half("held out", frozenset(sides[1]))
