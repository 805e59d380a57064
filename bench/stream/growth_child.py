"""Stage 1's pure core without Kafka over very many events: cost and memory as they add up. `python -m bench.stream.growth_child JSON`.

Collectors of eight partitions take batches of 2,000, and each step's changelog and outputs are built and dropped. The broker's clock is the
events' own, so that event time may run as far as the events do.
"""

from __future__ import annotations

import gc
import time
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from bench.stream.broker import BATCH, HOLDOUT_KEY, HOLDOUT_PERCENT
from bench.stream.events import Stream, Wire
from bench.stream.stage1_child import unredacted
from bench.stream.usage import answer, asked, resident_bytes
from consumers.collect.collector import Collector
from consumers.collect.policy import IntakePolicy
from consumers.engine.changelog import changelog_records
from consumers.engine.routing import route
from consumers.records import InputRecord
from runtime.kafka.connection import KafkaConnection
from schemas import topics

POLICY = IntakePolicy(
    default_model="tiny-llama", holdout_key=HOLDOUT_KEY.encode(), holdout_percent=HOLDOUT_PERCENT, redact=unredacted,
    collect_feedback=True, lateness_s=7 * 24 * 3600, future_s=10 * 60,
)  # fmt: skip


def main() -> None:
    """Reports at each of the asked numbers of events."""
    wanted = asked()
    stream = Stream(wanted["events"], datetime(2026, 1, 1, tzinfo=UTC), users=wanted["users"], days=wanted["days"])
    collectors = {partition: Collector(partition, POLICY) for partition in range(topics.INPUT_PARTITIONS)}
    offsets = dict.fromkeys(collectors, 0)
    connection = KafkaConnection("nowhere")
    partitions = {connection.topic(spec): topics.MODEL_PARTITIONS for spec in (topics.SAMPLE_COLLECTED, topics.SIGNAL_SUMMARISED)}
    records, reports = stream.records(), []
    begin, step = stream.until - timedelta(days=stream.days), timedelta(days=stream.days) / stream.count
    batch = [next(records)]  # builds the table of users, which is the bench's
    gc.collect()
    before, done, used_s, events_then, used_then = resident_bytes(), 0, 0.0, 0, 0.0
    for mark in wanted["report_at"]:
        while done < mark:
            batch.extend(islice(records, min(BATCH, mark - done) - len(batch)))
            by_partition = _by_partition(batch, offsets, begin + step * (done + len(batch)))
            started = time.process_time()
            for partition, inputs in by_partition.items():
                effects = collectors[partition].process(inputs)
                if effects.dead_letters:
                    raise RuntimeError(f"a feedback was refused: {effects.dead_letters[0].detail}")
                route(effects, source="abhyas/stage1", connection=connection, partitions=partitions)
                changelog_records(effects.changes, {(topics.FEEDBACK_SUBMITTED, partition): offsets[partition]})
            used_s += time.process_time() - started
            done += len(batch)
            batch = []
        gc.collect()
        reports.append(
            {
                "events": done,
                "cpu_us_per_event": (used_s - used_then) / (done - events_then) * 1e6,
                "rss_growth_mb": (resident_bytes() - before) / 1e6,
                "ids": sum(collector.remembered_ids for collector in collectors.values()),
                "other_keys": sum(collector.state_keys - collector.remembered_ids for collector in collectors.values()),
            }
        )
        events_then, used_then = done, used_s
    answer({"reports": reports})


def _by_partition(batch: list[Wire], offsets: dict[int, int], clock: datetime) -> dict[int, list[InputRecord]]:
    """The inputs by partition, all stamped by the broker's clock at the end of the batch."""
    found: dict[int, list[Any]] = {}
    timestamp_ms = int(clock.timestamp() * 1000)
    for wire in batch:
        record = InputRecord(
            topics.FEEDBACK_SUBMITTED, wire.partition, offsets[wire.partition], wire.key, wire.value, wire.headers, timestamp_ms
        )
        offsets[wire.partition] += 1
        found.setdefault(wire.partition, []).append(record)
    return found


if __name__ == "__main__":
    main()
