"""`python -m bench.drift.state --out bench/results/drift-state.json`: what the monitor keeps after 10 thousand to 10 million documents.

5,000 documents a day through the monitor of one baseline, its state taken as the changelog has it. Beside it what stage 1 and stage 2 keep
of the days: a sketch each of the 30 that the window holds, for one partition.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np

from bench.drift.streams.invented import InventedWorld
from consumers.drift.baseline.fit import BaselineDocument, fit_baseline
from consumers.drift.features.sketch import empty, group_of, packed, sketched
from consumers.drift.monitor import Monitor

MARKS: Final = (10_000, 100_000, 1_000_000, 10_000_000)
DOCUMENTS_A_DAY: Final = 5_000
WINDOW_DAYS: Final = 30
TEXTS: Final = 20_000


def measured(marks: tuple[int, ...] = MARKS) -> list[dict[str, Any]]:
    """A row a mark: documents so far, bytes of the monitor's state and of the largest day, CPU time a document since the mark before."""
    world = InventedWorld(0)
    documents = list(world.documents(TEXTS))
    baseline = fit_baseline([BaselineDocument(one.text, one.publisher, date(2026, 1, 5)) for one in documents], streams=20)
    fresh = list(world.documents(TEXTS))
    rows = baseline.featuriser.rows([one.text for one in fresh])
    groups = np.array([group_of(one.publisher) for one in fresh])
    size = baseline.bucket_documents
    buckets = [sketched(rows[first : first + size], groups[first : first + size]) for first in range(0, TEXTS, size)]
    monitor, rng = Monitor(baseline), np.random.default_rng(1)
    days: dict[int, int] = {}
    today, told, before = empty(), list[dict[str, Any]](), time.process_time()
    count = 0
    while count < marks[-1]:
        bucket = buckets[int(rng.integers(len(buckets)))]
        count += size
        day = count // DOCUMENTS_A_DAY
        today = today + bucket
        if count % DOCUMENTS_A_DAY == 0:
            days[day] = len(packed(today))
            days.pop(day - WINDOW_DAYS, None)
            today = empty()
            monitor.forget(day - WINDOW_DAYS)
        for _ in monitor.push(bucket, day):
            pass
        if count in marks:
            taken, before = time.process_time() - before, time.process_time()
            since = count - (told[-1]["documents"] if told else 0)
            told.append(
                {
                    "documents": count,
                    "monitor_bytes": sum(len(part) for part in monitor.save().values()),
                    "days": len(days),
                    "largest_day_bytes": max(days.values()),
                    "us_per_doc": round(1e6 * taken / since, 2),
                }
            )
    return told


def main() -> int:
    """Writes the JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench.drift.state", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    asked = parser.parse_args()
    report = {"date": datetime.now(UTC).isoformat(timespec="seconds"), "command": "python -m bench.drift.state", "rows": measured()}
    asked.out.write_text(json.dumps(report, indent=1) + "\n")
    print(json.dumps(report))
    return 0


if __name__ == "__main__":
    sys.exit(main())
