"""The order of learning: complete, even, deterministic."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gpu_runner.train.schedule import interleaved, packed

COUNTS = st.integers(min_value=1, max_value=60)


@given(fresh=COUNTS, replay=COUNTS, share=st.floats(min_value=0, max_value=0.8), epochs=st.integers(1, 4), seed=st.integers(0, 9))
def test_every_fresh_row_comes_once_an_epoch_and_replay_is_even(fresh: int, replay: int, share: float, epochs: int, seed: int) -> None:
    """Fresh rows come `epochs` times each; of any prefix, share (± 1 row) is replay; the same seed gives the same order."""
    new, old = [f"f{n}" for n in range(fresh)], [f"r{n}" for n in range(replay)]
    order = interleaved(new, old, share=share, epochs=epochs, seed=seed)
    assert sorted(row for row in order if row[0] == "f") == sorted(new * epochs)
    for end in range(1, len(order) + 1):
        count = sum(row[0] == "r" for row in order[:end])
        # a debt of up to one burst of replay rows is open while a fresh row has just come
        assert abs(count - share * end) <= 1 + share / (1 - share)
    assert order == interleaved(new, old, share=share, epochs=epochs, seed=seed)


@given(lengths=st.lists(st.integers(1, 20), min_size=1), capacity=st.integers(20, 60))
def test_packing_keeps_order_and_never_overflows(lengths: list[int], capacity: int) -> None:
    """The blocks joined are the rows; no block exceeds the capacity; a row that would have fitted starts no block."""
    rows = list(range(len(lengths)))
    blocks = packed(rows, lengths, capacity=capacity)
    assert [row for block in blocks for row in block] == rows
    sizes = [sum(lengths[row] for row in block) for block in blocks]
    assert max(sizes) <= capacity
    assert all(size + lengths[after[0]] > capacity for size, after in zip(sizes, blocks[1:], strict=False))
