"""The one loop of every evaluation: what is not answered yet is asked, and every answer is on disk before the next is waited for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gpu_runner.dataset.rows import Answer, Side
from gpu_runner.evaluate.engine.answers_file import AnswersFile, asked_name
from gpu_runner.evaluate.engine.protocol import AnswerEngine, LimitedQuestion, QuestionRefused, Reply


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
            self._engine.answer(questions, lambda place, reply: self._keep({questions[place].item_id: reply}))
            return
        # A batch is written at once: of one that is written in part, the rest could not be had alone.
        found: dict[int, Reply] = {}
        self._engine.answer(questions, found.__setitem__)
        self._keep({questions[place].item_id: reply for place, reply in sorted(found.items())})

    def _keep(self, found: Mapping[str, Reply]) -> None:
        new = {item: reply for item, reply in found.items() if item not in self.replies}
        self.file.append((item, self._names[item], reply) for item, reply in new.items())
        self.replies.update(new)
        self._progress(len(self.replies))
