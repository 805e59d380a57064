"""`python -m bench.stream.instructions --against REVISION --out bench/results/instructions.json`: stage 1's core, beside another's.

Instructions an event, counted by callgrind, of a collector that takes recorded feedback in batches and encodes its samples and counts;
texts are left as they are (`bench.redaction.cost` has redaction). Exit code 1 where that is more than 1.05 times the other revision's.
Of this revision alone: the same with corrections judged, and an event of 4 KiB with its conversation and passages.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from bench.callgrind import ROOT, Cost, comparison_arguments, sentence, tree_of
from bench.stream.events import Stream

EVENTS: Final = 10_000
LIMIT: Final = 1.05
STAGE1: Final = Cost(Path(__file__).with_name("instructions_child.py"), work="collect", idle="leave")
JUDGED: Final = Cost(STAGE1.child, work="judge", idle="leave")
CONVERSATION_BYTES: Final = 4096


def recorded(events: int, *, conversation: bool = False) -> Iterator[dict[str, Any]]:
    """Feedback of three days in the order of its publishing, as one partition has it; with a conversation, 4 KiB an event."""
    stream = Stream(events, datetime(2026, 1, 1, tzinfo=UTC))
    for wire in stream.records():
        headers = [[name, raw.decode()] for name, raw in wire.headers]
        value = with_conversation(wire.value) if conversation else wire.value
        yield {"key": wire.key.decode(), "value": value.decode(), "headers": headers, "at_ms": round(stream.until.timestamp() * 1000)}


def with_conversation(value: bytes) -> bytes:
    """The feedback as an assistant with retrieval sends it: a system prompt, a turn before, and passages up to 4 KiB in all."""
    event = json.loads(value)
    event["messages"] = [
        {"role": "system", "content": "केवल दिए गए अंशों से उत्तर दीजिए।"},
        {"role": "user", "content": "नमस्ते, मुझे एक स्मारक के बारे में बताइए।"},
        {"role": "assistant", "content": "किस स्मारक के बारे में?"},
        {"role": "user", "content": event["query"]},
    ]
    passage = {"doc_id": event["source_group"], "text": f"{event['query']} यह अंश संग्रह से लिया गया है। " * 4, "rank": 1}
    event["passages"] = [passage]
    while len(_written(event)) + len(_written(passage)) < CONVERSATION_BYTES:
        event["passages"].append({**passage, "rank": len(event["passages"]) + 1})
    return _written(event)


def _written(event: dict[str, Any]) -> bytes:
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()


def main() -> int:
    """Compares, prints and writes."""
    args = comparison_arguments(__doc__, events=EVENTS)
    with tree_of(args.against) as before, tempfile.TemporaryDirectory() as folder:
        file, conversations = Path(folder) / "events.jsonl", Path(folder) / "conversations.jsonl"
        for path, rows in ((file, recorded(args.events)), (conversations, recorded(args.events, conversation=True))):
            path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
        stage1 = STAGE1.beside(before, file, args.events)
        judged = round(JUDGED.per_event(ROOT, file, args.events))
        conversation = round(STAGE1.per_event(ROOT, conversations, args.events))
    print(f"stage 1: {sentence(stage1, args.against)}")
    print(f"with its corrections judged: {judged:,}; with a conversation of 4 KiB: {conversation:,}")
    if args.out:
        figures = {"events": args.events, "against": args.against, "limit": LIMIT, "stage1": stage1}
        figures |= {"judged_instructions": judged, "conversation_of_4_kib_instructions": conversation}
        args.out.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    return int(stage1["ratio"] > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
