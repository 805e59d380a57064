"""Sentences end at dandas and at full stops that end one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpu_runner.text.sentences import split_sentences


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("यह एक है। वह दो है॥ क्या तीन है?", 3),
        ("डॉ. भाभा आए। वे गए।", 2),
        ("Dr. Rao came. He left!", 2),
        ("It is 5.5 m high, i.e. tall. J. R. Tata built it.", 2),
        ("ऊँचाई 5 कि.मी. है।", 1),
        ("one line\nanother line", 2),
        ('He said "Go." Then he left.', 2),
        ("", 0),
    ],
)
def test_sentences_are_counted_as_a_reader_would(text: str, count: int) -> None:
    """Abbreviations, decimals and initials do not end a sentence."""
    assert len(split_sentences(text)) == count


@given(st.text(alphabet="aB .।?!\n5डॉ", max_size=40))
def test_nothing_but_white_space_is_lost(text: str) -> None:
    """The sentences put together are the text."""
    assert "".join("".join(split_sentences(text)).split()) == "".join(text.split())
