"""How long both sides take for the same work: the same few prompts, the same number of new tokens, in turn with each other.

Answers can't be compared for speed: theirs have other lengths, and those of one batch share one time. Here a unit is a batch, so that
`gpu_runner.gate.latency` has independent units; it also says how they are compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Protocol

from gpu_runner.model_folder.template_messages import Asked
from gpu_runner.train.spec import Item

BATCHES: Final = 12
PROMPTS_IN_A_BATCH: Final = 4
NEW_TOKENS: Final = 16


class Timed(Protocol):
    """What is asked of a model: `Generator`, or a fake in tests."""

    def time_ms(self, questions: Sequence[Asked], *, new_tokens: int) -> float: ...


class Timings:
    """The times of each side's passes over the same batches."""

    def __init__(self, items: Sequence[Item]) -> None:
        self._batches = timed_batches(items)
        self._passes: dict[str, list[list[float]]] = {}

    def measure(self, side: str, generator: Timed) -> None:
        """One more pass of a side, after a batch that is thrown away."""
        if not self._batches:
            return
        generator.time_ms(self._batches[0], new_tokens=NEW_TOKENS)
        times = [generator.time_ms(batch, new_tokens=NEW_TOKENS) for batch in self._batches]
        self._passes.setdefault(side, []).append([round(ms, 6) for ms in times])

    def as_dict(self) -> dict[str, Any] | None:
        """What scores.json says of it; None where nothing was timed."""
        return {"new_tokens": NEW_TOKENS, "prompts": PROMPTS_IN_A_BATCH, **self._passes} if self._passes else None


def timed_batches(items: Sequence[Item]) -> list[list[Asked]]:
    """Up to twelve batches of up to four questions, spread over the items; prompts of one length lie together, which saves padding."""
    wanted = BATCHES * PROMPTS_IN_A_BATCH
    step = max(1, len(items) // wanted)
    chosen = [item.asked for item in sorted(items[::step][:wanted], key=_length)]
    size = -(-len(chosen) // BATCHES)
    return [chosen[start : start + size] for start in range(0, len(chosen), size)] if chosen else []


def _length(item: Item) -> tuple[int, str]:
    return sum(len(turn.content or "") for turn in item.messages) or len(item.question), item.question
