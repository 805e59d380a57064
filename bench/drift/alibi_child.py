"""alibi-detect in its own environment: its online MMD over a stream, with the thresholds that it finds for the asked run length."""

from __future__ import annotations

import json
import sys
import time
from importlib.metadata import version

import numpy as np
import torch
from alibi_detect.cd import MMDDriftOnline


def main() -> None:
    """Reads the request named on the command line, writes test statistic over threshold for each document, prints version and cost."""
    asked = json.loads(sys.argv[1])
    reference, stream = np.load(asked["reference"]).astype(np.float32), np.load(asked["stream"]).astype(np.float32)
    torch.manual_seed(0)
    torch.set_num_threads(1)
    detector = MMDDriftOnline(
        reference, ert=asked["run_length"], window_size=asked["window"], backend="pytorch", n_bootstraps=1_000, verbose=False, device="cpu"
    )
    found, began = [], time.process_time()
    for row in stream:
        data = detector.predict(row)["data"]
        statistic, threshold = data["test_stat"], data["threshold"]
        found.append(0.0 if statistic is None or not threshold else float(statistic) / float(threshold))
    used = time.process_time() - began
    np.save(asked["out"], np.asarray(found))
    print(json.dumps({"version": version("alibi-detect"), "us_per_doc": used / len(stream) * 1e6}))


if __name__ == "__main__":
    main()
