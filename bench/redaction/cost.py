"""`python -m bench.redaction.cost --against REVISION --out bench/results/redaction-cost.json`: an event's cost, beside another's.

Instructions, counted by callgrind (wall and CPU time differ by a fifth from run to run): a run that redacts less one that leaves the texts.
Two recorded files, the same for everyone: `stream`, the events of `bench.stream`, and `numbers`, the same with years, amounts and, in one
of twenty, a number that goes. Exit code 1 where `stream` costs more than 1.10 times the other revision's.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any, Final

from bench.callgrind import Cost, comparison_arguments, sentence, tree_of
from bench.redaction.lookalikes import TEMPLATES, filled
from bench.redaction.numbers import mobile
from bench.stream.events import Stream

EVENTS: Final = 10_000
LIMIT: Final = 1.10
REDACTION: Final = Cost(Path(__file__).with_name("cost_child.py"), work="redact", idle="leave")


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


def main() -> int:
    """Compares, prints and writes."""
    args = comparison_arguments(__doc__, events=EVENTS)
    figures: dict[str, Any] = {"events": args.events, "against": args.against, "limit": LIMIT}
    with tree_of(args.against) as before, tempfile.TemporaryDirectory() as folder:
        for name in ("stream", "numbers"):
            texts = Path(folder) / f"{name}.jsonl"
            rows = recorded(args.events, with_numbers=name == "numbers")
            texts.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
            found = figures[name] = REDACTION.beside(before, texts, args.events)
            print(f"{name}: {sentence(found, args.against)}", flush=True)
    if args.out:
        args.out.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    return int(figures["stream"]["ratio"] > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
