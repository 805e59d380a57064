"""Retries do not hide the rest of the log."""

from __future__ import annotations

import logging

from runtime.logs import RepeatFilter


def record(name: str, line: int, at_s: float) -> logging.LogRecord:
    made = logging.LogRecord(name, logging.WARNING, "sender.py", line, "try %s", (line,), None)
    made.created = at_s
    return made


def test_repeats_are_held_back_and_counted() -> None:
    """The same line of aiokafka passes once in ten seconds and then tells how many it stood for; other lines pass at once."""
    told = RepeatFilter(every_s=10)
    assert told.filter(record("aiokafka.producer.sender", 1, 0.0))
    assert not any(told.filter(record("aiokafka.producer.sender", 1, at_s)) for at_s in (0.1, 5.0, 9.9))
    assert told.filter(record("aiokafka.producer.sender", 2, 5.0))
    later = record("aiokafka.producer.sender", 1, 10.0)
    assert told.filter(later)
    assert later.getMessage() == "try 1 (and 3 more like it)"


def test_other_loggers_pass() -> None:
    """What is not aiokafka's is told every time."""
    told = RepeatFilter()
    assert all(told.filter(record("consumers.engine.shard", 1, 0.0)) for _ in range(5))
