"""Which praise is kept."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from consumers.decide.buffer.praise import PraiseSample

MOST, OF_EACH = 6, 2
SAID = st.dictionaries(st.integers(0, 200).map(str), st.sampled_from("abcdef"), max_size=40)


def kept(said: list[tuple[str, str]], model: str = "m") -> set[str]:
    praise, found = PraiseSample(model, MOST, OF_EACH), dict[str, str]()
    for name, contributor in said:
        if name in found or not praise.admits(name, contributor):
            continue
        praise.put_in(name, contributor)
        found[name] = contributor
        while (over := praise.over(contributor)) is not None:
            praise.take_out(over, found.pop(over))
    assert len(praise) == len(found)
    return set(found)


@given(SAID, st.randoms(use_true_random=False))
def test_the_same_is_kept_in_any_order_and_with_any_duplicates(said: dict[str, str], random: object) -> None:
    """It is a function of what was said: of each contributor and in all no more than the bounds, and no fewer while there is more."""
    first = list(said.items())
    other = first + first[::2]
    random.shuffle(other)  # type: ignore[attr-defined]
    found = kept(first)
    assert kept(other) == found
    of_each = Counter(said[name] for name in found)
    assert max(of_each.values(), default=0) <= OF_EACH
    assert len(found) == min(MOST, sum(min(times, OF_EACH) for times in Counter(said.values()).values()))


def test_it_is_a_fair_sample() -> None:
    """Over many models each of twenty users' praise is kept about as often as any other, the first as often as the last."""
    said = [(str(number), f"u:{number}") for number in range(20)]
    times = Counter(name for model in range(2_000) for name in kept(said, f"m{model}"))
    # 600 each are expected; the standard deviation is 20.
    assert 500 < min(times.values()) <= max(times.values()) < 700
    assert len(times) == 20


def test_what_is_taken_back_makes_room() -> None:
    """The next praise takes its place."""
    praise = PraiseSample("m", 1, 1)
    praise.put_in("a", "u:1")
    later = next(name for name in map(str, range(100)) if not praise.admits(name, "u:2"))
    praise.take_out("a", "u:1")
    assert praise.admits(later, "u:2")
