"""Evidently in its own environment: its text domain classifier's ROC AUC for each window of a stream against the reference."""

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
    """Reads the request named on the command line, writes a score a document (its window's), prints version and cost."""
    asked = json.loads(sys.argv[1])
    reference = pandas.Series(json.loads(Path(asked["reference"]).read_text(encoding="utf-8")))
    stream = json.loads(Path(asked["stream"]).read_text(encoding="utf-8"))
    window, began = asked["window"], time.process_time()
    found = np.zeros(len(stream))
    for end in range(window, len(stream) + 1, window):
        auc, _ = calculate_text_drift_score(reference, pandas.Series(stream[end - window : end]), bootstrap=False)
        found[end - 1] = auc
    used = time.process_time() - began
    np.save(asked["out"], found)
    print(json.dumps({"version": version("evidently"), "us_per_doc": used / len(stream) * 1e6}))


if __name__ == "__main__":
    main()
