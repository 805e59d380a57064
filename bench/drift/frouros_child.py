"""Frouros in its own environment: scores for each document of a stream, its detectors fed one by one as its documentation has it."""

from __future__ import annotations

import json
import sys
import time
from importlib.metadata import version
from typing import Any

import numpy as np
from frouros.detectors.data_drift import IncrementalKSTest, MMDStreaming


def mmd(reference: Any, stream: Any, window: int) -> list[float]:
    """The MMD² of the last `window` documents to the reference."""
    detector = MMDStreaming(window_size=window, chunk_size=500)
    detector.fit(X=reference)
    found = []
    for row in stream:
        result, _ = detector.update(value=row)
        found.append(0.0 if result is None else float(result.distance))
    return found


def ks(reference: Any, stream: Any, window: int) -> list[float]:
    """The largest Kolmogorov-Smirnov statistic of the columns, each with a detector of its own; sizes are fixed, so p follows from it."""
    detectors = [IncrementalKSTest(window_size=window) for _ in range(reference.shape[1])]
    for detector, column in zip(detectors, reference.T, strict=True):
        detector.fit(X=column)
    found = []
    for row in stream:
        results = [detector.update(value=value)[0] for detector, value in zip(detectors, row, strict=True)]
        found.append(max((float(result.statistic) for result in results if result is not None), default=0.0))
    return found


def main() -> None:
    """Reads the request named on the command line, writes the scores to where it says, prints version and cost as a JSON line."""
    asked = json.loads(sys.argv[1])
    reference, stream = np.load(asked["reference"]), np.load(asked["stream"])
    began = time.process_time()
    found = {"mmd": mmd, "ks": ks}[asked["method"]](reference, stream, asked["window"])
    used = time.process_time() - began
    np.save(asked["out"], np.asarray(found))
    print(json.dumps({"version": version("frouros"), "us_per_doc": used / len(stream) * 1e6}))


if __name__ == "__main__":
    main()
