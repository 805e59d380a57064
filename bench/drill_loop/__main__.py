"""`python -m bench.drill_loop`: starts Apache Kafka, and versitygw, runs the parts asked for, and writes the JSON."""

from __future__ import annotations

import argparse
import asyncio
import json
import platform
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from bench.drill_loop import fixed_points, random_points
from bench.versitygw import Versitygw, VersitygwUnavailable, fetch_versitygw
from ops.demo.run import make_base_model
from ops.stack.brokers.single_node import SingleNodeKafka

PARTS = ("fixed", "local", "s3")


def main(arguments: list[str] | None = None) -> int:
    """Runs the parts asked for and replaces them in the report; the others stay as they were. Returns 1 where a promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m bench.drill_loop", description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--work", type=Path, default=Path(".abhyas/drill-loop"))
    parser.add_argument("--part", choices=PARTS, action="append", help="fixed: six moments; local, s3: random points on that store")
    parser.add_argument("--kills", type=int, default=10, help="random points in each phase (default 10)")
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args(arguments)
    if chosen.kills < 1:
        parser.error(f"argument --kills: expected at least 1, found {chosen.kills}")
    report: dict[str, Any] = json.loads(chosen.out.read_text()) if chosen.out.is_file() else {}
    report = {name: report[name] for name in PARTS if name in report}
    for part, found in _run(chosen, chosen.part or PARTS).items():
        report[part] = {"python": platform.python_version(), **found}
    report["violations"] = sum(report[part].get("violations", 0) for part in PARTS if part in report)
    chosen.out.write_text(json.dumps(report, indent=1) + "\n")
    print(json.dumps({part: report[part].get("skipped") or report[part]["violations"] for part in PARTS if part in report}))
    return 1 if report["violations"] else 0


def _run(chosen: argparse.Namespace, parts: tuple[str, ...] | list[str]) -> dict[str, dict[str, Any]]:
    base = asyncio.run(make_base_model(Path(".abhyas")))
    # A node of its own: that of `make kafka` may be in use.
    node = SingleNodeKafka(chosen.work / "kafka", 0, libs=Path(".abhyas/kafka/libs"))
    found: dict[str, dict[str, Any]] = {}
    with ExitStack() as ending:
        broker = node.start()
        ending.callback(node.stop)
        if "fixed" in parts:
            found["fixed"] = asyncio.run(fixed_points.drill(broker, base, chosen.work / "fixed"))
        for part in (part for part in ("local", "s3") if part in parts):
            try:
                gateway = ending.enter_context(Versitygw(fetch_versitygw(), chosen.work / "buckets")) if part == "s3" else None
            except VersitygwUnavailable as error:
                found[part] = {"skipped": str(error)}
                continue
            drill = random_points.drill(
                broker=broker, base=base, work=chosen.work / part, kills=chosen.kills, seed=chosen.seed, gateway=gateway
            )
            found[part] = asyncio.run(drill)
    return found


if __name__ == "__main__":
    sys.exit(main())
