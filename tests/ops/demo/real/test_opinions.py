"""What the users of the real demo send, and in which shares."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from gpu_runner.text.sentences import split_sentences
from ops.demo.real.conversations import AskedTurn, conversations
from ops.demo.real.opinions import OF_THE_RIGHT, OF_THE_WRONG, Deal, Kind, Opinion, rated, turn_completed
from ops.demo.real.story import real_shortcomings, same_follow_up
from producers.submissions import FeedbackSubmission, TurnSubmission
from schemas.events.feedback_submitted import FeedbackSubmitted
from schemas.events.turn_completed import TurnCompleted
from schemas.rating import normalise

pytestmark = pytest.mark.unit

TURNS = [turn for talk in conversations(random.Random(1))[:200] for turn in talk if turn.found]
KINDS: tuple[Kind, ...] = ("correction", "complaint", "arena", "thumb", "bare", "praise", "doubtful")


def said(number: int, kind: Kind, turn: AskedTurn) -> Opinion:
    """One opinion of a wrong answer."""
    return rated(number, kind, turn, turn.messages(), "1912", model="tiny-llama", version="v0")


@pytest.mark.parametrize("kind", KINDS)
def test_every_body_is_an_event_of_the_contract(kind: Kind) -> None:
    """The gateway takes it, and it is an event with the user's hash; a rating that names a turn alone waits for it, and has its key."""
    for number, turn in enumerate(TURNS[:40]):
        one = said(number, kind, turn)
        FeedbackSubmission.model_validate(one.body)
        TurnSubmission.model_validate(turn_completed(turn, one.messages, "1912", model="tiny-llama", version="v0"))
        score = normalise(one.body["rating"]["scale"], one.body["rating"]["value"])
        changed = {"user_hash": "a" * 64, "rating": {**one.body["rating"], "score": score}}
        changed["reasons"] = [{"code": code} for code in one.body.get("reasons", ())]
        event = FeedbackSubmitted.model_validate({name: value for name, value in (one.body | changed).items() if name != "user"})
        turn_body = turn_completed(turn, one.messages, "1912", model="tiny-llama", version="v0") | {"user_hash": "a" * 64}
        turn_body.pop("user")
        told = TurnCompleted.model_validate(turn_body)
        assert event.waits_for_turn == one.by_turn
        assert event.key() == told.key()
        assert (score > 0) == (kind == "praise")
        assert one.by_turn or bool(event.messages) == (kind != "bare")
        assert told.turn_id == turn.id
        assert one.body["user"] == turn_completed(turn, (), "x", model="m", version="v0")["user"]


def test_of_a_hundred_unhappy_users_forty_correct_in_one_to_three_sentences() -> None:
    """Where one answer in eight is wrong; of those ten complain where a correction belongs, five choose an answer of two."""
    deal = Deal(OF_THE_WRONG, random.Random(2))
    assert Counter(deal.next() for _ in range(100)) == {"correction": 45, "thumb": 30, "complaint": 10, "bare": 10, "arena": 5}
    right = Deal(OF_THE_RIGHT, random.Random(2))
    assert Counter(right.next() for _ in range(120)) == {"praise": 118, "doubtful": 2}
    wrong, doubtful = 600, 7 * 600 // 60
    assert 0.45 * wrong / (wrong + doubtful) == pytest.approx(0.4, abs=0.01)
    lengths = Counter(len(split_sentences(said(n, "correction", TURNS[n]).body["correction"])) for n in range(100))
    assert lengths == {1: 60, 2: 30, 3: 10}
    for number in range(20):
        assert said(number, "correction", TURNS[number]).body["correction"].startswith(TURNS[number].fact.sentence)


def test_half_of_the_ratings_name_their_turn_alone() -> None:
    """They carry no words of it; a bare thumb and a choice of two answers never do."""
    for kind in KINDS:
        opinions = [said(number, kind, TURNS[number]) for number in range(20)]
        assert sum(one.by_turn for one in opinions) == (0 if kind in ("bare", "arena") else 10)
        assert all(("turn_id" in one.body) != ("response" in one.body) for one in opinions)


def test_the_same_follow_up_counts_where_its_answers_differ() -> None:
    """Right is only what is right in each of its conversations."""
    asked = [turn for talk in conversations(random.Random(1)) for turn in talk[1:] if turn.found]
    question = asked[0].question
    same = [turn for turn in asked if turn.question == question][:4]
    answers = len({turn.fact.answer for turn in same})
    opinions = [said(number, "correction", turn) for number, turn in enumerate(same)]
    assert answers > 1
    assert same_follow_up(opinions, [True] * len(same)) == [True]
    assert same_follow_up(opinions, [True] * (len(same) - 1) + [False]) == [False]
    assert same_follow_up(opinions[:1], [True]) == []


def test_the_demo_says_what_it_did_not_show() -> None:
    """A second command, a rating without its turn, an empty class, complaints taken for corrections, few corrections, and a candidate
    that is not promoted, not right or never silent.
    """
    good = {
        "commands": 1, "joined_turns": 60, "by_turn_alone": 60, "negatives": 120, "correction": 48, "preference": 6, "answerable": 54,
        "bare": 12, "complaints": 12, "verdict": "promote", "right_with_passage": {"before": 0.2, "after": 0.8},
        "abstains_without": {"before": 0.9, "after": 0.95},
    }  # fmt: skip
    assert real_shortcomings(good) == []
    for name, value in (
        ("commands", 2), ("joined_turns", 59), ("preference", 0), ("complaints", 0), ("correction", 41), ("verdict", "inconclusive"),
        ("right_with_passage", {"before": 0.2, "after": 0.79}), ("abstains_without", {"before": 1.0, "after": None}),
    ):  # fmt: skip
        assert len(real_shortcomings(good | {name: value})) == 1
    assert len(real_shortcomings({name: value for name, value in good.items() if not name.endswith(("passage", "without"))})) == 1
