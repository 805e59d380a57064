"""`python -m bench.stream.instructions --against REVISION --out bench/results/instructions.json`: stage 1's core, beside another's.

Instructions an event, counted by callgrind, of a collector that takes recorded feedback in batches and encodes its samples and counts;
texts are left as they are (`bench.redaction.cost` has redaction). Exit code 1 where that is more than 1.02 times the other revision's.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from bench.callgrind import Cost, comparison_arguments, sentence, tree_of
from bench.stream.events import Stream

EVENTS: Final = 10_000
LIMIT: Final = 1.02
STAGE1: Final = Cost(Path(__file__).with_name("instructions_child.py"), work="collect", idle="leave")


def recorded(events: int) -> Iterator[dict[str, Any]]:
    """Feedback of three days in the order of its publishing, as one partition has it."""
    stream = Stream(events, datetime(2026, 1, 1, tzinfo=UTC))
    for wire in stream.records():
        headers = [[name, raw.decode()] for name, raw in wire.headers]
        yield {"key": wire.key.decode(), "value": wire.value.decode(), "headers": headers, "at_ms": round(stream.until.timestamp() * 1000)}


def main() -> int:
    """Compares, prints and writes."""
    args = comparison_arguments(__doc__, events=EVENTS)
    with tree_of(args.against) as before, tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "events.jsonl"
        file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in recorded(args.events)), encoding="utf-8")
        stage1 = STAGE1.beside(before, file, args.events)
    print(f"stage 1: {sentence(stage1, args.against)}")
    if args.out:
        figures = {"events": args.events, "against": args.against, "limit": LIMIT, "stage1": stage1}
        args.out.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    return int(stage1["ratio"] > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
