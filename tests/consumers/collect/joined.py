"""A collector beside the log that it reads: a step and whatever it wants to see again of it, without a broker."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from consumers.collect.collector import Collector
from consumers.records import Effects, InputRecord, LogPlace

Log = Mapping[LogPlace, InputRecord]


def by_place(records: Iterable[InputRecord]) -> dict[LogPlace, InputRecord]:
    """The records of one partition as a log."""
    return {(record.topic, record.offset): record for record in records}


def step(collector: Collector, records: Sequence[InputRecord], log: Log) -> Effects:
    """The effects of one transaction."""
    effects = collector.process(records)
    while wanted := collector.wanted():
        effects.extend(collector.join({place: log.get(place) for place in wanted}))
    return effects


def restored(build: Any, changelog: Mapping[bytes, bytes], **policy: Any) -> Collector:
    """A collector of a state that was written."""
    made = Collector(0, build.intake_policy(**policy))
    for key, value in changelog.items():
        made.load(key, value)
    return made


def apply(changelog: dict[bytes, bytes], effects: Effects) -> None:
    """What compaction leaves of a changelog after one more transaction."""
    for key, value in effects.changes.items():
        if value is None:
            changelog.pop(key, None)
        else:
            changelog[key] = value
