"""Whether a correction is in another language than its question, by scripts and, between English and Hindi in Latin letters, by words.

Languages other than Hindi and English have the check of scripts alone.
"""

from __future__ import annotations

import re
from typing import Final

from consumers.collect.worth.clauses import words_of
from consumers.collect.worth.words.english import ENGLISH
from consumers.collect.worth.words.hinglish import CERTAIN
from consumers.collect.worth.words.roles import COPULA, FIRST, FUNCTION, MODAL, NOT, SECOND, folded

_LATIN: Final = re.compile(r"[A-Za-z\u00c0-\u024f\u1e00-\u1eff]")
_DEVANAGARI: Final = re.compile(r"[\u0904-\u0939\u0958-\u0961\u0972-\u097f]")
# Letters of neither; the marks of both are none.
_OTHER: Final = re.compile(r"[^\W\d_A-Za-z\u00aa\u00ba\u00c0-\u024f\u1e00-\u1eff\u0900-\u097f]")
# Code, addresses and names of files are in no language.
_NO_LANGUAGE: Final = re.compile(r"```.*?```|`[^`]*`|https?://\S+|www\.\S+|\S+@\S+|\S+[_/\\]\S+|\S+\(\S*\)", re.S)
_MARKS_OF_CODE: Final = re.compile(r"[`@_/\\(]|www\.")
# The question itself asks for another language or script.
_ASKS_FOR_ANOTHER: Final = re.compile(
    r"\b(?:in|into|to|from) (?:english|hindi|urdu|tamil|telugu|bengali|bangla|marathi|gujarati|punjabi|kannada|malayalam|odia"
    r"|sanskrit|devanagari|roman|latin)\b"
    r"|\b(?:hindi|english|sanskrit|urdu|tamil|foreign) (?:word|name|term|meaning|equivalent|translation|spelling)|\btranslat"
    r"|\btransliterat|\bscript\b|\bmeans?\b|\bmeaning\b"
    r"|\b(?:english|hindi|angrezi|angreji|sanskrit) (?:me|mein|mai|ka|ki|ke)\b|\banuvad\b|\bmatlab\b|\blipi\b"
    r"|अंग्रेज़ी|अंग्रेजी|इंग्लिश|हिंदी|हिन्दी|संस्कृत|उर्दू|अनुवाद|लिपि|रोमन|अर्थ|मतलब",
)
_GRAMMAR: Final = FUNCTION | COPULA | FIRST | SECOND | MODAL | NOT
# Latin words without grammar between them are names, titles or terms up to this many.
_NAME_WORDS: Final = 6
_DEVANAGARI_LANGUAGES: Final = frozenset({"hi", "mr", "ne", "sa", "mai", "kok", "doi", "brx", "bho"})
_ONLY_HERE: Final = folded("a an the of in on at is it and or to for by with from")


def is_in_another_language(query: str, correction: str, language: str | None = None) -> bool:
    """Whether the correction is written in another language than the question, where that can be told.

    A name in Latin letters, a number, code or an abbreviation answers a question in any script. Hindi in Latin letters may be answered in
    Devanagari, and mixes with English words; an English sentence does not answer it, nor it an English question.
    """
    if (
        not correction.isascii()
        and _LATIN.search(correction) is None
        and _OTHER.search(correction) is None
        and _LATIN.search(query) is None
    ):
        return _OTHER.search(query) is not None and _DEVANAGARI.search(query) is None and _DEVANAGARI.search(correction) is not None
    text = _NO_LANGUAGE.sub(" ", correction) if _MARKS_OF_CODE.search(correction) else correction
    latin, devanagari, other = _letters(text)
    if not latin and not devanagari and not other:
        return False
    if _ASKS_FOR_ANOTHER.search(query.lower()):
        return False
    asked = _script_of(query)
    if asked is None:
        return False
    given = "other" if other > max(latin, devanagari) else "devanagari" if devanagari * 3 >= latin and devanagari else "latin"
    base = language.split("-")[0].lower() if language else None
    if given == asked:
        if asked == "latin":
            return _another_in_latin(query, text, base)
        return asked == "other" and not _shares_a_block(query, text)
    if given == "latin":
        return not _is_a_name(text)
    if given == "devanagari" and asked == "latin":
        return not (base in _DEVANAGARI_LANGUAGES or (base in (None, "en") and _is_hinglish(words_of(query))))
    return True


def _letters(text: str) -> tuple[int, int, int]:
    """How many letters are Latin, Devanagari and of another script; of ASCII text only whether there is one."""
    if text.isascii():
        return int(_LATIN.search(text) is not None), 0, 0
    return len(_LATIN.findall(text)), len(_DEVANAGARI.findall(text)), len(_OTHER.findall(text))


def _script_of(text: str) -> str | None:
    latin, devanagari, other = _letters(text)
    if not latin and not devanagari and not other:
        return None
    if other > max(latin, devanagari):
        return "other"
    # A question in Devanagari often has Latin names in it, a Latin one hardly a word of Devanagari.
    return "devanagari" if devanagari * 3 >= latin and devanagari else "latin"


def _shares_a_block(query: str, text: str) -> bool:
    """Whether two texts in other scripts have letters of one block of 128 code points, which each script of India has for itself."""
    one, other = ({ord(letter) >> 7 for letter in _OTHER.findall(part)} for part in (query, text))
    return not one.isdisjoint(other)


def _is_a_name(text: str) -> bool:
    """Whether Latin letters are names or terms: few words, no grammar of English or Hindi but "of", "the" and "and" between them."""
    words = words_of(text)
    if len(words) > _NAME_WORDS or any(word in CERTAIN for word in words):
        return False
    grammar = [word for word in words if ENGLISH.get(word, 0) & _GRAMMAR and word not in ("of", "the", "and")]
    return not grammar


def _is_hinglish(words: list[str]) -> bool:
    return any(word in CERTAIN for word in words)


def _another_in_latin(query: str, text: str, language: str | None) -> bool:
    if language not in (None, "hi", "en"):
        return False
    asked, given = words_of(query), words_of(text)
    hindi_asked = sum(word in CERTAIN for word in asked)
    hindi_given = sum(word in CERTAIN for word in given)
    if hindi_asked == 0:
        # One word that is in no English list may be a name; two are Hindi, unless they are in the question too or it is said to be Hindi.
        return language != "hi" and hindi_given >= 2 and 5 * hindi_given >= len(given)
    grammar = sum(word in _ONLY_HERE for word in given)
    return language != "en" and hindi_given == 0 and grammar >= 2 and len(given) >= 5
