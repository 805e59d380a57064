"""What is held to be right, looked up by any wording of a question: for what contradicts it, on either side.

A question is the same where its words in context are, else where its meaning key is, else where it nearly is (`near_duplicates`) and asks
for the same kind of answer; the nearer of these decides alone. A sentence that states the answer does not contradict it, but takes its
place where the question is asked in the same way: one prompt has one answer.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gpu_runner.dataset.near_duplicates import NearDuplicates
from gpu_runner.dataset.questions.in_context import asked_in_context, context_of, wording_in_context
from gpu_runner.dataset.questions.meaning import kinds_agree
from gpu_runner.dataset.questions.paraphrase import question_key
from gpu_runner.dataset.rows import EvaluationItem, Message, TrainingRow
from gpu_runner.dataset.served.support import states
from gpu_runner.text.abstention import abstains
from gpu_runner.text.grounding import FUNCTION_WORDS


@dataclass(frozen=True)
class KnownAnswer:
    """One question with its right answers; `name` is the sample that says so, else the row or item.

    `wordings` are other keys of the question.
    """

    name: str
    question: str
    answers: tuple[str, ...]
    messages: tuple[Message, ...] = ()
    wordings: frozenset[str] = frozenset()

    @property
    def answer_keys(self) -> frozenset[str]:
        """The answers for comparing."""
        return frozenset(map(question_key, self.answers))


def answer_of(one: TrainingRow | EvaluationItem) -> KnownAnswer | None:
    """What a row or an item says; None for a row that teaches to abstain where a passage is missing, which says nothing of the question."""
    if isinstance(one, EvaluationItem):
        return KnownAnswer(one.sample_id or one.id, one.question, one.answers, one.messages)
    if one.messages and abstains(one.completion):
        return None
    return KnownAnswer(one.sample_id or one.id, one.prompt, (one.completion,), one.messages)


class KnownAnswers:
    """An index of answers; `background` are other questions, known only to weigh words. Without `near` only the keys count."""

    def __init__(self, known: Iterable[KnownAnswer | None], background: Iterable[str] = (), *, near: bool = True) -> None:
        self._by_wording: dict[str, list[KnownAnswer]] = defaultdict(list)
        self._by_meaning: dict[str, list[KnownAnswer]] = defaultdict(list)
        self._by_text: dict[str, list[KnownAnswer]] = defaultdict(list)
        for one in known:
            if one is None:
                continue
            for key in sorted({wording_in_context(one.question, one.messages), *one.wordings}):
                self._by_wording[key].append(one)
            self._by_meaning[asked_in_context(one.question, one.messages)].append(one)
            if not context_of(one.question, one.messages):
                self._by_text[" ".join(one.question.split())].append(one)
        held = [(text, [answer for one in same for answer in one.answers]) for text, same in self._by_text.items()]
        self._near = NearDuplicates(held, background, forms=FUNCTION_WORDS) if near and held else None

    def contradicting(
        self, question: str, answers: Sequence[str], messages: Sequence[Message] = (), wordings: Iterable[str] = ()
    ) -> tuple[KnownAnswer, ...]:
        """Those that answer the same question and take none of these answers, nor a sentence that states one, nor what one states."""
        found = self._others(question, answers, messages, wordings)
        return tuple(one for one in found if not _agree(question, one.answers, answers))

    def contradicted(self, one: TrainingRow | EvaluationItem) -> tuple[KnownAnswer, ...]:
        """Those that contradict a row or an item, or say the same in another form where both are bare or both asked in a conversation."""
        said = answer_of(one)
        if said is None:
            return ()
        found = self._others(said.question, said.answers, said.messages)
        return tuple(
            known
            for known in found
            if bool(known.messages) == bool(said.messages) or not _agree(said.question, known.answers, said.answers)
        )

    def _others(
        self, question: str, answers: Sequence[str], messages: Sequence[Message], wordings: Iterable[str] = ()
    ) -> tuple[KnownAnswer, ...]:
        """Those that answer the same question in other words."""
        given = frozenset(map(question_key, answers))
        found = self._same(question, answers[0], messages, sorted({wording_in_context(question, messages), *wordings}))
        return tuple(one for one in found if one.answer_keys.isdisjoint(given))

    def _same(self, question: str, answer: str, messages: Sequence[Message], wordings: Sequence[str]) -> Sequence[KnownAnswer]:
        found = {id(one): one for key in wordings for one in self._by_wording.get(key, ())}
        if found:
            return tuple(found.values())
        if same := self._by_meaning.get(asked_in_context(question, messages)):
            return same
        if self._near is None or context_of(question, messages):
            return ()
        match = self._near.nearest(question, answer)
        return self._by_text[match.question] if match is not None and kinds_agree(question, match.question) else ()


def _agree(question: str, known: Sequence[str], given: Sequence[str]) -> bool:
    return any(states(question, one, other) or states(question, other, one) for one in known for other in given)
