"""`python -m ops.demo`: the loop from the first question to the new serving version."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ops.demo.run import DemoSettings, run_demo


def main() -> int:
    """Reads the options and runs the demo; returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m ops.demo", description=__doc__)
    parser.add_argument("--broker", choices=("embedded", "kafka"), default="embedded")
    parser.add_argument("--data", type=Path, default=None, metavar="FILE", help="a file in SQuAD format instead of the built-in corpus")
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    return run_demo(DemoSettings(broker=chosen.broker, data=chosen.data, seed=chosen.seed))


if __name__ == "__main__":
    sys.exit(main())
