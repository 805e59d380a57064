"""The drift libraries that ours is held against: their pins, their environments, and their scores over streams.

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
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from bench.drift.streams.pools import ROOT
from bench.drift.streams.population import FloatArray
from bench.peers.environments import Peer, PeerUnavailable, interpreter

CHILD_TIMEOUT_S: Final = 3_600.0

FROUROS: Final = Peer("frouros", ("frouros==0.9.0",))
ALIBI: Final = Peer("alibi-detect", ("alibi-detect==0.13.0", "torch==2.13.0"))
# With pandas 3 its import fails.
EVIDENTLY: Final = Peer("evidently", ("evidently==0.7.23", "pandas==2.3.3"))

Rows = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Method:
    """A method of a peer: what its child is asked, what it takes of a document, and how many documents of the baseline it keeps."""

    name: str
    peer: Peer
    child: str
    asked: dict[str, Any]
    takes: Literal["texts", "phi", "scalars"] = "phi"
    reference: int = 5_000


# Frouros' own streaming classes compare at every document, which costs 15 ms (MMD) and 2 ms a column (KS); so its tests are made over the
# same windows, every hundred or two hundred documents.
METHODS: Final = (
    Method("Frouros MMD", FROUROS, "bench.drift.peers.frouros_child", {"method": "mmd", "window": 1_000, "every": 200}),
    Method("Frouros KS", FROUROS, "bench.drift.peers.frouros_child", {"method": "ks", "window": 1_000, "every": 100}, "scalars"),
    Method("alibi-detect online MMD", ALIBI, "bench.drift.peers.alibi_child", {"window": 100}, reference=2_000),
    Method("Evidently domain classifier", EVIDENTLY, "bench.drift.peers.evidently_child", {"window": 1_000, "every": 200}, "texts"),
)


@dataclass(frozen=True, slots=True)
class PeerScores:
    """A score for each document of each stream (0 where the method gives none yet), the peer's version, its CPU time a document, and the
    bytes that it keeps, its reference among them."""

    scores: list[FloatArray]
    version: str
    us_per_doc: float
    state_bytes: int


def peer_scores(method: Method, environments: Path, reference: Sequence[str] | Rows, streams: Sequence[Sequence[str] | Rows]) -> PeerScores:
    """Runs a method over streams on one thread, from its reference anew for each. Texts for a method that takes texts, else rows
    (documents, columns).

    Raises PeerUnavailable where the peer cannot be installed or its process fails, with what it said.
    """
    python = interpreter(method.peer, environments)
    lengths = [len(stream) for stream in streams]
    with TemporaryDirectory() as folder:
        asked = method.asked | {"out": f"{folder}/scores.npy", "lengths": lengths}
        joined = [text for stream in streams for text in stream] if method.takes == "texts" else np.concatenate(streams)
        for name, rows in (("reference", reference), ("streams", joined)):
            asked[name] = f"{folder}/{name}.{'json' if method.takes == 'texts' else 'npy'}"
            if method.takes == "texts":
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
        scores = np.split(np.load(asked["out"]), np.cumsum(lengths)[:-1])
        return PeerScores(scores, told["version"], told["us_per_doc"], told["state_bytes"])
