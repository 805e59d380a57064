"""One limit, batches by tokens, and what happens where memory runs out."""

from __future__ import annotations

import random

import pytest

from gpu_runner.model_folder.memory import DoesNotFit, is_out_of_memory
from gpu_runner.model_folder.token_limit import by_tokens, run_by_tokens, smaller_batch


class Machine:
    """Work that needs a unit of memory for each token of a padded batch, and has so many."""

    def __init__(self, lengths: list[int], memory: int) -> None:
        self.lengths, self.memory = lengths, memory
        self.batches: list[list[int]] = []

    def __call__(self, batch: list[int]) -> list[str]:
        self.batches.append(batch)
        if len(batch) * max(self.lengths[place] for place in batch) > self.memory:
            raise MemoryError("out of memory")
        return [f"row {place}" for place in batch]


def test_k9_batches_are_made_by_tokens() -> None:
    """A long row does not pad the short ones: padded tokens stay below the budget, each row comes once, in a fixed order."""
    rng = random.Random(1)
    lengths = [rng.choice([20, 40, 60]) for _ in range(200)]
    lengths[17] = 3814
    batches = by_tokens(lengths, budget=4096, most=64)
    assert sorted(place for batch in batches for place in batch) == list(range(200))
    assert [17] in batches
    assert all(len(batch) <= 64 and len(batch) * max(lengths[place] for place in batch) <= 4096 for batch in batches)
    assert sum(len(batch) * max(lengths[place] for place in batch) for batch in batches) < 1.3 * sum(lengths)
    assert batches == by_tokens(lengths, budget=4096, most=64)


@pytest.mark.parametrize("memory", [10_000, 700, 130, 100])
def test_k9_out_of_memory_halves_the_batch_and_goes_on(memory: int) -> None:
    """Every row has its own result in its own place, whatever fits; the batch that failed is not tried again as it was."""
    rng = random.Random(memory)
    lengths = [rng.randint(1, 100) for _ in range(50)]
    machine = Machine(lengths, memory)
    assert run_by_tokens(lengths, machine, budget=2_000, most=64) == [f"row {place}" for place in range(50)]
    assert len({tuple(batch) for batch in machine.batches}) == len(machine.batches)


def test_k9_one_row_that_does_not_fit_is_an_error_of_its_own() -> None:
    """The error names the row's tokens and is none that another attempt could help."""
    machine = Machine([5, 90, 7], 50)
    with pytest.raises(DoesNotFit, match="one row of 90 tokens does not fit into the memory") as caught:
        run_by_tokens(machine.lengths, machine, budget=1_000, most=64)
    assert not is_out_of_memory(caught.value)


def test_other_errors_are_not_taken_for_want_of_memory() -> None:
    """They come out as they are, at once."""

    def work(batch: list[int]) -> list[str]:
        raise RuntimeError("shapes do not fit")

    with pytest.raises(RuntimeError, match="shapes"):
        run_by_tokens([1, 2], work, budget=10, most=10)
    assert is_out_of_memory(RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes"))


def test_a_smaller_batch_divides_the_step() -> None:
    """So that accumulation makes up for it exactly, down to one."""
    for of in range(2, 40):
        batch = of
        while batch > 1:
            smaller = smaller_batch(batch, of)
            assert 1 <= smaller <= batch // 2
            assert of % smaller == 0
            batch = smaller
