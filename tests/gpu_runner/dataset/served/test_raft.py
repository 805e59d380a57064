"""Rows that read: stated shares with shuffled passages and without the right one, the same in every run."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

from gpu_runner.dataset.corrections import Correction, resolve_corrections
from gpu_runner.dataset.rows import TrainingRow
from gpu_runner.dataset.served.raft import SHARES, Distractor, PassageShares, abstention, distractors, variants
from gpu_runner.dataset.served.taught_rows import AS_SERVED_INSTEAD, taught_rows
from gpu_runner.text.abstention import TAUGHT, abstains


def correction(name: str = "a", passages: tuple[str, ...] = (), **fields: Any) -> Correction:
    """A correction whose first passage says it."""
    query = fields.pop("query", f"Who built the Fort of {name.title()}?")
    given = [
        {"text": f"The Fort of {name.title()} was built by King {name.title()}en.", "doc_id": name},
        *({"text": text} for text in passages),
    ]
    sample = {
        "sample_id": name,
        "query": query,
        "correction": f"King {name.title()}en",
        "group": name,
        "passages": given,
        "language": "en",
    } | fields
    (found,) = resolve_corrections([sample]).accepted
    return found


def rows_of(
    one: Correction, *others: Correction, shares: PassageShares = SHARES, seed: int = 0
) -> tuple[tuple[TrainingRow, ...], Counter[str]]:
    dropped: Counter[str] = Counter()
    pool = distractors((other.sample_id, other.group, other.conversation) for other in others if other.conversation is not None)
    return taught_rows(one, pool, shares, train=5, test=2, seed=seed, dropped=dropped), dropped


def test_the_shares_hold_over_many_corrections() -> None:
    """Within a point; the first wording is always as it was served."""
    wordings = [f"wording {number}" for number in range(5)]
    found: Counter[str] = Counter()
    for number in range(2_000):
        chosen = variants(wordings, SHARES, seed=1, sample_id=str(number))
        assert chosen["wording 0"] == "as_served"
        found.update(chosen.values())
    assert abs(found["shuffled"] / 10_000 - SHARES.shuffled) < 0.01
    assert abs(found["left_out"] / 10_000 - SHARES.left_out) < 0.01
    with pytest.raises(ValueError, match="together at most 1"):
        PassageShares(0.7, 0.4)


def test_a_row_without_the_supporting_passage_teaches_to_abstain() -> None:
    """Passages of other samples stand in its place; no passage of the row says what was corrected."""
    one, others = correction(), [correction(name) for name in ("bela", "chand", "dhol", "ekta")]
    rows, dropped = rows_of(one, *others, shares=PassageShares(0, 1))
    assert dropped == {}
    assert rows[0].completion == one.answer
    for row in rows[1:]:
        assert abstains(row.completion)
        content = str(row.messages[-1]["content"])
        assert "King Aen" not in content
        assert content.count("[") == 4
        assert content.endswith(row.prompt)


def test_the_question_in_the_users_own_words_is_taught_with_its_passage_and_without_it() -> None:
    """In each correction, so that those words alone do not tell the answer; not where no row is to lack its passage."""
    others = [correction(name) for name in ("bela", "chand", "dhol", "ekta")]
    for number in range(12):
        one = correction(f"g{number}")
        rows, dropped = rows_of(one, *others)
        asked, unsaid = [row for row in rows if row.prompt == one.query]
        assert (asked.completion, abstains(unsaid.completion)) == (one.answer, True)
        assert one.answer in str(asked.messages)
        assert one.answer not in str(unsaid.messages)
        assert len({row.id for row in rows}) == len(rows)
        assert dropped == {}
        (alone,) = [row for row in rows_of(one, *others, shares=PassageShares(0.5, 0))[0] if row.prompt == one.query]
        assert alone.completion == one.answer


def test_what_says_one_sentence_of_the_answer_is_no_other_passage() -> None:
    """Or the answer would be there after all, where it was to be left out."""
    one = correction(correction="It was built by King Aen. It has nine gates.", passages=("The Fort of A has nine gates.",))
    assert one.supporting == (0, 1)
    texts = ("By King Aen the Fort of A was built.", "Nine gates has the Fort of A.", "The Fort of A is old.", "It lies in the hills.")
    pool = [Distractor(text, "a", "other") for text in texts]
    rows = taught_rows(one, pool, PassageShares(0, 1), train=5, test=2, seed=0, dropped=Counter())
    for row in rows[1:]:
        assert abstains(row.completion)
        assert [text in str(row.messages) for text in texts] == [False, False, True, True]


def test_shuffled_rows_have_the_right_passage_in_every_place() -> None:
    """Among four, over many corrections each place comes."""
    others = [correction(name) for name in ("bela", "chand", "dhol", "ekta")]
    places = Counter()
    for number in range(40):
        rows, _ = rows_of(correction(f"f{number}"), *others, shares=PassageShares(1, 0))
        for row in rows[1:]:
            assert row.completion == f"King F{number}en"
            content = str(row.messages[-1]["content"])
            places[content[content.index(f"The Fort of F{number}") - 3]] += 1
    assert set(places) == set("1234")
    assert min(places.values()) > 15


def test_a_passage_from_elsewhere_does_not_tell_that_the_right_one_is_missing() -> None:
    """Of the passages that were served one makes room in shuffled rows too, never the right one; what is nearest comes instead."""
    one = correction(passages=("The Fort of A is old.", "The Fort of A lies in the hills.", "The Fort of A has nine gates."))
    fort = Distractor("The Fort of A is red.", "a", "other")
    english, hindi = Distractor("The Fort of Bela is red.", "b", "other"), Distractor("बेला दुर्ग लाल है।", "b", "other")
    for pool, instead in (((hindi, english, fort), fort), ((hindi, english), english), ((hindi,), hindi)):
        for shares in (PassageShares(1, 0), PassageShares(0, 1)):
            for row in taught_rows(one, pool, shares, train=5, test=2, seed=0, dropped=Counter())[1:]:
                content = str(row.messages[-1]["content"])
                assert content.count("\n\n") == 4
                assert instead.text in content
                assert abstains(row.completion) != ("King Aen" in content)
    for row in taught_rows(one, (), PassageShares(1, 0), train=5, test=2, seed=0, dropped=Counter()):
        assert str(row.messages).count("The Fort of A ") == 4


def test_a_passage_of_no_known_document_stays_with_its_sample() -> None:
    """It may be a user's own file: what is not of a document is in no other sample's rows."""
    secret = correction("bela", ("A private note of Bela.",))
    rows, _ = rows_of(correction(), secret, correction("chand"), shares=PassageShares(0, 1))
    told = " ".join(str(row.messages) for row in rows)
    assert "Belaen" in told
    assert "private note" not in told


def test_where_there_is_nothing_to_put_in_its_place_a_row_stays_as_served() -> None:
    """One passage, no other sample: asked without any passage it would be a bare question."""
    rows, dropped = rows_of(correction(), shares=PassageShares(0, 1))
    assert {row.completion for row in rows} == {"King Aen"}
    assert dropped == {AS_SERVED_INSTEAD: 4}


def test_messages_that_hold_the_passages_keep_their_places() -> None:
    """As many as were served, in the frontend's own frame."""
    texts = ("The Fort of A was built by King Aen.", "The Hall of A is tall.")
    frame = {"role": "system", "content": f"<1>{texts[0]}</1>\n<2>{texts[1]}</2>"}
    asked = [frame, {"role": "user", "content": "Who built the Fort of A?"}]
    one = correction(messages=asked, passages=texts[1:])
    rows, _ = rows_of(one, correction("bela"), shares=PassageShares(0.4, 0.6))
    left_out = [row for row in rows if abstains(row.completion)]
    assert {str(row.messages[0]["content"]) for row in left_out} <= {
        f"<1>{first}</1>\n<2>{second}</2>"
        for first, second in (
            (texts[1], "The Fort of Bela was built by King Belaen."),
            ("The Fort of Bela was built by King Belaen.", texts[1]),
        )
    }
    assert len(left_out) == 4


def test_where_its_passage_is_left_out_no_earlier_turn_has_it_either() -> None:
    """A passage of the row stands there too; where the assistant told what it says, the answer is known, and the rows stay as served."""
    texts = ("The Fort of A was built by King Aen.", "The Hall of A is tall.")
    last = {"role": "user", "content": f"[1] {texts[0]}\n\n[2] {texts[1]}\n\nAnd who built the Fort of A?"}
    others = [correction(name) for name in ("bela", "chand")]

    def rows_after(role: str, given: str, said: str) -> tuple[tuple[TrainingRow, ...], Counter[str]]:
        messages = [{"role": role, "content": given}, {"role": "assistant", "content": said}, last]
        one = correction(messages=messages, query="And who built the Fort of A?", passages=texts[1:])
        return rows_of(one, *others, shares=PassageShares(0, 1))

    for role, given in (("user", f"[1] {texts[0]}\n\nIs it old?"), ("tool", json.dumps({"found": [texts[0]]}))):
        rows, dropped = rows_after(role, given, "Yes.")
        assert [row.completion for row in rows if "King Aen" in str(row.messages)] == ["King Aen"]
        assert all(abstains(row.completion) and row.messages[1]["content"] == "Yes." for row in rows[1:])
        assert all(row.messages[0]["content"] != given for row in rows[1:])
        assert dropped == {}
    rows, dropped = rows_after("user", "Is it old?", texts[0])
    assert {row.completion for row in rows} == {"King Aen"}
    assert dropped == {AS_SERVED_INSTEAD: 4}


def test_the_same_seed_gives_the_same_rows() -> None:
    """And another one other rows."""
    others = [correction(name) for name in ("bela", "chand", "dhol", "ekta")]
    assert rows_of(correction(), *others) == rows_of(correction(), *others)
    assert rows_of(correction(), *others)[0] != rows_of(correction(), *others, seed=5)[0]


def test_abstentions_are_in_the_language_of_the_question() -> None:
    """Hindi in Latin letters too; a language without a stated phrase has none, and its rows stay as served."""
    assert all(map(abstains, TAUGHT.values()))
    assert abstention("यह किसने बनवाया?", "hi") == TAUGHT["hi"]
    assert abstention("Yeh kila kisne banwaya hai?", "hi") == TAUGHT["hi-Latn"]
    assert abstention("கோட்டையை யார் கட்டினார்?", "ta") is None
