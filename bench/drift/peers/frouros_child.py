"""Frouros in its own environment: its two-sample tests of the newest documents of a stream against the reference."""

from __future__ import annotations

import json
import pickle
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import numpy as np
from frouros.detectors.data_drift import MMD, KSTest


def mmd(reference: Any) -> tuple[Callable[[Any], float], Any]:
    """The MMD² of a window to the reference, and the detector."""
    detector = MMD(chunk_size=500)
    detector.fit(X=reference)
    return lambda window: float(detector.compare(X=window)[0].distance), detector


def ks(reference: Any) -> tuple[Callable[[Any], float], Any]:
    """The largest Kolmogorov-Smirnov statistic of the columns, each with a detector of its own; sizes are fixed, so p follows from it."""
    detectors = [KSTest() for _ in range(reference.shape[1])]
    for detector, column in zip(detectors, reference.T, strict=True):
        detector.fit(X=column)

    def compare(window: Any) -> float:
        results = [detector.compare(X=column)[0] for detector, column in zip(detectors, window.T, strict=True)]
        return max(float(result.statistic) for result in results)

    return compare, detectors


def main() -> None:
    """Reads the request named on the command line, writes the scores to where it says, prints version, cost and state as a JSON line."""
    asked = json.loads(sys.argv[1])
    reference, rows = np.load(asked["reference"]), np.load(asked["streams"])
    compare, detector = {"mmd": mmd, "ks": ks}[asked["method"]](reference)
    window, found, first = asked["window"], np.zeros(len(rows)), 0
    began = time.process_time()
    for length in asked["lengths"]:
        for end in range(window, length + 1, asked["every"]):
            found[first + end - 1] = compare(rows[first + end - window : first + end])
        first += length
    used = time.process_time() - began
    np.save(asked["out"], found)
    state = len(pickle.dumps(detector)) + rows[:window].nbytes
    print(json.dumps({"version": version("frouros"), "us_per_doc": used / len(rows) * 1e6, "state_bytes": state}))


if __name__ == "__main__":
    main()
