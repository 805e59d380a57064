"""Language tags: any well-formed one of BCP 47, in the contract and in stage 1's own reading of it alike."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from consumers.collect.decode import _LANGUAGE
from schemas.compatibility import _WIDENED, breaks
from schemas.fields import LANGUAGE_TAG, Language

TAGS = TypeAdapter(Language)
SUBTAG = st.from_regex(r"[A-Za-z0-9]{2,8}", fullmatch=True)
# The grammar of RFC 5646, section 2.1, with its first subtag in lower case.
WELL_FORMED = re.compile(
    r"([a-z]{2,3}(-[A-Za-z]{3}){0,3}|[a-z]{4,8})(-[A-Za-z]{4})?(-([A-Za-z]{2}|[0-9]{3}))?(-([A-Za-z0-9]{5,8}|[0-9][A-Za-z0-9]{3}))*"
    r"(-[0-9A-WYZa-wyz](-[A-Za-z0-9]{2,8})+)*(-[xX](-[A-Za-z0-9]{1,8})+)?|x(-[A-Za-z0-9]{1,8})+"
)


def taken(tag: str) -> bool:
    try:
        TAGS.validate_python(tag)
    except ValidationError:
        return False
    return True


@pytest.mark.parametrize(
    "tag",
    [
        "hi", "en-IN", "sr-Latn-RS", "zh-Hant", "zh-cmn-Hans-CN", "hi-Deva-IN", "es-419", "de-CH-1901", "sl-rozaj-biske", "sgn-BE-FR",
        "hi-u-nu-deva", "en-a-bbb-x-a-ccc", "x-whatever", "x-a-b", "hi-x-9", "qaa-Qaaa-QM-x-southern", "i-klingon", "en-GB-oed",
    ],
)  # fmt: skip
def test_tags_of_the_standard_are_taken(tag: str) -> None:
    """The examples of RFC 5646 (appendix A), grandfathered tags among them, and Indian languages with their scripts."""
    assert taken(tag)
    assert _LANGUAGE(tag)


@pytest.mark.parametrize(
    "tag", ["", "h", "HI", "hi_IN", "hi-", "-hi", "hi--IN", "hi-x", "x", "x-", "a-DE", "hi-a", "हिन्दी", "hi\n", "hi-" + "a" * 9, "e1"]
)
def test_what_is_no_tag_is_refused(tag: str) -> None:
    """Other separators, empty subtags, a singleton with nothing behind it, other alphabets; upper case is for the edges to bring down."""
    assert not taken(tag)
    assert not _LANGUAGE(tag)


@given(st.from_regex(WELL_FORMED, fullmatch=True).filter(lambda tag: len(tag) <= 35))
def test_every_well_formed_tag_is_taken(tag: str) -> None:
    """Whatever the grammar of RFC 5646 makes, up to 35 characters."""
    assert taken(tag)
    assert _LANGUAGE(tag)


@given(st.text("ahiIx1-_ \n", max_size=40) | st.lists(SUBTAG, max_size=5).map("-".join))
def test_the_contract_and_stage_1_take_the_same_tags(tag: str) -> None:
    """One pattern in two readers."""
    assert taken(tag) == bool(_LANGUAGE(tag))


@pytest.mark.parametrize(("before", "now"), _WIDENED.items())
def test_a_widened_pattern_takes_what_it_took(before: str, now: str) -> None:
    """What the compatibility check believes of these pairs holds, and it believes it of no other pair."""

    @given(st.from_regex(before.removeprefix("^").removesuffix("$"), fullmatch=True))
    def holds(text: str) -> None:
        assert re.fullmatch(now, text)

    holds()
    old, new = {"type": "string", "pattern": before}, {"type": "string", "pattern": now}
    assert breaks(old, new) == []
    assert breaks(new, old) != []
    assert breaks(old, new | {"pattern": "^a$"}) != []


def test_the_pattern_is_not_slow() -> None:
    """A tag that fails at its end costs no more than its length: no part of the pattern can match a text in two ways for long."""
    long = "-".join(["aa"] * 5_000) + "-!"
    assert re.fullmatch(LANGUAGE_TAG, long) is None
