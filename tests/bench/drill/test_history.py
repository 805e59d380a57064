"""The drill's history."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from bench.drill.history import DAYS, LATENESS_HOURS, make_history
from bench.drill.sent import Sent
from schemas import topics

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
EVENTS = 5_000


@pytest.fixture(scope="module")
def history() -> list[Sent]:
    return make_history(EVENTS, seed=7, poison=0, now=NOW)


def test_the_seed_alone_decides_what_is_said(history: list[Sent]) -> None:
    """The same arguments make the same history, of as many records as asked for."""
    assert history == make_history(EVENTS, seed=7, poison=0, now=NOW)
    assert history != make_history(EVENTS, seed=8, poison=0, now=NOW)
    assert len(history) == EVENTS


def test_one_feedback_in_ten_names_a_turn(history: list[Sent]) -> None:
    """Turns before their feedback and after it, twice, in other words and never; erasures with something on both sides."""
    places: dict[str, list[int]] = {}
    turns: dict[str, set[bytes]] = {}
    firsts: dict[str, int] = {}
    of_turns = Counter[bool]()
    for place, sent in enumerate(history):
        body = json.loads(sent.value or b"{}")
        if sent.topic == topics.FEEDBACK_SUBMITTED and not body.get("revision") and not body.get("retracted"):
            of_turns["turn_id" in body] += 1
            if "turn_id" in body:
                firsts.setdefault(body["turn_id"], place)
        elif sent.topic == topics.TURN_COMPLETED:
            places.setdefault(body["turn_id"], []).append(place)
            turns.setdefault(body["turn_id"], set()).add(sent.value or b"")
    assert 0.08 < of_turns[True] / of_turns.total() < 0.15
    first = Counter(firsts[name] < places[name][0] for name in firsts if name in places)
    assert min(first[True], first[False]) > len(firsts) / 10
    assert len(firsts.keys() - places.keys()) > len(firsts) / 10
    assert any(len(found) > 1 for found in places.values())
    assert any(len(found) > 1 for found in turns.values())
    assert sum(sent.topic == topics.USER_ERASED for sent in history) > 5


def test_nothing_comes_too_late_in_any_order_of_the_faults(history: list[Sent]) -> None:
    """Behind the newest of its topic a record is by less than the lateness leaves for what is drained half a history later."""
    newest: dict[str, datetime] = {}
    spare = timedelta(hours=LATENESS_HOURS) - timedelta(days=DAYS / 2)
    for sent in history:
        time = datetime.fromisoformat((dict(sent.headers)["ce_time"] or b"").decode())
        newest[sent.topic] = max(time, newest.get(sent.topic, time))
        assert newest[sent.topic] - time < spare
    assert timedelta(days=DAYS) > timedelta(hours=LATENESS_HOURS, days=3), "nothing would ever be given up"
