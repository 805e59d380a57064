"""Faust (faust-streaming): the same work as stage 1 and the same state values, exactly-once, in a table in memory with a changelog topic.

A table's record lies in the changelog partition of the record that wrote it, so the names hold the user, as Quix's do.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from typing import Any

import faust
import orjson

from bench.peers.feedback import sample_headers, take
from bench.stream.usage import Meter, answer, asked


class UserState:
    """The part of the table that belongs to one user."""

    def __init__(self, table: Any, user: str) -> None:
        self._table = table
        self._user = user

    def get(self, name: str) -> Any:
        """The value under a name, None where there is none."""
        return self._table.get(f"{self._user}|{name}")

    def set(self, name: str, value: Any) -> None:
        """Keeps a value under a name."""
        self._table[f"{self._user}|{name}"] = value


def main() -> None:
    """Reads `count` records and ends after the commit of the last one."""
    wanted = asked()
    holdout = wanted["holdout_key"].encode(), wanted["holdout_percent"]
    app = faust.App(
        wanted["group"],
        broker=f"kafka://{wanted['bootstrap_servers']}",
        store="memory://",
        processing_guarantee="exactly_once",
        topic_partitions=wanted["partitions"],
        broker_commit_every=wanted["batch"],
        producer_compression_type="lz4",
        web_enabled=False,
        topic_disable_leader=True,
        datadir=wanted["state_dir"],
    )
    source = app.topic(wanted["source"], key_serializer="raw", value_serializer="raw")
    target = app.topic(wanted["target"], key_serializer="raw", value_serializer="raw", partitions=wanted["partitions"])
    table = app.Table("state", partitions=wanted["partitions"])
    meter = Meter(wanted["count"])

    @app.agent(source)  # type: ignore[untyped-decorator]
    async def collect(stream: Any) -> None:
        async for event in stream.events():
            meter.begin()
            message = event.message
            state = UserState(table, message.key.decode())
            place = message.partition, message.offset
            sample = take(orjson.loads(message.value), dict(message.headers), state, place=place, holdout=holdout)
            if sample is not None:
                await target.send(key=sample["model"].encode(), value=orjson.dumps(sample), headers=dict(sample_headers(sample)))

    committed: dict[Any, int] = {}

    def on_commit(offsets: Mapping[Any, int]) -> None:
        # The input was published without transactions, so a partition's committed offset is the number of its records.
        fresh = {tp: offset for tp, offset in offsets.items() if tp.topic == wanted["source"]}
        more = sum(offset - committed.get(tp, 0) for tp, offset in fresh.items())
        committed.update(fresh)
        if more and meter.commit(more):
            answer(meter.report(version=faust.__version__))
            os.kill(os.getpid(), signal.SIGTERM)

    app.monitor.on_tp_commit = on_commit
    faust.Worker(app, loglevel="error").execute_from_commandline()


if __name__ == "__main__":
    main()
