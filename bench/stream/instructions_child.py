"""Takes recorded feedback through stage 1's core, or reads it without; run under callgrind by `bench.stream.instructions`.

Imports nothing of this project but the core, so that it runs beside an older revision's.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import Any

# Where former revisions have the core, and where this one has it.
_CORE, _RECORDS = ("consumers.core",) * 2 if find_spec("consumers.core") else ("consumers.collect", "consumers")
Collector = import_module(f"{_CORE}.collector").Collector
IntakePolicy = import_module(f"{_CORE}.policy" if find_spec(f"{_CORE}.policy") else f"{_CORE}.intake").IntakePolicy
InputRecord = import_module(f"{_RECORDS}.records").InputRecord
TOPIC = import_module("schemas.topics").FEEDBACK_SUBMITTED
BATCH = 500


def untouched(texts: Sequence[str]) -> None:
    """What stands in the redactor's place."""


def _judging() -> dict[str, Any]:
    """The rules about corrections, which former revisions have not; imported in every mode, so that no difference holds the import."""
    worth = f"{_CORE}.worth"
    if not find_spec(worth):
        return {}
    judging = import_module(f"{worth}.judge")
    if hasattr(judging, "weigh_correction"):
        return {"weigh": judging.weigh_correction}
    return {"judge": judging.judge_correction, "answer_of": import_module(f"{worth}.answer").answer_of}


def main() -> int:
    """`instructions_child FILE collect|judge|leave`; prints how many records it encoded."""
    records = []
    with open(sys.argv[1], encoding="utf-8") as lines:
        for offset, line in enumerate(lines):
            one = json.loads(line)
            headers = tuple((name, text.encode()) for name, text in one["headers"])
            records.append(InputRecord(TOPIC, 0, offset, one["key"].encode(), one["value"].encode(), headers, one["at_ms"]))
    judging = _judging()
    policy = IntakePolicy(
        default_model="", holdout_key=b"a key", holdout_percent=10, redact=untouched, collect_feedback=True,
        lateness_s=7 * 24 * 3600, future_s=600, **(judging if sys.argv[2] == "judge" else {}),
    )  # fmt: skip
    collector = Collector(0, policy)
    encoded = 0
    if sys.argv[2] != "leave":
        for first in range(0, len(records), BATCH):
            effects = collector.process(records[first : first + BATCH])
            if effects.dead_letters or effects.events:
                raise RuntimeError("feedback was refused, or left without being encoded")
            encoded += len(effects.encoded)
    print(encoded)
    return 0


if __name__ == "__main__":
    sys.exit(main())
