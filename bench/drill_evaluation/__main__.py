"""`make drill-evaluation`: 10,000 items and six kills; exit 1 for any violation."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from bench.drill_evaluation.run import run_drill


def main() -> int:
    """Runs the drill and writes the JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench.drill_evaluation")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--items", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=6)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="abhyas-drill-") as work:
        drill = run_drill(Path(work), items=chosen.items, kills=chosen.kills, seed=chosen.seed, tell=print)
    report = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {"cores": os.cpu_count(), "platform": platform.platform(), "python": platform.python_version()},
        "load": os.getloadavg()[0], "seed": chosen.seed, **asdict(drill),
    }  # fmt: skip
    chosen.out.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"{len(drill.kills)} kills, {len(drill.violations)} violations: {drill.violations}")
    return int(bool(drill.violations))


if __name__ == "__main__":
    sys.exit(main())
