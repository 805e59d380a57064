"""The order of learning: complete, even, deterministic."""

from __future__ import annotations

from collections import Counter

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


@given(fresh=COUNTS, replay=st.integers(0, 60), earlier=COUNTS, epochs=st.integers(1, 4), seed=st.integers(0, 9))
def test_k10_what_earlier_rounds_taught_has_half_of_the_replay_however_much_there_is(
    fresh: int, replay: int, earlier: int, epochs: int, seed: int
) -> None:
    """The length is that of the fresh rows alone; no earlier row comes oftener than a fresh one, and all of them before one comes again."""
    new, old, taught = ([f"{name}{n}" for n in range(count)] for name, count in (("f", fresh), ("r", replay), ("e", earlier)))
    order = interleaved(new, old, taught, share=0.6, epochs=epochs, seed=seed)
    known = [row for row in order if row[0] != "f"]
    assert len(known) == int(fresh * epochs * 1.5 + 1e-6)
    times = Counter(row for row in known if row[0] == "e")
    if replay:
        assert abs(times.total() - min(len(known) / 2, epochs * earlier)) <= 1
        assert max(times.values(), default=0) <= epochs
    else:
        assert times.total() == len(known)
    assert max(times.values(), default=0) - min(times[row] for row in taught) <= 1
    assert order == interleaved(new, old, taught, share=0.6, epochs=epochs, seed=seed)


@given(lengths=st.lists(st.integers(1, 20), min_size=1), capacity=st.integers(20, 60))
def test_packing_keeps_order_and_never_overflows(lengths: list[int], capacity: int) -> None:
    """The blocks joined are the rows; no block exceeds the capacity; a row that would have fitted starts no block."""
    rows = list(range(len(lengths)))
    blocks = packed(rows, lengths, capacity=capacity)
    assert [row for block in blocks for row in block] == rows
    sizes = [sum(lengths[row] for row in block) for block in blocks]
    assert max(sizes) <= capacity
    assert all(size + lengths[after[0]] > capacity for size, after in zip(sizes, blocks[1:], strict=False))
