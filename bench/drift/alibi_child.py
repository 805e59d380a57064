"""alibi-detect in its own environment: its online MMD over a stream.

It finds its own thresholds for a mean run length by bootstrap, at a cost of window³ times run length: one false alarm in 500,000
documents is out of its reach. So it is set up for a short run length, and gives its statistic for a threshold found on null streams.
"""

from __future__ import annotations

import json
import sys
import time
from importlib.metadata import version

import numpy as np
import torch
from alibi_detect.cd import MMDDriftOnline

RUN_LENGTH = 1_000
BOOTSTRAPS = 5_000  # fewer refuse the run length


def main() -> None:
    """Reads the request named on the command line, writes the test statistic for each document, prints version and cost."""
    asked = json.loads(sys.argv[1])
    reference, stream = np.load(asked["reference"]).astype(np.float32), np.load(asked["stream"]).astype(np.float32)
    torch.manual_seed(0)
    torch.set_num_threads(1)
    detector = MMDDriftOnline(
        reference, ert=RUN_LENGTH, window_size=asked["window"], backend="pytorch", n_bootstraps=BOOTSTRAPS, verbose=False, device="cpu"
    )
    found, began = [], time.process_time()
    for row in stream:
        statistic = detector.predict(row)["data"]["test_stat"]
        found.append(0.0 if statistic is None else float(statistic))
    used = time.process_time() - began
    np.save(asked["out"], np.asarray(found))
    print(json.dumps({"version": version("alibi-detect"), "us_per_doc": used / len(stream) * 1e6}))


if __name__ == "__main__":
    main()
