"""Reasons: the words of frontends come down to the contract's codes."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.reasons import _WORDS, CODES, _key, code_of

# What stands beside the thumbs, as these frontends write it on the wire or on the button.
OPEN_WEBUI = {
    "accurate_information": "accurate", "followed_instructions_perfectly": "complete", "thorough_explanation": "complete",
    "attention_to_detail": "helpful", "dont_like_the_style": "style", "too_verbose": "too_long", "not_helpful": "irrelevant",
    "not_factually_correct": "incorrect", "didnt_fully_follow_instructions": "incomplete", "refused_when_it_shouldnt_have": "refused",
    "being_lazy": "incomplete", "other": "other", "showcased_creativity": "other",
}  # fmt: skip
LIBRECHAT = {
    "not_matched": "irrelevant", "inaccurate": "incorrect", "bad_style": "style", "missing_image": "other",
    "unjustified_refusal": "refused", "accurate_reliable": "accurate", "creative_solution": "helpful", "clear_well_written": "clear",
}  # fmt: skip
ON_BUTTONS = {
    "Not factually correct": "incorrect", "Didn't fully follow instructions": "incomplete", "Refused when it shouldn’t have": "refused",
    "Don't like the style": "style", "Unsafe or problematic": "unsafe", "Offensive / Unsafe": "unsafe",
    "Incorrect or incomplete": "incomplete",
    "Not what I asked for": "irrelevant", "Should have searched the web": "outdated", "factually_incorrect": "incorrect",
    "Easy to understand": "clear", "Wrong language": "wrong_language", "OUT-OF-DATE": "outdated",
}  # fmt: skip
HINDI = {
    "गलत जानकारी": "incorrect", "ग़लत जानकारी": "incorrect", "ग\u093cलत": "incorrect", "सही नहीं है।": "incorrect",
    "अधूरी जानकारी": "incomplete",
    "पुरानी जानकारी": "outdated", "गलत भाषा": "wrong_language", "मददगार नहीं": "irrelevant", "मददगार": "helpful", "बहुत लंबा": "too_long",
    "साफ": "clear", "स्रोत गलत है": "bad_source", "सही": "accurate",
}  # fmt: skip


@pytest.mark.parametrize(("words", "code"), [*OPEN_WEBUI.items(), *LIBRECHAT.items(), *ON_BUTTONS.items(), *HINDI.items()])
def test_the_words_of_frontends_have_codes(words: str, code: str) -> None:
    """As they are sent or shown, with underscores, apostrophes of either kind, dandas, and the nukta written or not."""
    assert code_of(words) == code


@pytest.mark.parametrize("words", ["", "the pictures", "भगवान जाने", "😡", "not", "wrong wrong"])
def test_other_words_are_other(words: str) -> None:
    """Nothing is guessed from a part of what was said."""
    assert code_of(words) == "other"


def test_no_words_have_two_codes() -> None:
    """Each entry of the table means one thing, and each code of the contract has its own words."""
    keys = Counter(_key(words) for code, known in _WORDS.items() for words in {code.replace("_", " "), *known})
    assert [key for key, times in keys.items() if times > 1] == []
    assert set(_WORDS) == CODES


@given(
    st.sampled_from(sorted(CODES)), st.sampled_from([str.upper, str.title, lambda code: code.replace("_", "-"), lambda code: f" {code}. "])
)
def test_a_code_in_other_writing_is_that_code(code: str, written) -> None:
    """Capitals, hyphens, marks around it."""
    assert code_of(written(code)) == code
