"""What the firewall compares: held-out questions, candidates for training, and what it says of a candidate."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from gpu_runner.dataset.questions.in_context import context_of
from gpu_runner.dataset.rows import EvaluationItem, Message

Reason = Literal[
    "same_question_as_holdout", "variant_of_holdout", "near_duplicate_of_holdout", "paraphrase_of_holdout", "translation_of_holdout"
]
SAME: Final[Reason] = "same_question_as_holdout"
VARIANT: Final[Reason] = "variant_of_holdout"
NEAR: Final[Reason] = "near_duplicate_of_holdout"
PARAPHRASE: Final[Reason] = "paraphrase_of_holdout"
TRANSLATION: Final[Reason] = "translation_of_holdout"


@dataclass(frozen=True)
class TrainingQuestion:
    """A question and its answer that would train; `context` are the user's turns before it, where it needs them to mean anything."""

    question: str
    answer: str
    context: str = ""


@dataclass(frozen=True)
class HeldOut:
    """A held-out item as the firewall knows it."""

    item_id: str
    question: str
    answers: tuple[str, ...]
    context: str = ""

    @classmethod
    def of(cls, item: EvaluationItem) -> HeldOut:
        """The item in its context."""
        return cls(item.id, item.question, item.answers, context_of(item.question, item.messages))


@dataclass(frozen=True)
class Hit:
    """Which held-out item a candidate gives away, and how near it is: 1 where they are equal, else the measure of `reason`."""

    item_id: str
    reason: Reason
    similarity: float

    def as_dict(self) -> dict[str, Any]:
        """For a manifest: an id, a reason and a number, no text."""
        return {"item_id": self.item_id, "reason": self.reason, "similarity": round(self.similarity, 4)}


def candidates_of(question: str, answer: str, messages: Sequence[Message]) -> Iterator[TrainingQuestion]:
    """What a row asks and answers, the row's own pair first, then each earlier turn of its conversation with the answer it got."""
    yield TrainingQuestion(question, answer, context_of(question, messages))
    turns = [(place, message) for place, message in enumerate(messages) if message["role"] == "user"]
    for place, message in turns[:-1]:
        asked = str(message.get("content") or "")
        answered = next((str(later.get("content") or "") for later in messages[place + 1 :] if later["role"] != "tool"), "")
        if asked.strip():
            yield TrainingQuestion(asked, answered, context_of(asked, messages[: place + 1]))


def may_be_same(candidate: TrainingQuestion, held: HeldOut) -> bool:
    """Whether their conversations allow it: two questions that mean something only in two different ones are two questions."""
    return not candidate.context or not held.context or candidate.context == held.context
