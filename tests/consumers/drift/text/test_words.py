"""Splitting text into words, and their hashes."""

from __future__ import annotations

import subprocess
import sys
import unicodedata

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consumers.drift.text.code_points import LONGEST
from consumers.drift.text.words import split, words

DEVANAGARI = st.text(st.characters(min_codepoint=0x0900, max_codepoint=0x097F), max_size=40)
ANY_TEXT = st.text(
    st.one_of(
        st.characters(min_codepoint=0x0900, max_codepoint=0x097F),
        st.characters(min_codepoint=0x20, max_codepoint=0x17F),
        st.sampled_from("\u200c\u200d\u2019'\0\n\u0301\ufffd😀中"),
        st.characters(),
    ),
    max_size=60,
)


def by_category(text: str) -> list[str]:
    """The plain way, character by character, for text without misread bytes."""
    found, word = [], ""
    characters = unicodedata.normalize("NFC", text.replace("\0", " ").lower())
    for at, character in enumerate(characters):
        joins = (
            character in "\u200c\u200d'\u2019" and word and word[-1] not in "\u200c\u200d'\u2019" and is_letter(characters[at + 1 : at + 2])
        )
        if is_letter(character) or joins:
            word += character
        elif word:
            found.append(word)
            word = ""
    return [*found, word] if word else found


def is_letter(character: str) -> bool:
    return bool(character) and (unicodedata.category(character)[0] in "LMN" or character == "\ufffd")


@given(
    st.text(
        st.one_of(
            st.characters(min_codepoint=0x0900, max_codepoint=0x097F),
            st.characters(max_codepoint=0x7F),
            st.sampled_from("\u200c\u200d\u2019😀中क़"),
        ),
        max_size=60,
    )
)
def test_words_are_runs_of_letters_marks_and_digits(text: str) -> None:
    """Words are what the plain loop over Unicode categories finds."""
    assert words(text) == by_category(text)


@pytest.mark.parametrize("word", ["हिन्दी", "किताबें", "ज़्यादा", "प्र‍कार", "संस्कृति", "தமிழ்", "বাংলা", "don't", "२०२४"])
def test_words_stay_whole(word: str) -> None:
    """No vowel sign, virama, nukta, joiner or apostrophe cuts a word."""
    whole = unicodedata.normalize("NFC", word)
    assert words(f"«{word}», {word}।") == [whole, whole]


@given(DEVANAGARI)
def test_no_mark_begins_a_word_behind_a_letter(text: str) -> None:
    """A Devanagari word is never cut in front of a mark."""
    plain, at = unicodedata.normalize("NFC", text).lower(), 0
    for word in words(text):
        at = plain.index(word, at)
        assert at == 0 or unicodedata.category(word[0])[0] != "M" or unicodedata.category(plain[at - 1])[0] not in "LMN"
        at += len(word)


@given(ANY_TEXT)
def test_normal_forms_are_one(text: str) -> None:
    """Composed and decomposed text have the same words and hashes."""
    composed, decomposed = split([unicodedata.normalize("NFC", text)]), split([unicodedata.normalize("NFD", text)])
    assert composed.spelled() == decomposed.spelled()
    assert np.array_equal(composed.hashes, decomposed.hashes)
    assert np.array_equal(composed.phonetic_keys, decomposed.phonetic_keys)


@given(st.lists(ANY_TEXT, max_size=8))
def test_batching_changes_nothing(texts: list[str]) -> None:
    """Each document's words, hashes and phonetic keys are the same in any batch."""
    batch = split(texts)
    alone = [split([text]) for text in texts]
    assert batch.spelled() == [word for single in alone for word in single.spelled()]
    assert batch.hashes.tolist() == [value for single in alone for value in single.hashes.tolist()]
    assert batch.phonetic_keys.tolist() == [value for single in alone for value in single.phonetic_keys.tolist()]
    assert batch.document.tolist() == [at for at, single in enumerate(alone) for _ in range(len(single))]


@given(st.lists(ANY_TEXT, min_size=1, max_size=8))
def test_hash_is_of_the_word_alone(texts: list[str]) -> None:
    """Equal words have equal hashes wherever they stand, and different words here have different ones."""
    batch = split(texts)
    pairs = set(zip(batch.spelled(), batch.hashes.tolist(), strict=True))
    assert len({word for word, _ in pairs}) == len({value for _, value in pairs}) == len(pairs)


@pytest.mark.process
def test_hashes_are_the_same_in_another_process() -> None:
    """Python's own hash differs from process to process; ours doesn't, and it is pinned: artifacts hold it."""
    code = "from consumers.drift.text.words import split; print(split(['हिन्दी nahi']).hashes.tolist())"
    runs = {
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": seed}).stdout
        for seed in ("1", "2")
    }
    assert runs == {f"{split(['हिन्दी nahi']).hashes.tolist()}\n"}


@pytest.mark.parametrize("decode", ["latin-1", "cp1252"])
@pytest.mark.parametrize("word", ["है", "में", "किताबें", "और", "पढ़ाई", "बहुत", "ठीक"])
def test_misread_words_stay_whole(word: str, decode: str) -> None:
    """UTF-8 read as Latin-1 or Windows-1252 is one broken word, not its letters."""
    broken = word.encode().decode(decode, "replace")
    assert words(f"{broken}, {broken}.") == [unicodedata.normalize("NFC", broken.lower())] * 2


@pytest.mark.parametrize("text", ["café»", "voilà", "«señor»", "5€", "naïve"])
def test_good_latin_text_is_not_misread_bytes(text: str) -> None:
    """Accents and quotation marks of good text are what they were."""
    assert words(text) == [text.strip("«»€")]


@pytest.mark.parametrize(
    "spellings",
    [
        ("nahi", "nahin", "nahee", "NAHIIN", "naheen"),
        ("acha", "achha", "accha", "achchha"),
        ("aur", "or", "our"),
        ("phir", "fir"),
        ("woh", "wo", "vo"),
        ("zyada", "jyada", "jyaada"),
        ("shayad", "sayad"),
    ],
)
def test_spellings_are_one_family(spellings: tuple[str, ...]) -> None:
    """Spellings of one romanised word share a phonetic key."""
    phonetic_keys = set(split(spellings).phonetic_keys.tolist())
    assert len(phonetic_keys) == 1
    assert 0 not in phonetic_keys


def test_family_is_of_latin_words_with_a_consonant() -> None:
    """Another script, a number and vowels alone have no phonetic key; other consonants are another one."""
    assert split(["हिन्दी 42 aa don't"]).phonetic_keys.tolist() == [0, 0, 0, 0]
    assert len(set(split(["kitab gaadi lekin"]).phonetic_keys.tolist())) == 3


@given(st.integers(0, 200))
def test_long_documents_are_cut_between_words(extra: int) -> None:
    """Only the first LONGEST count, and the cut goes through no word."""
    text = "x" * extra + " " + "किताबें " * 1000
    found = words(text)
    assert set(found) <= {"x" * extra, "किताबें"}
    assert len(found) >= (LONGEST - extra) // 8 - 1


def test_no_words() -> None:
    """Empty batches, empty texts and texts without a word have no words."""
    assert [len(split(texts)) for texts in ([], [""], ["", " ।", "\0"])] == [0, 0, 0]


@settings(max_examples=20)
@given(st.lists(ANY_TEXT, max_size=4))
def test_nul_in_a_text_does_not_move_the_others(texts: list[str]) -> None:
    """A NUL is white space, not the end of a document."""
    batch = split(["a\0b", *texts, "last"])
    assert batch.spelled()[:2] == ["a", "b"]
    assert batch.document.tolist()[:2] == [0, 0]
    assert batch.document.tolist()[-1] == len(texts) + 1
