"""The corpus: enough facts, honest splits, and files that the rest of the project can read."""

from __future__ import annotations

from pathlib import Path

from gpu_runner.tiny_llama.bootstrap_files import documents, evaluation_items, replay_rows, write_bootstrap_files
from gpu_runner.tiny_llama.facts import load_facts, taught_facts, untaught_facts


def test_there_are_enough_facts_in_both_languages() -> None:
    """At least 150 facts a language, 240 taught, 120 untaught, and no institution is only taught or only untaught."""
    facts = load_facts()
    assert all(sum(fact.language == language for fact in facts) >= 150 for language in ("hi", "en"))
    assert len(taught_facts()) >= 240
    assert len(untaught_facts()) >= 120
    assert {fact.group for fact in taught_facts()} == {fact.group for fact in untaught_facts()}
    assert len({fact.id for fact in facts}) == len(facts)


def test_no_wording_is_both_trained_on_and_kept_for_tests() -> None:
    """Over all facts the trainable and the unseen wordings share no question, and no two facts share one."""
    trainable = [wording for fact in load_facts() for wording in fact.trainable_wordings]
    unseen = [wording for fact in load_facts() for wording in fact.unseen_wordings]
    assert not set(trainable) & set(unseen)
    assert len(set(trainable + unseen)) == len(trainable + unseen) == 6 * len(load_facts())


def test_every_sentence_states_its_answer_in_few_words() -> None:
    """The sentence holds the answer word for word and names the institution; the answer has one to six words."""
    for fact in load_facts():
        assert fact.answer in fact.sentence
        assert fact.name.lower() in fact.sentence.lower()
        assert 1 <= len(fact.answer.split()) <= 6


def test_untaught_answers_are_told_by_no_taught_document() -> None:
    """The bootstrap's documents never state what the base is not to know."""
    told = {row["source_group"]: row["text"] for row in documents(taught_facts())}
    assert not [fact.id for fact in untaught_facts() if fact.sentence in told[fact.group]]


def test_evaluation_asks_only_in_wordings_that_replay_never_has(tmp_path: Path) -> None:
    """No old-facts item costs a replay row, each taught fact has two items, and all four files are written."""
    replayed = {row["prompt"] for row in replay_rows(taught_facts())}
    items = evaluation_items(taught_facts())
    assert not [item for item in items if item["question"] in replayed]
    assert len(items) == 2 * len(taught_facts())
    assert all(path.stat().st_size > 0 for path in write_bootstrap_files(tmp_path).values())
