"""A population that lacks one topic, with every shift that the bench measures."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

import numpy as np

from bench.drift.streams.pools import EN, HINGLISH, Pool
from bench.drift.streams.population import BURST, CYCLE, MIX, Population, population
from bench.drift.streams.shifts import (
    FLOOD,
    Shift,
    choose_topic,
    duplicates,
    few_documents_repeated,
    gradual,
    languages,
    largest_share,
    matra_loss,
    matras_stripped,
    mojibake,
    one_source_flood,
    subject_of,
    topic,
)

NOVEL_PERCENT: Final = (30, 10, 3)


@dataclass(frozen=True, slots=True)
class Scenario:
    """A population that lacks one topic, and every shift of it. The baseline of a shift is a draw of its own `before`."""

    world: Population
    novel: frozenset[int]
    known: frozenset[int]
    shifts: tuple[Shift, ...]


def scenario(
    pool: Pool,
    rng: np.random.Generator,
    *,
    groups: Collection[int] | None = None,
    novel: Collection[int] | None = None,
    burst: int = BURST,
) -> Scenario:
    """The population of `groups` (default all) without a novel topic, and its shifts.

    `novel` names the groups of that topic (a genre, a discourse mode), else six articles are drawn; so is the known topic. A topic that is
    not there in every language has its shares, and its flood, as far as they leave the language mix as it is.
    """
    new = choose_topic(pool, rng, among=groups) if novel is None else frozenset(novel)
    rest = frozenset(range(len(pool.groups)) if groups is None else groups) - new
    known = choose_topic(pool, rng, among=rest)

    def mixed(hi: float, en: float, hinglish: float, cycle: float = 0.0) -> Population:
        return population(pool, mix=(hi, en, hinglish), groups=rest, burst=burst, cycle=cycle)

    world, (hi, en, hinglish) = mixed(*MIX), MIX
    cycling = mixed(*MIX, cycle=CYCLE)
    most = largest_share(world, subject_of(world, new))
    shifts = [topic(f"novel topic {percent} %", world, new, percent / 100) for percent in NOVEL_PERCENT if percent / 100 <= most]
    shifts += [
        topic("known topic 20 %", world, known, 0.20),
        gradual("novel topic rising", world, new, min(0.30, most)),
        languages("Hindi to English 10 points", world, EN, mixed(hi - 0.10, en + 0.10, hinglish)),
        languages("Hinglish +5 points", world, HINGLISH, mixed(hi - 0.05, en, hinglish + 0.05)),
        matra_loss(world),
        matras_stripped(world),
        mojibake(world),
        Shift("weekly cycle", cycling, ((0, cycling),), False),
        one_source_flood("one-source flood", world, new, min(FLOOD, most)),
        duplicates("duplicates 20 %", world),
        few_documents_repeated("few documents repeated 20 %", world),
    ]
    return Scenario(world, new, known, tuple(shifts))
