"""The engine in this process: a model folder and transformers, in the children alone. Torch-free by itself: its generator is handed in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

from gpu_runner.evaluate.engine.protocol import Done, EngineAnswer, LimitedQuestion, LogProbability
from gpu_runner.model_folder.template_messages import Asked
from gpu_runner.model_folder.token_limit import by_tokens

# Questions whose batches are made together: enough for batches of like lengths, few enough that a beginning stays a picture of the whole.
WINDOW: Final = 256


class GeneratedText(Protocol):
    """One answer of a generator."""

    @property
    def text(self) -> str: ...

    @property
    def tokens(self) -> int: ...

    @property
    def latency_ms(self) -> float: ...

    @property
    def cut(self) -> bool: ...


class TextGenerator(Protocol):
    """`gpu_runner.evaluate.generate.Generator`, or a fake in tests."""

    def lengths(self, asked: Sequence[Asked]) -> list[int]: ...
    def count_tokens(self, texts: Sequence[str]) -> list[int]: ...
    def answer(self, asked: Sequence[Asked], *, max_new_tokens: Sequence[int], batch_size: int) -> Sequence[GeneratedText]: ...
    def log_probabilities(self, pairs: Sequence[tuple[Asked, str]], *, batch_size: int) -> list[LogProbability | None]: ...


class InProcessEngine:
    """Answers in batches by tokens. `budget` is rows times tokens of a batch, `most` its rows."""

    independent: Final = False

    def __init__(self, generator: TextGenerator, identity: str, *, budget: int, most: int) -> None:
        self.generator = generator
        self.identity = identity
        self._budget = budget
        self._most = most

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """By the model's own tokenizer."""
        return self.generator.count_tokens(texts)

    def batches(self, questions: Sequence[LimitedQuestion]) -> list[list[int]]:
        """By tokens within each window; a question with the smallest limit never waits for one with a larger."""
        least = min((question.limit for question in questions), default=0)
        found = []
        for start in range(0, len(questions), WINDOW):
            window = range(start, min(start + WINDOW, len(questions)))
            lengths = dict(zip(window, self.generator.lengths([questions[place].asked for place in window]), strict=True))
            classes: dict[int, list[int]] = {}
            for place in window:
                limit = questions[place].limit
                classes.setdefault(0 if limit == least else (limit - 1).bit_length(), []).append(place)
            for _, places in sorted(classes.items()):
                tokens = [lengths[place] + questions[place].limit for place in places]
                found += [[places[number] for number in batch] for batch in by_tokens(tokens, budget=self._budget, most=self._most)]
        return found

    def answer(self, questions: Sequence[LimitedQuestion], done: Done) -> None:
        """All at once; of a batch that does not fit, in smaller ones."""
        answers = self.generator.answer(
            [question.asked for question in questions],
            max_new_tokens=[question.limit for question in questions],
            batch_size=self._most,
        )
        for place, answer in enumerate(answers):
            done(place, EngineAnswer(answer.text, answer.tokens, answer.latency_ms, answer.cut))

    def log_probabilities(self, pairs: Sequence[tuple[Asked, str]]) -> list[LogProbability | None]:
        """From the model's own logits."""
        return self.generator.log_probabilities(pairs, batch_size=self._most)
