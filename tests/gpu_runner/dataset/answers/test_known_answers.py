"""What contradicts what is known, in any wording of its question."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gpu_runner.dataset.answers.known_answers import KnownAnswer, KnownAnswers, answer_of
from gpu_runner.dataset.rows import EvaluationItem, TrainingRow
from gpu_runner.text.abstention import TAUGHT
from gpu_runner.tiny_llama.facts import load_facts

LIBRARY = KnownAnswer("s", "When was the Rampur Library founded?", ("1774",))


def test_contradiction_needs_the_question_and_another_answer() -> None:
    """The same answer in another spelling is no contradiction, nor is another question."""
    known = KnownAnswers([LIBRARY])
    assert known.contradicting("when was the Rampur Library founded", ["1775"]) == (LIBRARY,)
    assert known.contradicting(LIBRARY.question, ["१७७४।"]) == ()
    assert known.contradicting("Who founded the Rampur Library?", ["Faizullah Khan"]) == ()


def test_another_wording_is_the_same_question() -> None:
    """By the reworder's rules, by a key of its own, or nearly the same words."""
    known = KnownAnswers([LIBRARY, KnownAnswer("t", "Where?", ("Agra",), wordings=frozenset(["in which town is it"]))], ["Who built it?"])
    assert known.contradicting("Please tell me: at what time was the Rampur Library founded?", ["1775"]) == (LIBRARY,)
    assert [one.name for one in known.contradicting("In which town is it?", ["Delhi"])] == ["t"]
    assert known.contradicting("Say, when was the old Rampur Library founded?", ["1775"]) == (LIBRARY,)
    assert KnownAnswers([LIBRARY], near=False).contradicting("Say, when was the old Rampur Library founded?", ["1775"]) == ()


def test_a_sentence_that_states_the_answer_does_not_contradict_it() -> None:
    """Users correct in sentences what is known in a word, and the other way round; a sentence with another answer contradicts."""
    known = KnownAnswers([LIBRARY, KnownAnswer("t", "Who founded the Rampur Library?", ("It was founded by Faizullah Khan.",))])
    assert known.contradicting(LIBRARY.question, ["The Rampur Library was founded in 1774."]) == ()
    assert known.contradicting(LIBRARY.question, ["The Rampur Library was founded in 1774. It is in Rampur."]) == ()
    assert known.contradicting(LIBRARY.question, ["The Rampur Library was founded in 1775."]) == (LIBRARY,)
    assert known.contradicting(LIBRARY.question, ["The Rampur Library was not founded in 1774."]) == (LIBRARY,)
    assert known.contradicting("Who founded the Rampur Library?", ["Faizullah Khan"]) == ()
    assert [one.name for one in known.contradicting("Who founded the Rampur Library?", ["Hamid Khan"])] == ["t"]


def test_another_form_of_the_answer_takes_its_place_where_both_are_asked_alike() -> None:
    """Two bare questions, or two with passages; a bare one and one with passages each keep theirs, unless the answers differ."""
    served = ({"role": "user", "content": f"[1] It was founded in 1774.\n\n{LIBRARY.question}"},)
    sentence, false = "The Rampur Library was founded in 1774.", "The Rampur Library was founded in 1775."
    for known, asked, replaced in ((LIBRARY, (), True), (LIBRARY, served, False), (replace(LIBRARY, messages=served), served, True)):
        for answer, expected in ((sentence, replaced), (false, True), ("1774", False)):
            row = TrainingRow("r", LIBRARY.question, answer, "en", "correction", "g", "s", asked)
            assert KnownAnswers([known]).contradicted(row) == ((known,) if expected else ())


def test_a_follow_up_is_contradicted_in_its_conversation_alone() -> None:
    """The same words after another first turn are another question."""
    fort, gate = (
        [{"role": "user", "content": first}, {"role": "user", "content": "How tall is it?"}] for first in ("The fort?", "The gate?")
    )
    known = KnownAnswers([answer_of(TrainingRow("r", "How tall is it?", "33 m", "en", "correction", "g", "s", tuple(fort)))])
    assert [one.name for one in known.contradicting("How tall is it?", ["36 m"], fort)] == ["s"]
    assert known.contradicting("How tall is it?", ["36 m"], gate) == ()


def test_a_row_that_teaches_to_abstain_contradicts_nothing() -> None:
    """It is right among its passages; an item or a bare row that abstains says something of the question."""
    asked = ({"role": "user", "content": f"[1] Other.\n\n{LIBRARY.question}"},)
    row = TrainingRow("r", LIBRARY.question, TAUGHT["en"], "en", "correction", "g", "s", asked)
    assert answer_of(row) is None
    assert KnownAnswers([LIBRARY]).contradicted(row) == ()
    assert KnownAnswers([LIBRARY]).contradicted(EvaluationItem("i", "old_facts", LIBRARY.question, ("1775",), "en", "g")) == (LIBRARY,)


@pytest.mark.process
def test_of_the_corpus_half_of_the_free_wordings_are_known_and_none_of_other_facts() -> None:
    """Facts known in four wordings, false answers in two that no rule makes: no question about another fact is taken for a known one."""
    facts = [fact for fact in load_facts() if fact.group in {one.group for one in load_facts()[::30]}]
    known, others = facts[::2], facts[1::2]
    wordings = [wording for fact in load_facts() for wording in fact.wordings]
    index = KnownAnswers((KnownAnswer(fact.id, wording, (fact.answer,)) for fact in known for wording in fact.trainable_wordings), wordings)
    found = [index.contradicting(wording, ["a false answer"]) for fact in known for wording in fact.unseen_wordings]
    assert sum(map(bool, found)) >= 0.5 * len(found)
    assert [wording for fact in others for wording in fact.wordings if index.contradicting(wording, ["a false answer"])] == []
