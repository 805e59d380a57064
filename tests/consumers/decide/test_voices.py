"""Caps and quorum."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from consumers.decide.negative_buffer import Voices


@given(st.lists(st.tuples(st.booleans(), st.sampled_from("abc")), max_size=60), st.integers(1, 4))
def test_counts_are_those_of_the_capped_voices(steps: list[tuple[bool, str]], cap: int) -> None:
    """After any coming and going each voice counts up to the cap, and only voices with something pending are there."""
    voices, expected = Voices(cap), Counter[str]()
    for comes, voice in steps:
        if comes:
            voices.put_in(voice)
            expected[voice] += 1
        elif expected[voice]:
            voices.take_out(voice)
            expected[voice] -= 1
    assert voices.counted == sum(min(count, cap) for count in expected.values())
    assert len(voices) == sum(count > 0 for count in expected.values())
