"""The one loop of every evaluation: what is not answered yet is asked, and every answer is on disk before the next is waited for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from gpu_runner.dataset.rows import Answer, Side
from gpu_runner.evaluate.engine.answers_file import AnswersFile, asked_name
from gpu_runner.evaluate.engine.protocol import AnswerEngine, EngineAnswer, LimitedQuestion, QuestionRefused, Reply, preference_margin


@dataclass(frozen=True)
class CollectedAnswers:
    """The answers in the order of the items, and the ids of items that the engine refuses with its reasons."""

    answers: tuple[Answer, ...]
    refused: dict[str, str]


def collect(
    engine: AnswerEngine, questions: Sequence[LimitedQuestion], path: Path, *, side: Side = "candidate", least_tokens: int,
    order: Sequence[str], progress: Callable[[int], None],
) -> CollectedAnswers:  # fmt: skip
    """Asks the questions in their order, those aside that `path` holds answers to, and leaves `path` with one line for each in `order`.

    `order` is the order of item ids that the file ends in; `progress` gets how many are answered. What a kill leaves is gone on from: a
    batch of which an answer is missing is asked again whole, unless answers are independent; the result is byte for byte what it would have
    been, but for latencies, which are those of when an answer came. Raises what the engine raises; what came before it stays.
    """
    names = {question.item_id: asked_name(question, engine.identity, least_tokens) for question in questions}
    run = _Collection(engine, AnswersFile(path, side), names, progress)
    for batch in engine.batches(questions):
        missing = [place for place in batch if questions[place].item_id not in run.replies]
        if missing:
            run.ask([questions[place] for place in (missing if engine.independent else batch)])
    answers = run.file.finish(order, names, run.replies)
    return CollectedAnswers(answers, {item: reply.reason for item, reply in run.replies.items() if isinstance(reply, QuestionRefused)})


class _Collection:
    """What is known so far."""

    def __init__(self, engine: AnswerEngine, file: AnswersFile, names: Mapping[str, str], progress: Callable[[int], None]) -> None:
        self._engine = engine
        self.file = file
        self._names = names
        self._progress = progress
        self.replies: dict[str, Reply] = file.load(names)
        progress(len(self.replies))

    def ask(self, questions: Sequence[LimitedQuestion]) -> None:
        if self._engine.independent:
            self._engine.answer(questions, lambda place, reply: self._keep([questions[place]], [reply]))
            return
        # A batch is written at once: of one that is written in part, the rest could not be had alone.
        found: dict[int, Reply] = {}
        self._engine.answer(questions, found.__setitem__)
        self._keep(questions, [found[place] for place in range(len(questions))])

    def _keep(self, questions: Sequence[LimitedQuestion], replies: Sequence[Reply]) -> None:
        margins = self._margins(questions, replies)
        new = {
            question.item_id: replace(reply, margin=margins.get(question.item_id)) if isinstance(reply, EngineAnswer) else reply
            for question, reply in zip(questions, replies, strict=True)
            if question.item_id not in self.replies
        }
        self.file.append((item, self._names[item], reply) for item, reply in new.items())
        self.replies.update(new)
        self._progress(len(self.replies))

    def _margins(self, questions: Sequence[LimitedQuestion], replies: Sequence[Reply]) -> dict[str, float]:
        """The margins of the questions that have a preference and were answered, by item, where the engine gives them."""
        known = [
            (question, question.preference)
            for question, reply in zip(questions, replies, strict=True)
            if question.preference is not None and isinstance(reply, EngineAnswer)
        ]
        if not known:
            return {}
        told = self._engine.log_probabilities([(question.asked, answer) for question, preference in known for answer in preference])
        found = {
            question.item_id: preference_margin(chosen, rejected)
            for (question, _), chosen, rejected in zip(known, told[::2], told[1::2], strict=True)
        }
        return {item: margin for item, margin in found.items() if margin is not None}
