"""Corrections: one answer a question, whatever the order of the samples, trained and asked in different wordings."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpu_runner.dataset.corrections import (
    OUTVOTED,
    RATING_ONLY,
    RETRACTED,
    SAYS_NOTHING,
    repair_items,
    resolve_corrections,
    training_rows,
)
from gpu_runner.dataset.questions.paraphrase import question_key
from gpu_runner.dataset.rows import json_lines


def sample(sample_id: str, **fields: Any) -> dict[str, Any]:
    """A leased feedback sample."""
    return {
        "sample_id": sample_id,
        "query": "ताज महल कहाँ है?",
        "correction": "आगरा",
        "language": "hi",
        "group": "taj",
        "revision": 0,
    } | fields


def test_a_rating_alone_gives_no_row_and_is_counted() -> None:
    """What would be right is unknown, so there is nothing to imitate."""
    resolved = resolve_corrections([sample("a", correction=None, score=-1.0)])
    assert resolved.accepted == ()
    assert resolved.dropped == {RATING_ONLY: 1}


@pytest.mark.parametrize(
    ("answer", "language"), [(".", "en"), ("A", "en"), ("the", "en"), ("।", "hi"), ("\u200b", "hi"), ("\u200b.", "en")]
)
def test_k5_a_correction_of_which_scoring_leaves_nothing_is_refused_by_name(answer: str, language: str) -> None:
    """It can't be told from an empty answer: it is counted and gives neither a row nor a repair item; another user's answer counts."""
    resolved = resolve_corrections([sample("a", correction=answer, language=language)])
    assert (resolved.accepted, resolved.dropped) == ((), {SAYS_NOTHING: 1})
    both = resolve_corrections([sample("a", correction=answer, language=language), sample("b", correction="Agra", language=language)])
    assert (both.accepted[0].answer, both.dropped) == ("Agra", {SAYS_NOTHING: 1})


def test_k5_corrections_that_differ_in_a_mark_are_two_answers() -> None:
    """ "A+" is another blood group than "A-", and C# another language than C: neither answers nor questions run together."""
    grades = [
        sample("a", correction="A+", user_hash="u"),
        sample("b", correction="A-", user_hash="v"),
        sample("c", correction="A-", user_hash="w"),
    ]
    resolved = resolve_corrections(grades)
    assert (resolved.accepted[0].answer, resolved.conflicts[0].sample_ids) == ("A-", ("a",))
    two = resolve_corrections(
        [sample("a", query="Who made C?", correction="Ritchie"), sample("b", query="Who made C#?", correction="Hejlsberg")]
    )
    assert {correction.answer for correction in two.accepted} == {"Ritchie", "Hejlsberg"}


def test_spellings_of_one_question_are_one_correction() -> None:
    """Punctuation and spacing don't make another question; all supporters are named."""
    (correction,) = resolve_corrections([sample("a"), sample("b", query="ताज  महल कहाँ है", correction="आगरा।")]).accepted
    assert correction.sample_ids == ("a", "b")
    assert correction.answer == "आगरा"


def test_the_majority_of_users_wins() -> None:
    """Three samples of one user are one vote; the losers are reported with the winner."""
    samples = [
        *(sample(f"x{number}", correction="दिल्ली", user_hash="one", occurred_at=f"2026-01-0{number}") for number in range(1, 4)),
        sample("a", user_hash="two", occurred_at="2025-01-01"),
        sample("b", user_hash="three", occurred_at="2025-01-01"),
    ]
    resolved = resolve_corrections(samples)
    assert resolved.accepted[0].answer == "आगरा"
    assert resolved.conflicts[0].sample_ids == ("x1", "x2", "x3")
    assert resolved.dropped[OUTVOTED] == 3


def test_a_tie_is_no_majority() -> None:
    """Of two users who contradict each other neither is followed, whoever spoke last; a third one decides."""
    older, newer = (
        sample("a", user_hash="u", occurred_at="2026-01-01"),
        sample("b", correction="दिल्ली", user_hash="v", occurred_at="2026-02-01"),
    )
    resolved = resolve_corrections([older, newer])
    assert (resolved.accepted, resolved.tied, resolved.dropped) == ((), ("a", "b"), {})
    third = sample("c", user_hash="w", occurred_at="2025-01-01")
    assert resolve_corrections([older, newer, third]).accepted[0].answer == "आगरा"


def test_the_wordings_of_a_question_are_one_question() -> None:
    """Carriers of the reworder, its synonyms and another order of the words don't make three facts of one."""
    asked = ["Please tell me: when does the Lotus Fort open?", "At what time does the Lotus Fort open?", "The Lotus Fort opens when"]
    answers = ["At nine", "At ten", "At nine"]
    samples = [
        sample(name, query=query, correction=answer, language="en", user_hash=name)
        for name, query, answer in zip("abc", asked, answers, strict=True)
    ]
    resolved = resolve_corrections(samples)
    assert [(one.answer, one.sample_ids, one.support) for one in resolved.accepted] == [("At nine", ("a", "c"), 2)]
    assert resolved.conflicts[0].sample_ids == ("b",)


def test_a_follow_up_is_a_question_of_its_conversation() -> None:
    """Two right answers in two conversations are two facts; a question that stands alone is one in all of them."""

    def talk(name: str, first: str, last: str, answer: str) -> dict[str, Any]:
        messages = [{"role": "user", "content": first}, {"role": "assistant", "content": "…"}, {"role": "user", "content": last}]
        return sample(name, query=last, correction=answer, messages=messages, user_hash=name)

    forts = [talk("a", "लाल क़िला कहाँ है?", "और उसकी ऊँचाई?", "33 मीटर"), talk("b", "गोलघर कहाँ है?", "और उसकी ऊँचाई?", "29 मीटर")]
    resolved = resolve_corrections(forts)
    assert {one.answer for one in resolved.accepted} == {"33 मीटर", "29 मीटर"}
    assert len({one.key for one in resolved.accepted}) == 2
    alone = [talk("a", "Hello", "Who built the Red Fort?", "Akbar"), talk("b", "Hi", "Who built the Red Fort?", "Shah Jahan")]
    assert resolve_corrections(alone).tied == ("a", "b")


def test_support_counts_those_who_can_be_told_apart() -> None:
    """Users, conversations of nobody, and all others together as one; a passage that says the same is one more."""

    def support(*samples: dict[str, Any]) -> int:
        (correction,) = resolve_corrections(samples).accepted
        return correction.support

    assert support(sample("a"), sample("b")) == 1
    assert support(sample("a", user_hash="u"), sample("b", user_hash="u"), sample("c", conversation_id="t")) == 2
    assert support(sample("a", user_hash="u"), sample("b", user_hash="v"), sample("c")) == 3
    assert support(sample("a", user_hash="u", passages=[{"text": "ताज महल आगरा में है।"}])) == 2
    assert support(sample("a", user_hash="u", passages=[{"text": "ताज महल दिल्ली में है।"}])) == 1
    (by_document,) = resolve_corrections([sample("a", user_hash="u")], sources={"taj": "ताज महल आगरा में है।"}).accepted
    assert by_document.support == 2


def test_any_language_is_kept() -> None:
    """By the first part of its tag; without one the script of the question tells Hindi from English."""
    asked = [sample("a", language="fr-CA", query="Qui l'a construit?"), sample("b", language=None), sample("c", language="?", query="Who?")]
    assert {one.sample_id: one.language for one in resolve_corrections(asked).accepted} == {"a": "fr", "b": "hi", "c": "en"}


def test_a_passage_decides_between_two_users() -> None:
    """One user against one, and a passage that was served says what one of them says."""
    passages = [{"text": "ताज महल आगरा में है।"}]
    both = [sample("a", user_hash="u", passages=passages), sample("b", user_hash="v", correction="दिल्ली", passages=passages)]
    assert resolve_corrections(both).accepted[0].answer == "आगरा"


def test_answers_that_say_the_same_are_one() -> None:
    """A unit or a sentence about it makes no other answer; another number and a denial do."""
    same = [sample("a", correction="36", user_hash="u"), sample("b", correction="36 मीटर", user_hash="v")]
    (correction,) = resolve_corrections(same).accepted
    assert (correction.answer, correction.support) == ("36", 2)
    assert resolve_corrections([sample("a", correction="36", user_hash="u"), sample("b", correction="63 मीटर", user_hash="v")]).tied
    denied = [sample("a", correction="आगरा में", user_hash="u"), sample("b", correction="आगरा में नहीं", user_hash="v")]
    assert resolve_corrections(denied).tied == ("a", "b")


@pytest.mark.parametrize("reason", ["complaint", "equals_response", "other_language", "too_long", "special_tokens", "needs_context"])
def test_what_stage_one_left_out_is_counted_by_its_reason(reason: str) -> None:
    """Its words are no correction; an answer that the user preferred still is one, but not of a question without its context."""
    resolved = resolve_corrections([sample("a", correction=None, left_out=reason)])
    assert (resolved.accepted, resolved.dropped) == ((), {f"left_out_{reason}": 1})
    preferred = sample("a", correction=None, left_out=reason, response="दिल्ली", preferred={"answer": "आगरा", "how": "arena"})
    assert len(resolve_corrections([preferred]).accepted) == (reason != "needs_context")


def test_a_preferred_answer_is_learnt_over_the_response() -> None:
    """The row has both; a correction counts before a preference, and a preference of the very response teaches nothing."""
    chosen = sample("a", correction=None, response="दिल्ली", preferred={"answer": "आगरा", "how": "arena"}, user_hash="u")
    (correction,) = resolve_corrections([chosen]).accepted
    assert {(row.completion, row.rejected) for row in training_rows(correction, train=5, test=2)} == {("आगरा", "दिल्ली")}
    assert resolve_corrections([chosen, sample("b", correction="जयपुर", user_hash="v")]).accepted[0].answer == "जयपुर"
    assert resolve_corrections([chosen | {"response": "आगरा।"}]).dropped == {"preferred_equals_response": 1}


def test_preferences_that_deny_each_other_are_tied() -> None:
    """Each chose what the other rejected; two that chose differently from others follow the latest."""
    one = sample("a", correction=None, response="दिल्ली", preferred={"answer": "आगरा", "how": "arena"}, user_hash="u", occurred_at="1")
    other = sample("b", correction=None, response="आगरा", preferred={"answer": "दिल्ली", "how": "arena"}, user_hash="v", occurred_at="2")
    assert resolve_corrections([one, other]).tied == ("a", "b")
    assert resolve_corrections([one | {"response": "पटना"}, other | {"response": "पटना"}]).accepted[0].answer == "दिल्ली"


def test_the_last_revision_of_a_sample_counts_and_a_retraction_takes_it_out() -> None:
    """A revision replaces what the same sample said before."""
    resolved = resolve_corrections([sample("a", revision=1, correction="दिल्ली"), sample("a")])
    assert resolved.accepted[0].answer == "दिल्ली"
    resolved = resolve_corrections([sample("a", revision=1, retracted=True), sample("a")])
    assert resolved.accepted == ()
    assert resolved.dropped[RETRACTED] == 1


def test_a_held_out_sample_is_set_aside() -> None:
    """What stage 1 marked as holdout never becomes a correction to learn."""
    resolved = resolve_corrections([sample("a", quarantine="holdout")])
    assert resolved.accepted == ()
    assert resolved.held_out == ("a",)


SAMPLES = st.lists(
    st.builds(
        sample,
        st.sampled_from("abcdef"),
        query=st.sampled_from(["Where is it?", "where is it", "Who built it?"]),
        correction=st.sampled_from(["Agra", "agra", "Delhi", None, " "]),
        revision=st.just(0),
        user_hash=st.sampled_from(["u", "v", None]),
        occurred_at=st.sampled_from(["1", "2"]),
    ),
    max_size=8,
    unique_by=lambda row: row["sample_id"],
)


@given(SAMPLES, st.randoms())
def test_the_order_of_samples_changes_nothing(samples: list[dict[str, Any]], random: Any) -> None:
    """Any order of the same samples resolves alike, and every sample is accounted for."""
    shuffled = list(samples)
    random.shuffle(shuffled)
    resolved = resolve_corrections(samples)
    assert resolve_corrections(shuffled) == resolved
    assert len(resolved.accepted) + len(resolved.tied) + sum(resolved.dropped.values()) == len(samples)


def test_rows_and_items_share_no_question() -> None:
    """What is asked in the test is never among the rows, and both carry the correction and its group."""
    (correction,) = resolve_corrections([sample("a")]).accepted
    rows = training_rows(correction, train=5, test=2)
    items = repair_items(
        correction, train=5, test=2, trained={question_key(row.prompt) for row in rows}, sources={"taj": "ताज महल आगरा में है।"}
    )
    assert rows[0].prompt == "ताज महल कहाँ है?"
    assert {row.completion for row in rows} == {"आगरा"} == {answer for item in items for answer in item.answers}
    assert len(rows) == 5
    assert len(items) == 2
    assert not {question_key(row.prompt) for row in rows} & {question_key(item.question) for item in items}
    assert {item.source for item in items} == {"ताज महल आगरा में है।"}


def test_items_carry_what_was_corrected() -> None:
    """The answer that the user corrected, or liked less, is the item's `rejected`; without one the item's bytes are as ever."""
    for corrected in (
        sample("a") | {"response": "दिल्ली"},
        sample("a", correction=None) | {"response": "दिल्ली", "preferred": {"answer": "आगरा"}},
    ):
        (correction,) = resolve_corrections([corrected]).accepted
        assert {item.rejected for item in repair_items(correction, train=5, test=2, trained=set(), sources={})} == {"दिल्ली"}
    (correction,) = resolve_corrections([sample("a") | {"response": ""}]).accepted
    items = repair_items(correction, train=5, test=2, trained=set(), sources={})
    assert {item.rejected for item in items} == {None}
    assert b"rejected" not in json_lines(items)


def test_a_wording_that_somebody_trains_is_not_asked() -> None:
    """Where another user asked in a test wording, the item takes the next one."""
    (correction,) = resolve_corrections([sample("a")]).accepted
    first = repair_items(correction, train=5, test=2, trained=set(), sources={})
    again = repair_items(correction, train=5, test=2, trained={question_key(first[0].question)}, sources={})
    assert len(again) == 2
    assert first[0].question not in {item.question for item in again}
