"""What every method may know of a population before its stream: a baseline of it, and its documents as each kind of input.

Ours gets the baseline. A peer gets documents that were drawn beside it: of the baseline's own no word is unknown, so a stream that follows
them would look shifted.
"""

from __future__ import annotations

from functools import cache, cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bench.drift.streams.pools import IntArray, Pool
from bench.drift.streams.population import FloatArray, Population, Stream
from bench.drift.sweep import documents_of, pool_rows
from consumers.drift.baseline.fit import ALARMS_PER_100K, STREAMS, Baseline, fit_baseline
from consumers.drift.features.featurise import Quantities
from consumers.drift.features.layout import BINNED, BLOCKS, PHI_SCALE
from consumers.drift.text.code_points import code_points

LONGEST: Final = 400.0  # characters of a document of the pool
DOCUMENTS_A_DAY: Final = 5_000
SEEN: Final = 20_000
_BATCH: Final = 500


class Reference:
    """A baseline stream of a population, what a peer has `seen` of it, and the pool's feature rows and scalars, made at their first use."""

    def __init__(self, before: Population, rng: np.random.Generator, documents: int, calibration_streams: int = STREAMS) -> None:
        self.pool: Pool = before.pool
        self.stream: Stream = before.baseline(rng, documents)
        self.seen: Stream = before.draw(rng, min(documents, SEEN))
        self.fitted = cache(self._fit)
        self._calibration_streams = calibration_streams

    def _fit(self, alarms_per_100k: float) -> Baseline:
        """Our baseline at a rate; the featuriser is the same for each."""
        documents, streams = documents_of(self.pool, self.stream), self._calibration_streams
        return fit_baseline(documents, alarms_per_100k=alarms_per_100k, streams=streams, documents_a_day=DOCUMENTS_A_DAY)

    @cached_property
    def rows(self) -> NDArray[np.int32]:
        """The pool's feature rows, `(d, WIDTH) int32`."""
        return pool_rows(self.pool.texts, self.fitted(ALARMS_PER_100K))

    @cached_property
    def phi(self) -> NDArray[np.float32]:
        """The pool's wordings `(d, 64)` of unit length: what the kernel methods get."""
        return (self.rows[:, BLOCKS["phi"].columns] / PHI_SCALE).astype(np.float32)

    @cached_property
    def scalars(self) -> FloatArray:
        """The pool's seven scalar quantities `(d, 7)`, unbinned, each within 0 to 1, as ADWIN's bound wants them."""
        vocabulary, texts = self.fitted(ALARMS_PER_100K).featuriser.vocabulary, self.pool.texts
        parts = [Quantities.of(code_points(texts[first : first + _BATCH]), vocabulary).binned for first in range(0, len(texts), _BATCH)]
        found = np.concatenate(parts, axis=1).T
        found[:, BINNED.index("characters")] /= LONGEST
        return np.clip(found, 0, 1)

    @cached_property
    def standard(self) -> FloatArray:
        """The scalars as deviations from the means of what was seen, in its standard deviations."""
        usual = self.scalars[self.seen.documents]
        found: FloatArray = (self.scalars - usual.mean(axis=0)) / np.maximum(usual.std(axis=0), 1e-9)
        return found

    def sample(self, documents: int) -> IntArray:
        """Numbers of so many documents, evenly over what was seen: the reference of a method that keeps one."""
        return self.seen.documents[np.linspace(0, len(self.seen) - 1, min(documents, len(self.seen))).astype(np.int64)]
