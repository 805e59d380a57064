"""Batches of the engine in this process."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gpu_runner.evaluate.engine.in_process import InProcessEngine
from gpu_runner.evaluate.engine.protocol import LimitedQuestion


class Measured:
    """A generator that knows lengths alone."""

    def lengths(self, asked: Sequence[Any]) -> list[int]:
        return [len(text.split()) for text in asked]

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return self.lengths(texts)

    def answer(self, asked: Sequence[Any], **_: Any) -> list[Any]:
        raise AssertionError("not asked here")

    def log_probabilities(self, pairs: Sequence[Any], **_: Any) -> list[None]:
        raise AssertionError("not asked here")


def test_short_answers_never_wait_for_long_ones() -> None:
    """A batch of short limits has no long one in it and is as large as without them; within a window batches are by tokens."""
    engine = InProcessEngine(Measured(), "m", budget=8192, most=64)
    short = [LimitedQuestion(f"s{number}", "word " * (3 + number % 5), 64) for number in range(200)]
    long = [LimitedQuestion(f"l{number}", "word " * 20, 100 + 20 * number) for number in range(10)]
    mixed = [question for pair in zip(short, [*long, *[None] * 190], strict=True) for question in pair if question is not None]
    batches = engine.batches(mixed)
    assert sorted(place for batch in batches for place in batch) == list(range(210))
    assert all(len({mixed[place].limit > 64 for place in batch}) == 1 for batch in batches)
    assert all(max(mixed[place].limit for place in batch) <= 2 * min(mixed[place].limit for place in batch) for batch in batches)
    alone = sum(len(batch) > 0 for batch in engine.batches(short))
    assert sum(mixed[batch[0]].limit == 64 for batch in batches) == alone
    assert engine.batches([]) == []
