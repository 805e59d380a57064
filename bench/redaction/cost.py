"""`python -m bench.redaction.cost --against REVISION --out bench/results/redaction-cost.json`: an event's cost, beside another's.

Instructions, counted by callgrind (wall and CPU time differ by a fifth from run to run): a run that redacts less one that leaves the texts.
Two recorded files, the same for everyone: `stream`, the events of `bench.stream`, and `numbers`, the same with years, amounts and, in one
of twenty, a number that goes. Exit code 1 where `stream` costs more than 1.10 times the other revision's.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any, Final

from bench.redaction.lookalikes import TEMPLATES, filled
from bench.redaction.numbers import mobile
from bench.stream.events import Stream

EVENTS: Final = 10_000
LIMIT: Final = 1.10
_ROOT: Final = Path(__file__).parents[2]
_COLLECTED: Final = re.compile(r"Collected : (\d+)")


def recorded(events: int, *, with_numbers: bool) -> Iterator[tuple[str, ...]]:
    """The texts of each event, as stage 1 hands them to the redactor."""
    rng = Random(7)
    kinds = [template for kind in ("amount", "count", "time") for template in TEMPLATES[kind]]
    for wire in Stream(events, datetime(2026, 1, 1, tzinfo=UTC)).records():
        event = json.loads(wire.value)
        response = event["response"]
        if with_numbers:
            response += f" {filled(rng.choice(kinds), rng)}" + (f" {mobile(rng)}" if rng.random() < 0.05 else "")
        source = "abhyas/gateway"
        yield event["query"], response, event.get("correction") or "", event["source_group"], event["conversation_id"], source


def instructions(tree: Path, texts: Path, mode: str) -> int:
    """What one run executes with the redactor of a source tree."""
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", sys.executable, "-B", "-P"]
    run = subprocess.run(
        [*command, str(Path(__file__).with_name("cost_child.py")), str(texts), mode],
        env={"PATH": os.environ["PATH"], "PYTHONHASHSEED": "0", "PYTHONPATH": str(tree)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    found = _COLLECTED.search(run.stderr)
    if found is None:
        raise RuntimeError(f"callgrind said nothing of what it collected: {run.stderr[-300:]}")
    return int(found[1])


def per_event(tree: Path, texts: Path, events: int) -> float:
    """Instructions of redaction alone."""
    return (instructions(tree, texts, "redact") - instructions(tree, texts, "leave")) / events


def main() -> int:
    """Compares, prints and writes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--against", required=True, help="a git revision")
    parser.add_argument("--events", type=int, default=EVENTS)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    figures: dict[str, Any] = {"events": args.events, "against": args.against, "limit": LIMIT}
    with tempfile.TemporaryDirectory() as folder:
        before = Path(folder) / "before"
        before.mkdir()
        archive = subprocess.run(["git", "-C", str(_ROOT), "archive", args.against, "producers"], capture_output=True, check=True).stdout
        subprocess.run(["tar", "-x", "-C", str(before)], input=archive, check=True)
        for name in ("stream", "numbers"):
            texts = Path(folder) / f"{name}.jsonl"
            rows = recorded(args.events, with_numbers=name == "numbers")
            texts.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
            was, now = per_event(before, texts, args.events), per_event(_ROOT, texts, args.events)
            figures[name] = {"instructions_before": round(was), "instructions": round(now), "ratio": round(now / was, 3)}
            print(f"{name}: {now:,.0f} instructions an event, {was:,.0f} at {args.against}: {now / was:.3f}", flush=True)
    if args.out:
        args.out.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    return int(figures["stream"]["ratio"] > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
