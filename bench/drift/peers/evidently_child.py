"""Evidently in its own environment: its text domain classifier's ROC AUC of the newest documents of a stream against the reference."""

from __future__ import annotations

import json
import sys
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas
from evidently.legacy.utils.data_drift_utils import calculate_text_drift_score


def main() -> None:
    """Reads the request named on the command line, writes a score at each look, prints version, cost and the size of the texts kept."""
    asked = json.loads(sys.argv[1])
    kept = json.loads(Path(asked["reference"]).read_text(encoding="utf-8"))
    texts = json.loads(Path(asked["streams"]).read_text(encoding="utf-8"))
    reference, window, found, first = pandas.Series(kept), asked["window"], np.zeros(len(texts)), 0
    began = time.process_time()
    for length in asked["lengths"]:
        for end in range(first + window, first + length + 1, asked["every"]):
            found[end - 1], _ = calculate_text_drift_score(reference, pandas.Series(texts[end - window : end]), bootstrap=False)
        first += length
    used = time.process_time() - began
    np.save(asked["out"], found)
    state = sum(len(text.encode()) for text in (*kept, *texts[:window]))
    print(json.dumps({"version": version("evidently"), "us_per_doc": used / len(texts) * 1e6, "state_bytes": state}))


if __name__ == "__main__":
    main()
