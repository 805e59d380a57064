"""`python -m bench.junk --out FILE`: over seeds, how much junk trains and how much is gold, with SUPPORT_MIN of 2 and of 1."""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

from bench.junk.material import Outcome, junk_batch, outcome, prepared


def measure(seeds: int) -> dict[int, Outcome]:
    """The outcome over seeds by SUPPORT_MIN."""
    found = {2: Outcome(), 1: Outcome()}
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(seeds):
            batch = junk_batch(seed)
            for support_min, total in found.items():
                total.add(outcome(batch, prepared(batch, Path(folder) / "dataset", support_min)))
    return found


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(prog="python -m bench.junk", description=__doc__)
    parser.add_argument("--seeds", type=int, default=20, help="batches (default: 20)")
    parser.add_argument("--out", type=Path, required=True, help="where the figures go")
    options = parser.parse_args()
    found = measure(options.seeds)
    told = {
        f"SUPPORT_MIN={support_min}": {
            kind: {"sent": count, "trained": total.trained[kind], "gold": total.gold[kind]} for kind, count in sorted(total.sent.items())
        }
        for support_min, total in found.items()
    }
    options.out.write_text(json.dumps({"seeds": options.seeds, **told}, indent=1) + "\n", encoding="utf-8")
    for name, kinds in told.items():
        print(name)
        for kind, counts in kinds.items():
            print(f"  {kind:45} sent {counts['sent']:5} trained {counts['trained']:5} gold {counts['gold']:5}")


if __name__ == "__main__":
    main()
