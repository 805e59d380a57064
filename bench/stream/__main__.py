"""`python -m bench.stream [--parts compare,latency,…] --out bench/results/stream.json`: what the stream core costs, on a broker of its own.

Each part replaces its own figures in the JSON and leaves the others', so a long run may be made in pieces. Exit code 1 where a part failed;
a goal that is not met is said in the table and is no failure of the bench.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
import shlex
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from bench.peers.environments import FAUST, QUIX
from bench.stream import compare, draining, growth, keys, latency, poison
from bench.stream.broker import ROOT, Bench, quiet
from bench.stream.figures import Figure, table
from ops.stack.brokers.single_node import SingleNodeKafka

WORK: Final = Path(".abhyas/bench-stream")
LIBS: Final = Path(".abhyas/kafka/libs")
NOT_COMPARED: Final = (
    "redaction is in no compared run: every contender's stage 1 leaves texts as they are, and its cost is given apart; the featuriser of "
    "documents and feedback comes with a later release and is in none either",
    "Quix Streams and Faust keep day counts by user, because their state is scoped to the key of the record: the sums are compared; they "
    "publish no signal.summarised, know no allowed lateness and forget nothing, all of which ours does in the same run",
    "the broker's CPU is left out; user and system seconds are those of the contender's process from its first record to its last commit",
)


@dataclass(frozen=True, slots=True)
class Size:
    """How much each part does."""

    # More than a hundred commits of 2,000: a 99th percentile of fewer is their slowest, which is a process's first.
    events: int = 210_000
    rounds: int = 5
    models: int = 1_200
    latency_s: float = 60.0
    growth: int = 10_000_000
    keys: int = 1_000_000
    backlog: int = 300_000
    stops: int = 5


FULL: Final = Size()


def _compare(bench: Bench, size: Size) -> tuple[list[Figure], dict[str, Any]]:
    found = compare.compare(bench, events=size.events, rounds=size.rounds, peers=(QUIX.name,))
    # Faust takes twenty times as long: one round over a tenth of the events, on a topic of its own.
    slow = compare.compare(bench, events=size.events // 10, rounds=1, peers=(FAUST.name,))
    more = {
        "rounds": found.rounds, "not_run": found.missing | slow.missing, "same_final_state": found.same_state + slow.same_state,
        "rounds_beside_faust": slow.rounds, "notes": list(NOT_COMPARED),
    }  # fmt: skip
    beside = [figure for figure in compare.figures(slow, size.events // 10) if figure.name.startswith(FAUST.name)]
    return compare.figures(found, size.events) + beside, more


def _latency(bench: Bench, size: Size) -> tuple[list[Figure], dict[str, Any]]:
    return latency.figures(latency.measure_latency(bench, models=size.models, rate=1_000, seconds=size.latency_s), 1_000), {}


def _growth(bench: Bench, size: Size) -> tuple[list[Figure], dict[str, Any]]:
    return growth.figures(growth.measure_growth(bench, events=size.growth, keys=size.keys)), {}


def _keys(bench: Bench, size: Size) -> tuple[list[Figure], dict[str, Any]]:
    # A little more than a million: of the events some are duplicates, and only what changes is in the changelog.
    found = keys.measure_keys(bench, events=size.keys + size.keys // 20, users=size.keys, rounds=3)
    return keys.figures(found), {"drain": found.drain, "restores": list(found.restores), "raw": list(found.raw)}


def _drain(bench: Bench, size: Size) -> tuple[list[Figure], dict[str, Any]]:
    found = draining.measure_draining(bench, events=size.backlog, stops=size.stops)
    return draining.figures(found), {"stops_s": list(found.stops)}


def _poison(bench: Bench, size: Size) -> tuple[list[Figure], dict[str, Any]]:
    return poison.figures(poison.measure_poison(bench, events=size.events, rounds=size.rounds)), {}


PARTS: Final[dict[str, Callable[[Bench, Size], tuple[list[Figure], dict[str, Any]]]]] = {
    "compare": _compare,
    "latency": _latency,
    "drain": _drain,
    "poison": _poison,
    "keys": _keys,
    "growth": _growth,
}
WITHOUT_KAFKA: Final = {"growth"}


def machine() -> dict[str, Any]:
    """Cores, interpreter and versions."""
    return {
        "cores": os.cpu_count(),
        "platform": platform.platform(),
        "python": platform.python_version(),
        "kafka": _kafka_version(),
        **{name: importlib.metadata.version(name) for name in ("aiokafka", "faststream", "msgspec", "cramjam")},
        "quixstreams": QUIX.requirements[0].partition("==")[2],
        "faust-streaming": FAUST.requirements[0].partition("==")[2],
    }


def _kafka_version() -> str:
    found = sorted(path.name for path in LIBS.glob("kafka-clients-*.jar"))
    return found[-1].removeprefix("kafka-clients-").removesuffix(".jar") if found else "unknown"


def run_part(name: str, bench: Bench, size: Size) -> dict[str, Any]:
    """One part: its figures, when and how it was run; the error instead of the figures where it failed."""
    load = os.getloadavg()[0]
    kept: dict[str, Any] = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"), "command": shlex.join(["python", "-m", "bench.stream", *sys.argv[1:]]),
        "load_before": load,
    }  # fmt: skip
    started = time.monotonic()
    print(f"== {name}", file=sys.stderr, flush=True)
    try:
        found, more = PARTS[name](bench, size)
    except Exception as error:
        traceback.print_exc()
        return kept | {"error": f"{type(error).__name__}: {str(error)[:500]}"}
    print(table(found), flush=True)
    return kept | {"minutes": round((time.monotonic() - started) / 60, 1), "figures": [figure.row() for figure in found]} | more


def main() -> int:
    """Starts Apache Kafka, runs the parts, writes the JSON after each of them."""
    parser = argparse.ArgumentParser(prog="python -m bench.stream", description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--parts", default=",".join(PARTS), help=f"some of {','.join(PARTS)} (default: all)")
    parser.add_argument("--events", type=int, default=FULL.events, help="of a compared run")
    parser.add_argument("--rounds", type=int, default=FULL.rounds)
    parser.add_argument("--growth", type=int, default=FULL.growth, help="events of the longest run without Kafka")
    chosen = parser.parse_args()
    names = [name for name in chosen.parts.replace(" ", ",").split(",") if name]
    unknown = [name for name in names if name not in PARTS]
    if unknown:
        parser.error(f"unknown part {', '.join(unknown)}: expected some of {', '.join(PARTS)}")
    os.chdir(ROOT)
    quiet()
    WORK.mkdir(parents=True, exist_ok=True)
    size = Size(events=chosen.events, rounds=chosen.rounds, growth=chosen.growth)
    node = SingleNodeKafka(WORK / "kafka", 0, libs=LIBS)
    address = node.start() if set(names) - WITHOUT_KAFKA else "nowhere:1"
    report: dict[str, Any] = json.loads(chosen.out.read_text()) if chosen.out.exists() else {"parts": {}}
    try:
        for name in names:
            report["machine"] = machine()
            report["parts"][name] = run_part(name, Bench(address, WORK, WORK / "peers"), size)
            chosen.out.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n")
    finally:
        if set(names) - WITHOUT_KAFKA:
            node.stop()
    return int(any("error" in report["parts"][name] for name in names))


if __name__ == "__main__":
    sys.exit(main())
