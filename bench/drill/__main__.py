"""`python -m bench.drill --events N --kills N --seed N --out FILE`: the drill on its own Apache Kafka; exit code 1 on any violation."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import sys
from pathlib import Path

from bench.drill.run import DrillSettings, run_drill


def main() -> int:
    """Runs it, writes the JSON, prints its gist."""
    parser = argparse.ArgumentParser(prog="python -m bench.drill", description=__doc__)
    parser.add_argument("--events", type=int, default=100_000, help="healthy records, duplicates included")
    parser.add_argument("--kills", type=int, default=60, help="of clients and of the broker together")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--handler-failures", type=int, default=100)
    parser.add_argument("--poison", type=int, default=100, help="bad records between the healthy ones")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--work", type=Path, default=Path(".abhyas/drill"), help="emptied first; keeps the logs")
    chosen = parser.parse_args()
    settings = DrillSettings(
        events=chosen.events,
        kills=chosen.kills,
        seed=chosen.seed,
        handler_failures=chosen.handler_failures,
        poison=chosen.poison,
        work=chosen.work,
        libs=Path(".abhyas/kafka/libs"),
    )
    # Clients tell of each broken connection, and here they break by the hundred.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    report = asyncio.run(run_drill(settings, lambda line: print(line, file=sys.stderr, flush=True)))
    chosen.out.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n")
    print(
        json.dumps({name: report[name] for name in ("events", "lost", "doubled", "extra", "seconds")} | {"kills": report["kills"]["total"]})
    )
    for line in report["violations"]:
        print(line, file=sys.stderr)
    return 1 if report["violations"] else 0


if __name__ == "__main__":
    sys.exit(main())
