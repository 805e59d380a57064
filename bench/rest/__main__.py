"""`python -m bench.rest --out bench/results/rest.json [--broker embedded|kafka] [--minutes 5] [--idle-minutes 10]`: what rest costs.

The figures are of a quiet machine: what else runs shows in them, and a goal that is not met is said and is no failure of the bench.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shlex
import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from bench.rest.measure import figures, measure
from bench.stream.broker import ROOT
from bench.stream.figures import table

WORK: Final = Path(".abhyas/bench-rest")
BROKERS: Final = ("embedded", "kafka")


def main() -> int:
    """Measures the brokers that were asked for and replaces their figures in the JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench.rest", description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--broker", choices=BROKERS, action="append", help="default: both")
    parser.add_argument("--minutes", type=float, default=5.0, help="how long the processes are looked at")
    parser.add_argument("--idle-minutes", type=float, default=10.0, help="from the start to the first event")
    chosen = parser.parse_args()
    os.chdir(ROOT)
    os.environ["PYTHONPATH"] = str(ROOT)
    report: dict[str, Any] = json.loads(chosen.out.read_text()) if chosen.out.exists() else {"brokers": {}}
    for broker in chosen.broker or BROKERS:
        # A stack that has seen nothing: what was left by the last run is gone, the jars stay.
        for left in (WORK / broker, WORK / "kafka-node" / "log"):
            shutil.rmtree(left, ignore_errors=True)
        load = os.getloadavg()[0]
        found = measure(broker, WORK, seconds=chosen.minutes * 60, idle_seconds=chosen.idle_minutes * 60)
        rows = figures(found)
        print(f"== {broker}\n{table(rows)}", flush=True)
        report["machine"] = {"cores": os.cpu_count(), "platform": platform.platform(), "python": platform.python_version()}
        report["brokers"][broker] = {
            "date": datetime.now(UTC).isoformat(timespec="seconds"), "command": shlex.join(["python", "-m", "bench.rest", *sys.argv[1:]]),
            "load_before": load, "load_after": os.getloadavg()[0], "figures": [row.row() for row in rows], **found.report(),
        }  # fmt: skip
        chosen.out.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
