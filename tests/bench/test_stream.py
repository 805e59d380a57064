"""The short form of `make bench-stream`: it runs, and what it compares did the same work. No speed is asserted."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bench.peers.environments import QUIX, PeerUnavailable, interpreter
from bench.stream.broker import ROOT, Bench, quiet
from bench.stream.compare import compare
from bench.stream.events import Stream, origin
from bench.stream.figures import Figure, table
from bench.stream.final_state import FinalState, differences
from bench.stream.growth import figures as growth_figures
from bench.stream.growth import measure_growth
from bench.stream.keys import measure_keys
from bench.stream.poison import measure_poison
from bench.stream.usage import percentile
from schemas import envelope
from schemas.events.feedback_submitted import FeedbackSubmitted

# The bench's own: one installation of the peers for both.
PEERS = ROOT / ".abhyas" / "bench-stream" / "peers"
NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)


def test_the_events_are_those_of_the_gateway() -> None:
    """Every event of the bench is, byte for byte, what the contract's own encoder writes of it; about 450 bytes, one in five negative."""
    wires = list(Stream(4_000, NOW).records())
    negative = 0
    for number, wire in enumerate(wires):
        found, event = envelope.decode(wire.value, wire.headers, FeedbackSubmitted)
        record = envelope.encode(event, source=found.source, time=found.time)
        assert (record.key, record.value, record.headers) == (wire.key, wire.value, wire.headers)
        assert (event.revision, event.retracted) == origin(number)[1:]
        negative += event.correction is not None
    assert 430 <= sum(len(wire.value) for wire in wires) / len(wires) <= 470
    assert 0.17 <= negative / len(wires) <= 0.23


def test_poison_is_poison() -> None:
    """One record in twenty cannot be read, and no other."""
    wires = list(Stream(400, NOW, poison_every=20).records())
    for number, wire in enumerate(wires):
        if number % 20 == 19:
            with pytest.raises(envelope.MalformedEvent):
                envelope.decode(wire.value, wire.headers, FeedbackSubmitted)
        else:
            envelope.decode(wire.value, wire.headers, FeedbackSubmitted)


def test_unequal_states_are_told() -> None:
    """A mark, a day's counts or a sample that differs is a difference each; equal states have none."""
    one, other = FinalState({"a": (1,)}, {("m", 1): (1, 0)}, [("a",)]), FinalState({"a": (1,)}, {("m", 1): (1, 0)}, [("a",)])
    assert differences(one, other) == []
    other.marks["b"], other.days["m", 1] = (2,), (2, 0)
    other.samples.append(("a",))
    assert len(differences(one, other)) == 3


def test_a_figure_says_whether_its_goal_is_met() -> None:
    """At most and at least are both judged; a figure without a goal is neither met nor missed."""
    met, missed = Figure("a", 1.0, "ms", "how", at_most=2), Figure("b", 1.0, "", "how", at_least=3)
    assert (met.met, missed.met, Figure("c", 1.0, "", "how").met) == (True, False, None)
    assert "NOT MET" in table([met, missed])
    assert met.row() == {"name": "a", "value": 1.0, "unit": "ms", "how": "how", "at_most": 2, "met": True}
    assert percentile(range(1, 101), 0.99) == 99


@pytest.mark.process
def test_the_run_without_kafka_takes_every_event() -> None:
    """No event of the long run is refused, and the ids remembered are those of the events, whoever their users are."""
    growth = measure_growth(Bench("nowhere:1", Path("nowhere"), PEERS), events=10_000, keys=2_000)
    assert [(report["events"], report["ids"]) for report in growth.over_events] == [(10_000, 9_650)]
    assert growth.few_users["ids"] == growth.many_users["ids"] == 1_930
    assert {figure.name for figure in growth_figures(growth)} >= {"memory of a user without the window"}


@pytest.mark.kafka
@pytest.mark.timeout(280)
def test_ours_and_quix_come_to_the_same_state(kafka_broker: str, tmp_path: Path) -> None:
    """Ours, the FastStream batch and raw aiokafka read all of the topic; Quix Streams ends with ours' marks, day counts and samples."""
    quiet()
    try:
        interpreter(QUIX, PEERS)
        peers: tuple[str, ...] = (QUIX.name,)
    except PeerUnavailable as error:
        peers = ()
        reason = str(error)
    found = compare(Bench(kafka_broker, tmp_path, PEERS), events=4_000, rounds=1, peers=peers)
    assert {name: [report["events"] for report in reports] for name, reports in found.rounds.items()} == {
        name: [4_000] for name in ("raw aiokafka", "faststream batch", "ours", *peers)
    }
    assert found.missing == {}
    json.dumps(found.rounds)
    if not peers:
        pytest.skip(f"ours ran, but not beside Quix Streams: {reason}")
    assert found.same_state == [QUIX.name]


@pytest.mark.kafka
def test_poison_and_restore_run(kafka_broker: str, tmp_path: Path) -> None:
    """With poison all records are accounted for, and the changelog of a drain is restored to the state that it came of."""
    quiet()
    bench = Bench(kafka_broker, tmp_path, PEERS)
    poisoned = measure_poison(bench, events=2_000, rounds=1)
    assert poisoned.by_clock > 0
    restored = measure_keys(bench, events=2_000, users=1_000, rounds=1)
    assert restored.raw[0]["records"] == restored.restores[0]["records"] > 1_900
    assert restored.restores[0]["state_keys"] > 1_900
