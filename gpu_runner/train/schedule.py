"""The order in which rows are learned, fixed before the first step: all epochs, replay spread evenly. Torch-free."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Generic, TypeVar

T = TypeVar("T")
U = TypeVar("U")


def interleaved(fresh: Sequence[T], replay: Sequence[T], earlier: Sequence[T] = (), *, share: float, epochs: int, seed: int) -> list[T]:
    """Every fresh row once an epoch in a new order, with rows that are known between them so that those make up `share`.

    Half of these are of `earlier`, which rounds before taught, and half of `replay`, which the base knew, however many there are of each:
    what was learnt last goes first. But no row of `earlier` comes oftener than a fresh one. Each part is taken in turn from a shuffled
    cycle, so all of it come up before one comes up again. They are spread evenly: of any stretch of n rows, n * share (± 1) are known,
    whatever the batch. No such rows: fresh rows alone.

    >>> "".join(interleaved("aaaa", "r", share=0.5, epochs=1, seed=0)), "".join(interleaved("aaaa", "r", "ee", share=0.5, epochs=1, seed=0))
    ('arararar', 'araearae')
    """
    rng = random.Random(seed)
    known = _Cycle(rng.sample(replay, len(replay)))
    taught = _Cycle(rng.sample(earlier, len(earlier)))
    ratio = share / (1 - share) if replay or earlier else 0.0
    places = len(fresh) * epochs * ratio
    of_earlier = 0.0 if not places else 1.0 if not replay else min(0.5, epochs * len(earlier) / places)
    order: list[T] = []
    owed = owed_earlier = 0.0
    for _ in range(epochs):
        for row in rng.sample(fresh, len(fresh)):
            order.append(row)
            owed += ratio
            while owed >= 1 - 1e-9:
                owed -= 1
                owed_earlier += of_earlier
                order.append(taught.take() if owed_earlier >= 1 - 1e-9 else known.take())
                owed_earlier -= owed_earlier >= 1 - 1e-9
    return order


class _Cycle(Generic[T]):
    """Rows in turn, the first again after the last."""

    def __init__(self, rows: Sequence[T]) -> None:
        self._rows = rows
        self._used = 0

    def take(self) -> T:
        self._used += 1
        return self._rows[(self._used - 1) % len(self._rows)]


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
