"""One spelling for every variant of a question, and none for two questions."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpu_runner.dataset.firewall.canonical import canonical, compact


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("क़िले में कितने दरवाज़े हैं?", "किले में कितने दरवाजे हैं"),
        ("हिन्दी भवन कहाँ है", "हिंदी भवन कहां है ।"),
        ("क्\u200dया यह खुला है", "क्या यह खुला है"),
        ("१९५० में क्या हुआ", "1950 में क्या हुआ"),
        ("What is  the\tCafé?", "what is the cafe"),
        ("Ｗｈａｔ is it", "what is it"),
        ("what\u2066 is\u2069 it", "What is it?"),
    ],
)
def test_variants_are_one_text(one: str, other: str) -> None:
    """Nukta, nasal signs, joiners, digits, spacing, case, accents, full width and marks of direction are no difference."""
    assert canonical(one) == canonical(other)


@pytest.mark.parametrize(("one", "other"), [("5.5 km", "55 km"), ("-5", "5"), ("A+", "A-"), ("room 1 2", "room 12")])
def test_what_means_something_else_stays_apart(one: str, other: str) -> None:
    """Numbers and marks with a meaning are read, not deleted, and two numbers are not one."""
    assert compact(canonical(one)) != compact(canonical(other))


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=40))
def test_the_canonical_text_is_canonical_and_needs_no_form(text: str) -> None:
    """It is a fixed point, and the same for the composed and the decomposed form."""
    assert canonical(canonical(text)) == canonical(text)
    assert canonical(unicodedata.normalize("NFD", text)) == canonical(unicodedata.normalize("NFC", text))
