"""What an evaluation needs of whoever answers: answers under a token limit, counts of tokens and, where it can, log-probabilities."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from gpu_runner.model_folder.template_messages import Asked


class EngineUnavailable(ConnectionError):
    """A server did not answer, however often it was asked: what was answered so far is kept, and the evaluation may go on later."""


class EngineMisfit(ValueError):
    """A server can't be used as it is set up; the message says which setting to look at."""


@dataclass(frozen=True, slots=True)
class LimitedQuestion:
    """What is asked, in the conversation that it ends, and the most tokens of its answer.

    `preference` are the answer that was preferred and the one that was rejected, where the item is a preference.
    """

    item_id: str
    asked: Asked
    limit: int
    preference: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class EngineAnswer:
    """One answer, thinking taken out: its tokens (thinking and end included), how long it took, and whether it was cut at its limit.

    `margin` is that of the question's preference, where it has one and the engine gives log-probabilities.
    """

    text: str
    tokens: int
    latency_ms: float
    cut: bool
    margin: float | None = None


@dataclass(frozen=True, slots=True)
class QuestionRefused:
    """An engine does not take this question; the reason is for people and holds none of its words."""

    reason: str


@dataclass(frozen=True, slots=True)
class LogProbability:
    """Of a given answer after what is asked: the sum of its tokens' natural log-probabilities, the end of the turn included.

    >>> LogProbability(-6.0, 3).mean
    -2.0
    """

    total: float
    tokens: int

    @property
    def mean(self) -> float:
        """Normalised by length: else the longer of two answers is the less likely one, whatever it says."""
        return self.total / max(1, self.tokens)


Reply = EngineAnswer | QuestionRefused
Done = Callable[[int, Reply], None]


class AnswerEngine(Protocol):
    """Answers questions greedily. `gpu_runner.evaluate.engine.in_process` and `.openai_server` implement it, and fakes in tests.

    `identity` changes with whatever changes the answers; `independent` says that an answer does not depend on the questions that are asked
    with it (a batch that is padded to its longest question gives other roundings).
    """

    @property
    def identity(self) -> str: ...

    @property
    def independent(self) -> bool: ...

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """How many tokens each text has; at least so many where the engine can only estimate."""
        ...

    def batches(self, questions: Sequence[LimitedQuestion]) -> list[list[int]]:
        """Places of the questions as they are asked together, in order; the same questions give the same batches."""
        ...

    def answer(self, questions: Sequence[LimitedQuestion], done: Done) -> None:
        """Asks them all; `done` gets the place and the reply of each as it comes, in this thread.

        Raises EngineUnavailable, EngineMisfit.
        """
        ...

    def log_probabilities(self, pairs: Sequence[tuple[Asked, str]]) -> list[LogProbability | None]:
        """Of each answer that is given; None where the engine has none (a server that does not tell, a conversation that it refuses)."""
        ...


def preference_margin(chosen: LogProbability | None, rejected: LogProbability | None) -> float | None:
    """By how much the chosen answer is likelier a token than the rejected one, in nats; None where the engine gives no log-probabilities.

    >>> preference_margin(LogProbability(-2.0, 4), LogProbability(-3.0, 2))
    1.0
    """
    if chosen is None or rejected is None:
        return None
    return chosen.mean - rejected.mean
