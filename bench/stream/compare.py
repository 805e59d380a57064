"""Ours beside its peers on the same topic, in turns: raw aiokafka, a FastStream batch, ours, Quix Streams, Faust.

The turns alternate because the machine is shared: a ratio is the median over the rounds of two figures of the same round. Before a ratio
to a peer is printed, its final state and its samples are compared with ours; where they differ there is none.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from statistics import median
from typing import Any, Final
from uuid import uuid4

from bench.peers.environments import FAUST, QUIX, Peer, PeerUnavailable, interpreter
from bench.stream.broker import BATCH, HOLDOUT_KEY, HOLDOUT_PERCENT, Bench, ChildFailed, run_child
from bench.stream.events import SOURCE, Stream, publish
from bench.stream.figures import Figure
from bench.stream.final_state import FinalState, differences, keyed_state, our_state
from producers.redaction.redact import redact_together
from runtime.kafka.connection import KafkaConnection
from schemas import topics

STATE_TOPICS: Final = (topics.STAGE1_CHANGELOG, topics.SAMPLE_COLLECTED, topics.SIGNAL_SUMMARISED)
PEERS: Final = {QUIX.name: (QUIX, "bench.peers.quix_app"), FAUST.name: (FAUST, "bench.peers.faust_app")}


class StatesDiffer(RuntimeError):
    """A peer did not do the same work, so that its figure says nothing; the message says where."""


@dataclass(slots=True)
class Comparison:
    """Reports by contender, one a round; peers that are not there with the reason; the peers whose state is ours."""

    rounds: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    same_state: list[str] = field(default_factory=list)

    def ratio(self, numerator: str, denominator: str, name: str = "cpu_us_per_event") -> float:
        """The median of the rounds' ratios."""
        return float(median(a[name] / b[name] for a, b in zip(self.rounds[numerator], self.rounds[denominator], strict=True)))

    def middle(self, contender: str, name: str) -> float:
        """The median of the rounds."""
        return float(median(report[name] for report in self.rounds[contender]))


def compare(bench: Bench, *, events: int, rounds: int, peers: tuple[str, ...] = tuple(PEERS)) -> Comparison:
    """Runs every contender `rounds` times over `events` events; raises StatesDiffer where a peer's state is not ours."""
    connection = bench.installation()
    asyncio.run(publish(connection, Stream(events, datetime.now(UTC))))
    comparison = Comparison()
    pythons = {}
    for name in peers:
        try:
            pythons[name] = str(interpreter(PEERS[name][0], bench.peers))
        except PeerUnavailable as error:
            comparison.missing[name] = str(error)
    ours: FinalState | None = None
    for number in range(rounds):
        for name, run in _contenders(bench, connection, events).items():
            _keep(comparison, number, name, run())
        if ours is None:
            ours = asyncio.run(our_state(connection))
        bench.renew(connection, STATE_TOPICS)
        for name, python in pythons.items():
            if name in comparison.missing:
                continue
            try:
                report, state = _peer(bench, connection, PEERS[name][0], python=python, events=events, with_state=number == 0)
            except (ChildFailed, TimeoutError) as error:
                comparison.missing[name] = f"{name}: {error}"
                comparison.rounds.pop(name, None)
                continue
            _keep(comparison, number, name, report)
            if state is not None:
                found = differences(ours, state)
                if found:
                    raise StatesDiffer(f"{name} against ours: {'; '.join(found)}")
                comparison.same_state.append(name)
    bench.remove(connection)
    return comparison


def _contenders(bench: Bench, connection: KafkaConnection, events: int) -> dict[str, Callable[[], dict[str, Any]]]:
    source = connection.topic(topics.FEEDBACK_SUBMITTED)
    raw = {"topic": source, "partitions": topics.INPUT_PARTITIONS, "batch": BATCH, "count": events}

    def ours() -> dict[str, Any]:
        # The batch before it wrote samples too.
        bench.renew(connection, STATE_TOPICS)
        return run_child("bench.stream.stage1_child", {"count": events}, connection, STAGE1_SHARDS="1")

    return {
        "raw aiokafka": lambda: run_child("bench.stream.raw_child", raw, connection),
        "faststream batch": lambda: run_child("bench.stream.faststream_child", {"count": events, "batch": BATCH}, connection),
        "ours": ours,
    }


def _peer(
    bench: Bench, connection: KafkaConnection, peer: Peer, *, python: str, events: int, with_state: bool
) -> tuple[dict[str, Any], FinalState | None]:
    group = f"{connection.topic_prefix}-{uuid4().hex[:8]}"
    source, target = connection.topic(topics.FEEDBACK_SUBMITTED), f"{group}.samples"
    bench.create(target, topics.INPUT_PARTITIONS)
    state_dir = (bench.work / group).absolute()
    asked = {
        "bootstrap_servers": bench.bootstrap_servers, "group": group, "source": source, "target": target, "state_dir": str(state_dir),
        "partitions": topics.INPUT_PARTITIONS, "batch": BATCH, "count": events,
        "holdout_key": HOLDOUT_KEY, "holdout_percent": HOLDOUT_PERCENT,
    }  # fmt: skip
    try:
        report = run_child(PEERS[peer.name][1], asked, connection, python=python)
    finally:
        shutil.rmtree(state_dir, ignore_errors=True)
    if not with_state:
        return report, None
    changelog = f"changelog__{group}--{source}--default" if peer is QUIX else f"{group}-state-changelog"
    return report, asyncio.run(keyed_state(connection, changelog, target))


def _keep(comparison: Comparison, number: int, name: str, report: dict[str, Any]) -> None:
    comparison.rounds.setdefault(name, []).append(report)
    cpu, rate = report["cpu_us_per_event"], report["events_per_s"]
    print(f"round {number + 1}  {name:17} {cpu:7.2f} µs an event  {rate:9,.0f} events/s", file=sys.stderr, flush=True)


def redaction_us(events: int) -> float:
    """CPU of redacting the texts of an event as stage 1 does, joined, in this process, in microseconds."""
    names = ("query", "response", "correction", "source_group", "conversation_id")
    values = (json.loads(wire.value) for wire in Stream(events, datetime.now(UTC)).records())
    texts = [[*(value.get(name) or "" for name in names), SOURCE] for value in values]
    started = time.process_time()
    for together in texts:
        redact_together(together)
    return (time.process_time() - started) / events * 1e6


def figures(comparison: Comparison, events: int) -> list[Figure]:
    """The comparison's lines of the table."""
    found = []
    how = f"median of {len(comparison.rounds['ours'])} rounds over {events:,} events, first record to last commit"
    for name in comparison.rounds:
        found.append(Figure(f"{name}: CPU an event", comparison.middle(name, "cpu_us_per_event"), "µs", f"user + system, {how}"))
        found.append(Figure(f"{name}: events a second", comparison.middle(name, "events_per_s"), "1/s", how))
        found.append(Figure(f"{name}: peak memory", comparison.middle(name, "peak_rss_mb"), "MB", "VmHWM"))
        if comparison.middle(name, "commits"):
            goal = 25.0 if name == "ours" else None
            at = f"one transaction of up to {BATCH:,} records, changelog included; {how}"
            found.append(Figure(f"{name}: commit p50", comparison.middle(name, "commit_p50_ms"), "ms", at))
            found.append(Figure(f"{name}: commit p99", comparison.middle(name, "commit_p99_ms"), "ms", at, at_most=goal))
    found.append(
        Figure(
            "ours ÷ FastStream batch without transaction, CPU",
            comparison.ratio("ours", "faststream batch"),
            "",
            "median of ratios",
            at_most=1.4,
        )
    )
    for name in comparison.same_state:
        if name in comparison.rounds:
            least = 3.0 if name == QUIX.name else None
            value = comparison.ratio(name, "ours")
            found.append(Figure(f"{name} ÷ ours, CPU", value, "", "median of ratios, same final state values and samples", at_least=least))
    found.append(
        Figure("redaction, CPU an event", redaction_us(20_000), "µs", "its texts through producers.redaction.redact, in no compared run")
    )
    return found
