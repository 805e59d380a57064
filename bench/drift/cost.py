"""What a document costs: feature rows and monitor in batches of 500, and the size of a day's sketch."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

import numpy as np

from bench.drift.pools import Pool
from bench.drift.population import population
from bench.stream.figures import Figure
from consumers.drift.baseline import fit_featuriser
from consumers.drift.sketch import GROUPS, group_of, packed, sketched
from consumers.drift.vocabulary import fit_vocabulary

BATCH: Final = 500
BATCHES: Final = 40
PARTITIONS: Final = 8


def cost_figures(pool: Pool) -> list[Figure]:
    """Cost and size on documents of the bench's own population."""
    rng = np.random.default_rng(0)
    world = population(pool)
    learnt = [pool.texts[number] for number in world.draw(rng, 16_000).documents.tolist()]
    fitted = fit_featuriser(learnt, fit_vocabulary(learnt, np.arange(len(learnt))).known, rng)
    stream = world.draw(rng, BATCH * BATCHES)
    texts = [pool.texts[number] for number in stream.documents.tolist()]
    characters = sum(map(len, texts)) / len(texts)
    taken = _seconds(fitted.rows, texts)
    alone = _seconds(lambda part: [fitted.rows([text]) for text in part[:50]], texts) * BATCH / 50
    how = f"user and system time of one core, the fastest of {BATCHES} batches of {BATCH}, {characters:.0f} characters a document"
    groups = np.array([group_of(pool.sources[source]) for source in stream.sources.tolist()])
    found = [
        Figure("feature rows, a document", 1e6 * taken / BATCH, "µs", how, at_most=17.0),
        Figure("feature rows, a document alone", 1e6 * alone / BATCH, "µs", "batches of one: why documents are taken in batches"),
    ]
    for documents in (625, 6_250, 20_000):
        rows = np.concatenate([fitted.rows(texts[first : first + BATCH]) for first in range(0, documents, BATCH)])[:documents]
        size = len(packed(sketched(rows, groups[: len(rows)])))
        found.append(Figure(f"a day's sketch of {documents:,} documents", size, "B", f"{GROUPS} groups of sources, packed", at_most=2_048))
    return found


def _seconds(work: Callable[[list[str]], object], texts: list[str]) -> float:
    best = float("inf")
    for first in range(0, len(texts), BATCH):
        started = time.process_time()
        work(texts[first : first + BATCH])
        best = min(best, time.process_time() - started)
    return best
