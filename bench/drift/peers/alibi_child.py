"""alibi-detect in its own environment: its online MMD over streams.

It finds its own thresholds for a mean run length by bootstrap, in memory of window² times run length: 7 GB for one alarm in 1,000
documents. So it is set up for a shorter run length, and gives its statistic for a threshold found on null streams.
"""

from __future__ import annotations

import json
import pickle
import sys
import time
from importlib.metadata import version

import numpy as np
import torch
from alibi_detect.cd import MMDDriftOnline

RUN_LENGTH = 200
BOOTSTRAPS = 1_000  # fewer refuse the run length


def main() -> None:
    """Reads the request named on the command line, writes the test statistic for each document, prints version, cost and state."""
    asked = json.loads(sys.argv[1])
    reference, rows = np.load(asked["reference"]).astype(np.float32), np.load(asked["streams"]).astype(np.float32)
    torch.manual_seed(0)
    torch.set_num_threads(1)
    detector = MMDDriftOnline(
        reference, ert=RUN_LENGTH, window_size=asked["window"], backend="pytorch", n_bootstraps=BOOTSTRAPS, verbose=False, device="cpu"
    )
    found, first, began = np.zeros(len(rows)), 0, time.process_time()
    for length in asked["lengths"]:
        detector.reset_state()
        for number in range(first, first + length):
            statistic = detector.predict(rows[number])["data"]["test_stat"]
            found[number] = 0.0 if statistic is None else float(statistic)
        first += length
    used = time.process_time() - began
    np.save(asked["out"], found)
    state = len(pickle.dumps(detector))
    print(json.dumps({"version": version("alibi-detect"), "us_per_doc": used / len(rows) * 1e6, "state_bytes": state}))


if __name__ == "__main__":
    main()
