"""Hindi that was read as another code page."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpu_runner.text.script.mojibake import CODE_PAGES, misread, misread_words

HINDI = st.text(alphabet="कखगमलवहािीेंँ्एऐझ", min_size=1, max_size=6)


@given(word=HINDI, page=st.sampled_from(CODE_PAGES))
def test_every_misread_word_is_found(word: str, page: str) -> None:
    """In every page; the run holds a misread letter and lies where it is said to."""
    text = f"यह {misread(word.encode(), page)} है"
    (found,) = misread_words(text)
    assert text[found.start : found.end] == found.word


@given(word=HINDI, pages=st.tuples(*[st.sampled_from(("cp1252", "latin-1", "cp437", "cp1251", "mac_roman"))] * 2))
def test_misread_twice_is_found(word: str, pages: tuple[str, str]) -> None:
    """In any two of the pages that readers take text for."""
    assert list(misread_words(misread(misread(word.encode(), pages[0]).encode(), pages[1])))


@pytest.mark.parametrize("errors", ["ignore", "replace"])
def test_bytes_that_the_page_does_not_know_may_be_lost(errors: str) -> None:
    """cp1252 has none for the virama's third byte."""
    assert [found.word for found in misread_words("हिन्दी".encode().decode("cp1252", errors))]


def test_the_stops_about_a_word_are_not_of_it() -> None:
    """A comma and a danda stay outside."""
    assert [found.word for found in misread_words(f"({misread('कम'.encode(), 'cp437')}), ठीक।")] == ["αñòαñ«"]
