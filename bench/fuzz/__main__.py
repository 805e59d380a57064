"""`python -m bench.fuzz [--bodies N] [--files N] [--seed S] [--only WORDS] [--out FILE]`: exit code 1 where something is wrong.

10,000 bodies and 12,000 files by default, every second one valid: a few minutes on one core. Every edge runs in this process.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import structlog

from bench.fuzz import valid
from bench.fuzz.campaign import Edge, Tally, run
from bench.fuzz.file_edges import file_edges
from bench.fuzz.http_edges import http_edges
from consumers.drift.baseline.artifact import save_baseline
from consumers.drift.baseline.fit import BaselineDocument, fit_baseline

# The share of the bodies, and of the files, that each edge gets: by how many fields there are.
BODIES: Final = {
    "gateway feedback": 0.35, "gateway turns": 0.24, "gateway documents": 0.13, "gateway erasure": 0.06, "/finetune/start": 0.12,
    "/evaluate": 0.1,
}  # fmt: skip
FILES: Final = {
    "publish feedback": 0.27, "publish turns": 0.2, "publish documents": 0.075, "publish feedback --history": 0.25, "drift ratings": 0.015,
    "drift fit": 0.02, "drift run": 0.02, "bootstrap documents": 0.04, "bootstrap eval": 0.06, "bootstrap replay": 0.05,
}  # fmt: skip
# In memory where the machine has such a folder: half of the time would be the store's fsync.
_MEMORY: Final = Path("/dev/shm")
FEWEST_FAULTS: Final = 50
FEWEST_ACCEPTED: Final = 0.25


async def campaign(bodies: int, files: int, seed: int, *, only: str = "", fitted: bool = True) -> list[Tally]:
    """What became of so many bodies and files; `only` is a part of the names of edges, without `fitted` there is no `drift run`."""
    # Refusals of the services are not of interest here, and what is has the failure's own words.
    before = structlog.get_config()
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    try:
        return await _campaign(bodies, files, seed, only, fitted=fitted)
    finally:
        structlog.configure(**before)


async def _campaign(bodies: int, files: int, seed: int, only: str, *, fitted: bool) -> list[Tally]:
    found = []
    with TemporaryDirectory(prefix="abhyas-fuzz-", dir=_MEMORY if _MEMORY.is_dir() else None) as temporary:
        folder = Path(temporary)
        async with AsyncExitStack() as stack:
            edges: list[Edge] = [*await http_edges(folder, stack), *file_edges(folder, _baseline(folder) if fitted else None)]
            for edge in edges:
                share = BODIES.get(edge.name)
                inputs = round(bodies * share) if share is not None else round(files * FILES[edge.name])
                if only in edge.name and inputs:
                    started = time.perf_counter()
                    tally = await run(edge, inputs, seed, lines=share is None)
                    wrong = sum(one.times for one in tally.failures.values())
                    taken_s = time.perf_counter() - started
                    print(f"{edge.name}: {tally.inputs} inputs, {tally.accepted} accepted, {wrong} wrong, {taken_s:.0f} s", file=sys.stderr)
                    found.append(tally)
    return found


def summary(tallies: Sequence[Tally]) -> dict[str, Any]:
    """The report: totals, then each edge."""
    inputs, accepted = sum(tally.inputs for tally in tallies), sum(tally.accepted for tally in tallies)
    return {
        "bodies": sum(tally.inputs for tally in tallies if tally.edge in BODIES),
        "files": sum(tally.inputs for tally in tallies if tally.edge in FILES),
        "valid": sum(tally.valid for tally in tallies),
        "accepted": accepted,
        "accepted_share": round(accepted / max(inputs, 1), 3),
        "wrong": sum(failure.times for tally in tallies for failure in tally.failures.values()),
        "fewest_faults_of_a_field": min((count for tally in tallies for count in _own_fields(tally).values()), default=0),
        "edges": [tally.as_dict() for tally in tallies],
    }


def _own_fields(tally: Tally) -> Mapping[str, int]:
    return {name: count for name, count in tally.fields.items() if name}


def _baseline(folder: Path) -> Path:
    rng = random.Random(1)
    documents = [BaselineDocument(valid.words(rng, 30), f"s{number // 9}", date(2026, 11, 1 + number // 90)) for number in range(2_500)]
    save_baseline(fit_baseline(documents, streams=2), folder / "baseline")
    return folder / "baseline"


def main(arguments: list[str]) -> int:
    """Runs it, writes the report, and says what is wrong."""
    parser = argparse.ArgumentParser(prog="python -m bench.fuzz")
    parser.add_argument("--bodies", type=int, default=10_000)
    parser.add_argument("--files", type=int, default=12_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="edges whose name holds this")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args(arguments)
    # Nothing of this machine's settings is to decide.
    for name in ("HOLDOUT_KEY", "USER_HASH_KEY", "DATA_DIR", "MINIO_ENDPOINT"):
        os.environ.pop(name, None)
    found = summary(asyncio.run(campaign(options.bodies, options.files, options.seed, only=options.only)))
    found["seed"] = options.seed
    if options.out is not None:
        options.out.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    for tally in found["edges"]:
        for failure in tally["failures"]:
            print(
                f"{tally['edge']}: {failure['times']} times {failure['what']}\n  {', '.join(failure['faults'])}: {failure['input'][:300]}"
            )
    print(json.dumps({name: held for name, held in found.items() if name != "edges"}))
    few = found["fewest_faults_of_a_field"] < FEWEST_FAULTS or found["accepted_share"] < FEWEST_ACCEPTED
    return 1 if found["wrong"] or (few and not options.only and options.bodies >= 10_000) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
