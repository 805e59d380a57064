"""Caps and quorum."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from consumers.decide.buffer.contributors import Contributors


@given(st.lists(st.tuples(st.booleans(), st.sampled_from("abc")), max_size=60), st.integers(1, 4))
def test_counts_are_those_of_the_capped_voices(steps: list[tuple[bool, str]], cap: int) -> None:
    """After any coming and going each contributor counts up to the cap, and only contributors with something pending are there."""
    contributors, expected = Contributors(cap), Counter[str]()
    for comes, contributor in steps:
        if comes:
            contributors.put_in(contributor)
            expected[contributor] += 1
        elif expected[contributor]:
            contributors.take_out(contributor)
            expected[contributor] -= 1
    assert contributors.counted == sum(min(count, cap) for count in expected.values())
    assert len(contributors) == sum(count > 0 for count in expected.values())
