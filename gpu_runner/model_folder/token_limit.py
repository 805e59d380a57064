"""The one limit of a conversation's length, for all that trains, is held out or is asked; and batches by tokens. Torch-free."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from gpu_runner.model_folder.memory import DoesNotFit, is_out_of_memory, release

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class TokenLimit:
    """The longest conversation in tokens: `max_seq_length` of the job."""

    tokens: int

    def holds(self, prompt: int, answer: int = 1) -> bool:
        """Whether a prompt of so many tokens and an answer of so many fit; an answer that is not known yet counts as one token.

        How long a given answer may get is EVALUATION_MAX_NEW_TOKENS's affair: one that is cut there is counted as cut.

        >>> TokenLimit(8).holds(5, 3), TokenLimit(8).holds(5, 4), TokenLimit(8).holds(8), TokenLimit(8).holds(3, 0)
        (True, False, False, False)
        """
        return answer > 0 and prompt + answer <= self.tokens


def by_tokens(lengths: Sequence[int], *, budget: int, most: int) -> list[list[int]]:
    """Places of the rows in batches, shortest first: rows times the longest of them is at most `budget`, rows at most `most`.

    A row over the budget is a batch of its own. Equal lengths keep their order. O(n log n).

    >>> by_tokens([2, 9, 2, 3, 2], budget=6, most=3)
    [[0, 2, 4], [3], [1]]
    """
    batches: list[list[int]] = []
    for place in sorted(range(len(lengths)), key=lambda place: (lengths[place], place)):
        if not batches or len(batches[-1]) >= most or (len(batches[-1]) + 1) * lengths[place] > budget:
            batches.append([])
        batches[-1].append(place)
    return batches


def run_by_tokens(lengths: Sequence[int], work: Callable[[list[int]], Sequence[T]], *, budget: int, most: int) -> list[T]:
    """What `work` gives for each row, in the order of the rows. `work` gets places and returns one result for each.

    Out of memory halves the batch, and the batches after it, as often as needed. Raises DoesNotFit where a row alone is too much.
    """
    results: dict[int, T] = {}
    waiting = deque(by_tokens(lengths, budget=budget, most=most))
    while waiting:
        batch = waiting.popleft()
        try:
            results.update(zip(batch, work(batch), strict=True))
            continue
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            told = str(error)
        # Outside of the handler: while it runs, the error's traceback holds the tensors.
        release()
        longest = lengths[batch[-1]]
        if len(batch) == 1:
            raise DoesNotFit(longest, told)
        rest = [place for others in (batch, *waiting) for place in others]
        smaller = by_tokens([lengths[place] for place in rest], budget=longest * (len(batch) // 2), most=most)
        waiting = deque([rest[number] for number in numbers] for numbers in smaller)
    return [results[place] for place in range(len(lengths))]


def smaller_batch(batch: int, of: int) -> int:
    """The largest divisor of `of` that is at most half of `batch`; `batch` has to be more than 1.

    >>> smaller_batch(6, 6), smaller_batch(3, 6), smaller_batch(4, 4)
    (3, 1, 2)
    """
    return next(size for size in range(batch // 2, 0, -1) if of % size == 0)
