"""The drill's judge: an undisturbed history passes, and each kind of damage to it is named."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from bench.drill.history import USERS
from bench.drill.judge import Topics, judge
from bench.drill.sent import Sent
from bench.drill.verdict import Verdict
from bench.simulation.faults import DropsTheUnjoined, ForgetsErased, JoinsTwice
from consumers.state_keys import JOINED_KEY, TURN_KEY, WAITING_KEY
from schemas import dead_letter, topics
from tests.bench.drill.undisturbed import SETTINGS, told

EVENTS, POISON, SEED = 1_200, 130, 3
Undisturbed = tuple[Topics, list[Sent], list[dict[str, Any]]]


@pytest.fixture(scope="module")
def undisturbed() -> Undisturbed:
    return told(EVENTS, seed=SEED, poison=POISON)


def judged(undisturbed: Undisturbed, **damage: Callable[[Any], Any]) -> Verdict:
    found, history, states = undisturbed
    damaged = replace(found, **{part: change(getattr(found, part)) for part, change in damage.items()})
    return judge(damaged, history, states, SETTINGS)


def test_an_undisturbed_history_passes(undisturbed: Undisturbed) -> None:
    """Everything is there once: samples, day counts, dead letters of every kind of poison, commands and leases. Nothing that can be said of
    a turn is missing: joined, waiting, given up with a letter and without, said otherwise, of a user who was erased."""
    verdict = judged(undisturbed)
    assert verdict.violations == []
    assert verdict.counts["poison"]["in_dead_letters"] == POISON
    assert verdict.counts["commands"]["found"] > 5
    assert min(verdict.counts["input"][kind] for kind in ("duplicates", "stale", "revised", "retracted")) > 0
    turns, letters = verdict.counts["turns"], verdict.counts["letters"]
    assert turns["joined"] > 30
    assert turns["waiting"] > 5
    assert turns["unjoined"] > letters["unjoined"] > 0
    assert letters["conflict"] > 0
    assert verdict.counts["samples"]["possible"] > 5


@pytest.mark.parametrize(
    ("part", "damage", "words"),
    [
        ("inputs", lambda records: records[1:], "input missing"),
        ("samples", lambda records: records[1:], "samples lost"),
        ("samples", lambda records: [*records, records[0]], "samples doubled"),
        ("samples", lambda records: [*records, altered(records[0], b'"sample_id":"', b'"sample_id":"0')], "samples extra"),
        ("samples", lambda records: [altered(records[0], b'"offset":', b'"offset":9'), *records[1:]], "samples wrong"),
        ("samples", lambda records: first_of(records, is_joined, lambda one: []), "samples lost"),
        ("samples", lambda records: first_of(records, is_joined, lambda one: [one, one]), "samples doubled"),
        ("samples", lambda records: first_of(records, is_joined, lambda one: [altered(one, b'"query":"', b'"query":"x')]), "samples wrong"),
        ("samples", lambda records: first_of(records, is_joined, lambda one: []), "turns not_joined_once"),
        ("samples", lambda records: first_of(records, is_answerable, lambda one: [altered(one, b"answerable", b"bare")]), "samples wrong"),
        ("summaries", lambda records: [*records, records[-1]], "day_counts wrong"),
        ("summaries", lambda records: [altered(records[0], b'"events":', b'"events":9'), *records[1:]], "day_counts wrong"),
        ("summaries", lambda records: without_day_of(records, records[-1]), "day_counts unfinished"),
        ("commands", lambda records: records[:-1], "commands lost"),
        ("commands", lambda records: [*records, records[-1]], "commands doubled"),
        ("commands", lambda records: [*records, altered(records[-1], b'"cmd-', b'"cmd-0')], "commands extra"),
        ("commands", lambda records: [*records, altered(records[-1], b'"cmd-', b'"cmd-0')], "leases leased_twice"),
        ("journal", lambda records: [*records, records[-1]], "journal wrong"),
        ("journal", lambda records: [*records, records[-1]], "commands not_decided_again"),
        ("letters", lambda records: first_of(records, is_poison, lambda one: []), "poison lost"),
        ("letters", lambda records: first_of(records, is_poison, lambda one: [one, one]), "poison doubled"),
        ("letters", lambda records: first_of(records, is_poison, lambda one: [renamed(one)]), "poison altered"),
        ("letters", lambda records: first_of(records, is_unjoined, lambda one: []), "letters lost"),
        ("letters", lambda records: first_of(records, is_unjoined, lambda one: [one, one]), "letters doubled"),
        ("letters", lambda records: first_of(records, is_unjoined, lambda one: [renamed(one)]), "letters altered"),
        ("letters", lambda records: first_of(records, is_unjoined, lambda one: [of_another_place(one)]), "letters extra"),
    ],
)
def test_damage_is_named(undisturbed: Undisturbed, part: str, damage: Callable[[Any], Any], words: str) -> None:
    """Whatever is lost, doubled, extra or altered on any topic is a violation that says so."""
    assert any(line.startswith(words) for line in judged(undisturbed, **{part: damage}).violations)


@pytest.mark.parametrize(("count", "wrong"), [("joined", 1), ("waiting", -1), ("unjoined", -1), ("originals_gone", 1)])
def test_counts_of_turns_are_exact(undisturbed: Undisturbed, count: str, wrong: int) -> None:
    """One pair too many or too few, as /state counts them, is a violation."""
    found, history, (state,) = undisturbed
    turns = state["stage1"]["turns"] | {count: state["stage1"]["turns"][count] + wrong}
    states = [state | {"stage1": state["stage1"] | {"turns": turns}}]
    assert any(line.startswith("turns ") for line in judge(found, history, states, SETTINGS).violations)


def test_wrong_state_is_named(undisturbed: Undisturbed) -> None:
    """Counts of /state that are not the history's are violations, and so is a negative that neither waits nor is leased."""
    found, history, (state,) = undisturbed
    off = {"stage1": {"processed": 1, "duplicates_ignored": 2, "turns": state["stage1"]["turns"]}, "models": {}}
    lines = judge(found, history, [off], SETTINGS).violations
    for words in ("totals processed", "totals duplicates_ignored", "leases wrong"):
        assert any(line.startswith(words) for line in lines)


@pytest.mark.parametrize(
    ("planted", "words"),
    [
        ({"kept": lambda key: True}, None),
        ({"kept": lambda key: not key.startswith(WAITING_KEY)}, "samples lost"),
        ({"kept": lambda key: not key.startswith(TURN_KEY)}, "samples lost"),
        ({"kept": lambda key: not key.startswith(JOINED_KEY)}, "samples wrong"),
        ({"collector": JoinsTwice}, "samples doubled"),
        ({"collector": DropsTheUnjoined}, "letters lost"),
        ({"collector": ForgetsErased}, "day_counts unfinished"),
    ],
    ids=["nothing", "forgets what waits", "forgets turns", "forgets whose words", "joins twice", "drops letters", "forgets erasures"],
)
def test_a_planted_fault_is_seen(planted: dict[str, Any], words: str | None) -> None:
    """Stage 1 with a fault, restarted after every batch where it loses state by that; without one nothing is said."""
    found, history, states = told(EVENTS, seed=SEED, poison=0, **planted)
    violations = judge(found, history, states, SETTINGS).violations
    assert (violations == []) if words is None else any(line.startswith(words) for line in violations)


@pytest.mark.parametrize("name", [topics.FEEDBACK_SUBMITTED, topics.TURN_COMPLETED])
def test_what_left_the_log_is_accounted_for(name: str) -> None:
    """Deleted before its other half came, a record is counted as gone, each pair once; those that were joined before are samples."""
    found, history, (state,) = told(EVENTS, seed=SEED, poison=0, deleting={number + 3: (name, number) for number in range(8)})
    verdict = judge(found, history, [state], SETTINGS)
    assert verdict.violations == []
    gone = verdict.counts["turns"]["originals_gone"]
    assert gone > 0
    turns = state["stage1"]["turns"]
    for wrong in ({"originals_gone": gone - 1}, {"joined": turns["joined"] - 1}):
        off = [state | {"stage1": state["stage1"] | {"turns": turns | wrong}}]
        assert any(line.startswith("turns ") for line in judge(found, history, off, SETTINGS).violations)


def first_of(records: list[Any], wanted: Callable[[Any], bool], change: Callable[[Any], list[Any]]) -> list[Any]:
    """The records with another in the place of the first that is wanted."""
    at = next(number for number, record in enumerate(records) if wanted(record))
    return [*records[:at], *change(records[at]), *records[at + 1 :]]


def without_day_of(records: list[Any], last: Any) -> list[Any]:
    """The summaries but for those of one's day."""
    return [record for record in records if day_of(record) != day_of(last)]


def day_of(record: Any) -> tuple[Any, ...]:
    body = json.loads(record.value)
    return tuple(body[name] for name in ("model", "input", "partition", "event_day"))


def is_joined(record: Any) -> bool:
    """A sample with its turn's words, of nobody who was erased."""
    body = json.loads(record.value)
    return body.get("turn_id") is not None and not body["revision"] and int(body.get("user_hash", "0"), 16) < USERS


def is_answerable(record: Any) -> bool:
    return is_joined(record) and json.loads(record.value).get("negative_class") == "answerable"


def is_unjoined(record: Any) -> bool:
    return dead_letter.read(record.key, record.value, record.headers).reason == dead_letter.UNJOINED


def is_poison(record: Any) -> bool:
    return dead_letter.read(record.key, record.value, record.headers).reason == dead_letter.MALFORMED


def altered(record: Any, before: bytes, after: bytes) -> Any:
    """The record with a part of its value replaced."""
    assert before in record.value
    return SimpleNamespace(**vars(record) | {"value": record.value.replace(before, after, 1)})


def renamed(record: Any) -> Any:
    """The record with another key."""
    return SimpleNamespace(**vars(record) | {"key": b"another"})


def of_another_place(record: Any) -> Any:
    """The letter of another record of its partition."""
    headers = {**dict(record.headers), "dlq_offset": b"0"}
    return SimpleNamespace(**vars(record) | {"headers": tuple(headers.items())})
