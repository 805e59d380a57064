"""Answers on disk as they come, and gone on from after a kill at any byte."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gpu_runner.dataset.rows import EvaluationItem, load_answers
from gpu_runner.evaluate.engine.collect import CollectedAnswers, collect
from gpu_runner.evaluate.engine.protocol import Done, EngineAnswer, LimitedQuestion, LogProbability, QuestionRefused
from gpu_runner.evaluate.engine.token_limits import MOST_TOKENS, token_limits
from gpu_runner.evaluate.evaluation import ask
from gpu_runner.evaluate.suite import BenchmarkSuite


class Killed(Exception):
    """The process is gone."""


class CountingEngine:
    """Says the question's words again; refuses some, notes what it is asked, and is killed when it has answered so many."""

    identity = "counting"

    def __init__(self, *, independent: bool, killed_after: int = 10**9) -> None:
        self.independent = independent
        self.asked: list[str] = []
        self._left = killed_after

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(text) for text in texts]

    def batches(self, questions: Sequence[LimitedQuestion]) -> list[list[int]]:
        size = len(questions) if self.independent else 4
        return [list(range(start, min(start + size, len(questions)))) for start in range(0, len(questions), size)]

    def answer(self, questions: Sequence[LimitedQuestion], done: Done) -> None:
        for place, question in enumerate(questions):
            if not self._left:
                raise Killed
            self._left -= 1
            self.asked.append(question.item_id)
            refused = question.item_id.endswith("7")
            done(place, QuestionRefused("too long") if refused else EngineAnswer(f"«{question.asked}»", 3, 1.5, False))

    def log_probabilities(self, pairs: Sequence[Any]) -> list[LogProbability | None]:
        return [None for _ in pairs]


ITEMS = [f"item-{number}" for number in range(25)]
QUESTIONS = [LimitedQuestion(item, f"What of {item}?\u2028", 64) for item in reversed(ITEMS)]


def collected(engine: CountingEngine, path: Path, questions: Sequence[LimitedQuestion] = QUESTIONS) -> CollectedAnswers:
    """The answers, in the order of the items."""
    return collect(engine, questions, path, least_tokens=64, order=ITEMS, progress=lambda _: None)


@settings(max_examples=40, deadline=None)
@given(kill=st.integers(0, 24), independent=st.booleans(), lost_bytes=st.integers(0, 400))
def test_what_a_kill_left_is_gone_on_from(tmp_path_factory: pytest.TempPathFactory, kill: int, independent: bool, lost_bytes: int) -> None:
    """Whenever it comes, and wherever in a line: only what is missing is asked, and the file ends as if nothing had happened."""
    folder = tmp_path_factory.getbasetemp() / "answers"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    whole = collected(CountingEngine(independent=independent), folder / "whole.jsonl")
    path = folder / "answers.jsonl"
    with pytest.raises(Killed):
        collected(CountingEngine(independent=independent, killed_after=kill), path)
    if path.exists():
        path.write_bytes(path.read_bytes()[: max(0, path.stat().st_size - lost_bytes)])
    known = sum(line.endswith(b"}") for line in path.read_bytes().split(b"\n")) if path.exists() else 0
    engine = CountingEngine(independent=independent)
    assert collected(engine, path) == whole
    assert path.read_bytes() == (folder / "whole.jsonl").read_bytes()
    assert len(engine.asked) == len(ITEMS) - known if independent else len(engine.asked) <= len(ITEMS) - known + 3
    again = CountingEngine(independent=independent)
    assert collected(again, path) == whole
    assert [name for name in again.asked if not name.endswith("7")] == [] or not independent


def test_an_answer_to_other_words_is_no_answer(tmp_path: Path) -> None:
    """A question that was changed is asked again; the others, and answers of the other side, stay."""
    path = tmp_path / "answers.jsonl"
    collected(CountingEngine(independent=True), path)
    baseline = '{"item_id": "item-1", "side": "baseline", "text": "x", "latency_ms": 1.0, "tokens": 1, "cut": false}\n'
    path.write_text(baseline + path.read_text(encoding="utf-8"), encoding="utf-8")
    changed = [LimitedQuestion(one.item_id, "Else?", 64) if one.item_id == "item-3" else one for one in QUESTIONS]
    engine = CountingEngine(independent=True)
    found = collected(engine, path, changed)
    assert "item-3" in engine.asked
    assert set(engine.asked) <= {"item-3", "item-7", "item-17"}
    assert {answer.item_id: answer.text for answer in found.answers}["item-3"] == "«Else?»"
    assert set(found.refused) == {"item-7", "item-17"}
    assert path.read_text(encoding="utf-8").startswith(baseline)


def test_a_preference_has_the_margin_of_its_answers_where_the_engine_gives_one(tmp_path: Path) -> None:
    """Normalised by length, kept with the answer, told in the figures, and asked for once; other items and engines have none."""

    class Telling(CountingEngine):
        def log_probabilities(self, pairs: Sequence[Any]) -> list[LogProbability | None]:
            self.asked += ["pair"] * len(pairs)
            return [LogProbability(-float(len(answer)) if "no" in answer else -2.0, len(answer)) for _, answer in pairs]

    items = [
        EvaluationItem(f"item-{number}", "dataset", "Where?", ("yes!",), "en", "g", rejected=rejected)
        for number, rejected in enumerate(("no, it is not", None, "yes, yes, yes, yes"))
    ]
    for independent in (True, False):
        path = tmp_path / f"answers-{independent}.jsonl"
        told = ask(Telling(independent=independent), items, path, max_new_tokens=8, progress=lambda _: None).answers
        assert [answer.margin for answer in told] == [0.5, None, pytest.approx(-0.388889)]
        engine = Telling(independent=independent)
        assert ask(engine, items, path, max_new_tokens=8, progress=lambda _: None).answers == told == load_answers(path)
        assert engine.asked == []
        metrics = BenchmarkSuite(("preference_margin", "preference_accuracy", "cut_rate")).run(items, told).scored.metrics
        assert metrics == {"items": 3, "preference_margin": pytest.approx(0.055556), "preference_accuracy": 0.5, "cut_rate": 0.0}
    silent = ask(CountingEngine(independent=True), items, tmp_path / "silent.jsonl", max_new_tokens=8, progress=lambda _: None)
    assert [answer.margin for answer in silent.answers] == [None] * 3
    assert "margin" not in (tmp_path / "silent.jsonl").read_text(encoding="utf-8")
    assert "preference_margin" not in BenchmarkSuite(("preference_margin",)).run(items, silent.answers).scored.metrics


def test_a_limit_is_a_quarter_above_the_longest_reference() -> None:
    """Never below the configured least, and bounded for a reference that is a document."""
    references = [["a" * 10], ["a" * 10, "a" * 101], ["a" * 100_000]]
    assert token_limits(references, lambda texts: [len(text) for text in texts], least=64) == [64, 127, MOST_TOKENS]
    assert token_limits([], lambda texts: [], least=64) == []
