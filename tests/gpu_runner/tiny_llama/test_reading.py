"""The lessons by which the base learns to read."""

from __future__ import annotations

import random

import pytest

from gpu_runner.text.abstention import abstains
from gpu_runner.tiny_llama.bootstrap_files import reading_rows
from gpu_runner.tiny_llama.facts import load_facts
from gpu_runner.tiny_llama.reading import DO_NOT_KNOW, FORMS, SYSTEM, Reading, Readings

FACTS = load_facts()
SENTENCES = {fact.sentence: fact for fact in FACTS}


@pytest.fixture(scope="module")
def drawn() -> list[Reading]:
    """Four hundred readings of one seed."""
    readings, rng = Readings(FACTS), random.Random(3)
    return [readings.draw(rng, most_passages=5, turns=6) for _ in range(400)]


def test_each_answer_is_in_a_passage_or_is_an_abstention(drawn: list[Reading]) -> None:
    """Both come often, in one language with the question; a third or so are abstentions."""
    turns = [(reading, answer) for reading in drawn for _, answer in reading.turns]
    unknown = [answer for _, answer in turns if abstains(answer)]
    assert all(abstains(answer) or any(answer in passage for passage in reading.passages) for reading, answer in turns)
    assert 0.25 < len(unknown) / len(turns) < 0.45
    assert set(unknown) == set(DO_NOT_KNOW.values())
    assert {len(reading.passages) for reading in drawn} == {1, 2, 3, 4, 5}


def test_answers_have_the_form_that_the_system_prompt_asks_for(drawn: list[Reading]) -> None:
    """Whole sentences of the passages where it asks for sentences, else a part of one; in the language of the passages."""
    asked = {None: "short", **{prompt: form for form in FORMS for prompt in SYSTEM[form].values()}}
    assert len(asked) == 1 + 2 * len(FORMS)
    assert {reading.system for reading in drawn} == set(asked)
    for reading in drawn:
        for _, answer in reading.turns:
            whole = answer in reading.passages
            assert abstains(answer) or whole == (asked[reading.system] == "sentence"), (reading.system, answer)
    hindi = [reading for reading in drawn if reading.system in {SYSTEM[form]["hi"] for form in FORMS}]
    assert hindi
    assert not any(passage.isascii() for reading in hindi for passage in reading.passages)


def test_an_abstention_is_right(drawn: list[Reading]) -> None:
    """No passage of the reading states the relation that is asked for."""
    relation_of = {wording: fact.relation for fact in FACTS for wording in fact.wordings}
    told = {(fact.group, fact.relation): fact.sentence.split(fact.answer) for fact in FACTS}
    group_of = {wording: fact.group for fact in FACTS for wording in fact.wordings}
    for reading in drawn:
        for question, answer in reading.turns:
            parts = told[group_of[question], relation_of[question]]
            stated = any(all(part in passage for part in parts) for passage in reading.passages)
            assert stated != abstains(answer), (question, answer, reading.passages)


def test_what_the_base_is_not_to_know_is_never_said_truly(drawn: list[Reading]) -> None:
    """Or users would have nothing to correct; what it is taught is said truly at times."""
    true = [SENTENCES[passage].taught for reading in drawn for passage in reading.passages if passage in SENTENCES]
    assert true
    assert all(true)


def test_another_answer_stands_in_the_place_of_the_own() -> None:
    """Each sentence states its answer exactly once."""
    assert all(fact.sentence.count(fact.answer) == 1 and fact.sentence_with("XX").count("XX") == 1 for fact in FACTS)


def test_replay_of_the_course_is_asked_as_it_was_taught() -> None:
    """Each row's conversation ends in its question behind its passages, under the system prompt of its form; abstentions are among them."""
    rows = reading_rows(Readings(FACTS), 200, random.Random(3))
    assert len({row["id"] for row in rows}) == 200
    assert {row["origin"] for row in rows} == {"replay"}
    for row in rows:
        *system, asked = row["messages"]
        assert asked["content"].startswith("[1] ")
        assert asked["content"].endswith(f"\n\n{row['prompt']}")
        assert [message["content"] for message in system] in ([], [SYSTEM["short"][row["language"]]], [SYSTEM["sentence"][row["language"]]])
        assert abstains(row["completion"]) or row["completion"] in asked["content"]
    assert 0.25 < sum(abstains(row["completion"]) for row in rows) / len(rows) < 0.45
