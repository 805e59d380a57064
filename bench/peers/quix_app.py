"""Quix Streams as its users would write it: the same work as stage 1, the same state values, stateful and exactly-once.

State lies in its store (RocksDB) with a changelog topic: the mark of each sample, the counts of each day. Quix scopes state to the
message key, here the user, so the day counts are kept by user and their sums are compared. It publishes no signal.summarised.
"""

from __future__ import annotations

import time
from typing import Any

import quixstreams
from quixstreams import Application, State, message_context

from bench.peers.feedback import sample_headers, take
from bench.stream.usage import Meter, answer, asked


def main() -> None:
    """Reads `count` records and ends after the commit of the last one."""
    wanted = asked()
    holdout = wanted["holdout_key"].encode(), wanted["holdout_percent"]
    app = Application(
        broker_address=wanted["bootstrap_servers"],
        consumer_group=wanted["group"],
        auto_offset_reset="earliest",
        commit_every=wanted["batch"],
        processing_guarantee="exactly-once",
        state_dir=wanted["state_dir"],
        loglevel="WARNING",
        producer_extra_config={"compression.type": "lz4"},
    )
    samples = app.topic(wanted["target"], value_serializer="json", key_serializer="str")

    def collect(value: dict[str, Any], _key: bytes, _timestamp: int, headers: Any, state: State) -> dict[str, Any] | None:
        place = message_context()
        return take(value, dict(headers), state, place=(place.partition, place.offset), holdout=holdout)

    records = app.dataframe(app.topic(wanted["source"], value_deserializer="json", key_deserializer="bytes"))
    collected = records.apply(collect, stateful=True, metadata=True).filter(lambda sample: sample is not None)
    collected = collected.set_headers(lambda sample, _key, _timestamp, _headers: sample_headers(sample))
    collected.to_topic(samples, key=lambda sample: sample["model"])
    meter = measured(app, wanted["count"])
    app.run()
    answer(meter.report(version=quixstreams.__version__))


def measured(app: Application, count: int) -> Meter:
    """A meter on the application's records and checkpoints; it stops the application at the last record, which is then committed."""
    meter, seen, done = Meter(count), 0, 0
    context = app._processing_context
    commit_checkpoint = context.commit_checkpoint

    def processed(_topic: str, _partition: int, _offset: int) -> None:
        nonlocal seen
        meter.begin()
        seen += 1
        if seen >= count:
            app.stop()

    def commit(*arguments: Any, **named: Any) -> None:
        nonlocal done
        before = context._checkpoint
        started = time.perf_counter()
        commit_checkpoint(*arguments, **named)
        if context._checkpoint is not before and seen > done:
            meter.commit(seen - done, time.perf_counter() - started)
            done = seen

    app._on_message_processed = processed
    context.commit_checkpoint = commit
    return meter


if __name__ == "__main__":
    main()
