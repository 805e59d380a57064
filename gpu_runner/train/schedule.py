"""The order in which rows are learned, fixed before the first step: all epochs, replay spread evenly. Torch-free."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")
U = TypeVar("U")


def interleaved(fresh: Sequence[T], replay: Sequence[T], *, share: float, epochs: int, seed: int) -> list[T]:
    """Every fresh row once an epoch in a new order, with replay rows between them so that they make up `share`.

    Replay rows are taken in turn from a shuffled cycle, so all come up before one comes up again. They are spread
    evenly: of any stretch of n rows, n * share (± 1) are replay, whatever the batch. No replay rows: fresh rows alone.

    >>> "".join(interleaved("aaaa", "r", share=0.5, epochs=1, seed=0))
    'arararar'
    """
    rng = random.Random(seed)
    cycle = rng.sample(replay, len(replay))
    order: list[T] = []
    used, owed = 0, 0.0
    for _ in range(epochs):
        for row in rng.sample(fresh, len(fresh)):
            order.append(row)
            owed += share / (1 - share) if cycle else 0.0
            while owed >= 1 - 1e-9:
                order.append(cycle[used % len(cycle)])
                used += 1
                owed -= 1
    return order


def packed(rows: Sequence[U], lengths: Sequence[int], *, capacity: int) -> list[list[U]]:
    """Consecutive rows put together while they fit into `capacity` tokens, in order, none divided.

    Raises ValueError for a row longer than `capacity`.

    >>> packed("abcd", [3, 2, 4, 1], capacity=5)
    [['a', 'b'], ['c', 'd']]
    """
    blocks: list[list[U]] = []
    room = 0
    for row, length in zip(rows, lengths, strict=True):
        if length > capacity:
            raise ValueError(f"a row of {length} tokens does not fit into {capacity}")
        if not blocks or length > room:
            blocks.append([])
            room = capacity
        blocks[-1].append(row)
        room -= length
    return blocks
