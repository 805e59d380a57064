"""The drift libraries that ours is held against: their pins, their environments, and their scores over a stream.

They are oracles, not dependencies: each runs in an environment and a process of its own and gives a score a document, higher for more
drift. The bench finds the threshold of each at the asked false-alarm rate on null streams, so all are compared at a matched rate.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bench.drift.pools import ROOT
from bench.drift.population import FloatArray
from bench.peers.environments import Peer, PeerUnavailable, interpreter

CHILD_TIMEOUT_S: Final = 3_600.0

FROUROS: Final = Peer("frouros", ("frouros==0.9.0",))
ALIBI: Final = Peer("alibi-detect", ("alibi-detect==0.13.0", "torch==2.13.0"))
# With pandas 3 its import fails.
EVIDENTLY: Final = Peer("evidently", ("evidently==0.7.23", "pandas==2.3.3"))

Rows = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Method:
    """A method of a peer: what its child is asked, and whether it takes texts rather than feature rows."""

    name: str
    peer: Peer
    child: str
    asked: dict[str, Any]
    texts: bool = False


METHODS: Final = (
    Method("Frouros MMD", FROUROS, "bench.drift.frouros_child", {"method": "mmd", "window": 500}),
    Method("Frouros KS", FROUROS, "bench.drift.frouros_child", {"method": "ks", "window": 500}),
    Method("alibi-detect online MMD", ALIBI, "bench.drift.alibi_child", {"window": 100}),
    Method("Evidently text domain classifier", EVIDENTLY, "bench.drift.evidently_child", {"window": 1_000}, texts=True),
)


@dataclass(frozen=True, slots=True)
class PeerScores:
    """A score for each document of the stream (0 where the method gives none yet), its version, its CPU time a document."""

    scores: FloatArray
    version: str
    us_per_doc: float

    def first_alarm(self, threshold: float) -> int | None:
        """The number of the first document whose score is above the threshold."""
        above = np.flatnonzero(self.scores > threshold)
        return int(above[0]) if len(above) else None


def peer_scores(method: Method, environments: Path, reference: Sequence[str] | Rows, stream: Sequence[str] | Rows) -> PeerScores:
    """Runs a method over a stream on one thread. Texts for a method that takes texts, else feature rows (documents, columns).

    Raises PeerUnavailable where the peer cannot be installed or its process fails, with what it said.
    """
    python = interpreter(method.peer, environments)
    with TemporaryDirectory() as folder:
        asked = method.asked | {"out": f"{folder}/scores.npy"}
        for name, rows in (("reference", reference), ("stream", stream)):
            asked[name] = f"{folder}/{name}.{'json' if method.texts else 'npy'}"
            if method.texts:
                Path(asked[name]).write_text(json.dumps([*rows], ensure_ascii=False), encoding="utf-8")
            else:
                np.save(asked[name], rows)
        threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
        ran = subprocess.run(
            [str(python), "-m", method.child, json.dumps(asked)],
            cwd=ROOT,
            env={**os.environ, **threads, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=CHILD_TIMEOUT_S,
            check=False,
        )
        lines = [line for line in ran.stdout.splitlines() if line.startswith("{")]
        if ran.returncode or not lines:
            raise PeerUnavailable(f"{method.name}: {ran.stderr.strip()[-600:]}")
        told = json.loads(lines[-1])
        return PeerScores(np.load(asked["out"]), told["version"], told["us_per_doc"])
