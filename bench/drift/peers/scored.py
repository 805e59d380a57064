"""Methods that score each document: their knob is a threshold, and the loosest one that is quiet is the largest score of a null stream."""

from __future__ import annotations

import pickle
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from bench.drift.peers.contenders import Heard, Match
from bench.drift.peers.peers import Method, Rows, peer_scores
from bench.drift.peers.reference import Reference
from bench.drift.streams.population import FloatArray, Stream


def above(scores: Sequence[FloatArray], threshold: float) -> list[Heard]:
    """An alarm at each document whose score is above the threshold.

    >>> above([np.array([0.0, 0.5, 0.7])], 0.5)
    [Heard(alarms=[3], fired=[])]
    """
    return [Heard((np.flatnonzero(found > threshold) + 1).tolist()) for found in scores]


@dataclass(frozen=True)
class Scored:
    """A peer's method in its own environment. It gets texts, or what our featuriser makes of them at no cost to it."""

    method: Method
    environments: Path
    null_streams: int = 1
    knob: str = "largest null score"
    slow: bool = True

    @property
    def name(self) -> str:
        return self.method.name

    def match(self, reference: Reference, nulls: Sequence[Stream]) -> Match:
        """The largest score of the null streams. Raises PeerUnavailable."""
        found = peer_scores(self.method, self.environments, *self._inputs(reference, nulls))
        return Match(float(max(scores.max() for scores in found.scores)), 0, found.us_per_doc, found.state_bytes, found.version)

    def hear(self, reference: Reference, streams: Sequence[Stream], knob: float) -> list[Heard]:
        """Every document above the threshold. Raises PeerUnavailable."""
        return above(peer_scores(self.method, self.environments, *self._inputs(reference, streams)).scores, knob)

    def _inputs(self, reference: Reference, streams: Sequence[Stream]) -> tuple[Sequence[str] | Rows, list[Sequence[str] | Rows]]:
        drawn = [reference.sample(self.method.reference), *(stream.documents for stream in streams)]
        if self.method.takes == "texts":
            texts = reference.pool.texts
            kept, *found = [[texts[i] for i in documents.tolist()] for documents in drawn]
            return kept, [*found]
        rows = reference.phi if self.method.takes == "phi" else reference.scalars.astype(np.float32)
        return rows[drawn[0]], [rows[documents] for documents in drawn[1:]]


@dataclass(frozen=True)
class Kswin:
    """river's KSWIN on each of the seven scalars, scored by the smallest p: what its alpha would have to be for an alarm."""

    name: str = "KSWIN ×7"
    null_streams: int = 1
    knob: str = "-log10 alpha"
    slow: bool = True

    def match(self, reference: Reference, nulls: Sequence[Stream]) -> Match:
        """The largest score of the null streams; the cost is without that of the scalars."""
        began = time.process_time()
        scores = [self._scores(reference, stream) for stream in nulls]
        used = time.process_time() - began
        state = len(pickle.dumps(self._detectors(reference)))
        knob = float(max(found.max() for found in scores))
        return Match(knob, 0, used / sum(map(len, nulls)) * 1e6, state, version("river"))

    def hear(self, reference: Reference, streams: Sequence[Stream], knob: float) -> list[Heard]:
        """Every document with a smaller p."""
        return above([self._scores(reference, stream) for stream in streams], knob)

    def _scores(self, reference: Reference, stream: Stream) -> FloatArray:
        detectors, found = self._detectors(reference), np.zeros(len(stream))
        for n, document in enumerate(reference.scalars[stream.documents].tolist()):
            for detector, value in zip(detectors, document, strict=True):
                detector.update(value)
            if n + 1 >= detectors[0].window_size:
                found[n] = -np.log10(min(detector.p_value for detector in detectors))
        return found

    def _detectors(self, reference: Reference) -> list[Any]:
        from river.drift import KSWIN

        # An alpha that nothing reaches: an alarm would empty the window.
        return [KSWIN(alpha=1e-300, seed=0) for _ in range(reference.scalars.shape[1])]
