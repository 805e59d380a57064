"""Corrections that say nothing, or what the response said already."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from schemas.identity import MARK

_NOTHING: Final = re.compile(r"\W*(?:n\s*[/.]\s*a|an|the)\W*", re.I)
_LETTER_OR_DIGIT: Final = re.compile(r"[^\W_]")
# Every decimal digit of the scripts of India, as its ASCII digit.
_DIGITS: Final = {
    first + digit: str(digit)
    for first in (0x0660, 0x06F0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6, 0x0D66)
    for digit in range(10)
}  # fmt: skip
_INVISIBLE: Final = dict.fromkeys((*range(0x200B, 0x2010), 0x2060, 0xFEFF, 0x00AD))
_FOLDED: Final = str.maketrans({**_DIGITS, **_INVISIBLE, "−": "-", "–": "-"})
# A number with its sign and what stands inside it; a word with the marks that change what it means ("A+", "C#"); the signs of a comparison.
_TOKEN: Final = re.compile(
    r"(?<![\w)])[-+]?\d+(?:[.,:/]\d+)*(?:\s?%)?|[^\W\d_][\w\u0300-\u036f\u0900-\u0963\u0966-\u0dff'’]*(?:[+#]+|(?<=\b[a-z])-(?!\w))?|[<>=]+"
)
_GROUP_COMMA: Final = re.compile(r",(?=\d{2,3}(?:\D|$))")
_FIRST: Final = re.compile(r"(?:(?:\b(?:an?|the)\b)?[\W_])*([^\W_])", re.I)
_ARTICLES: Final = frozenset({"a", "an", "the"})


def says_nothing(text: str) -> bool:
    """Whether nothing is left without white space, marks, symbols, zero-width characters, English articles and marks of redaction.

    >>> says_nothing("\\u200b\\u200b"), says_nothing("n/a"), says_nothing("👎"), says_nothing("[EMAIL]."), says_nothing("b")
    (True, True, True, True, False)
    """
    if "[" in text:
        text = MARK.sub("", text)
    return (len(text) < 12 and _NOTHING.fullmatch(text) is not None) or _LETTER_OR_DIGIT.search(text) is None


def say_the_same(one: str, other: str) -> bool:
    """Whether two texts differ in no word, number or mark that carries meaning; articles that begin them count for nothing.

    Case, white space, punctuation, zero-width characters, the script of digits and commas between thousands make no difference.

    >>> say_the_same("The Ganges.", "ganges"), say_the_same("१,००,००० रुपये", "100000 रुपये"), say_the_same("5.5", "55")
    (True, True, False)
    >>> say_the_same("A+", "A-"), say_the_same("C#", "C")
    (False, False)
    """
    if one == other:
        return True
    if len(one) > 2 * len(other) + 16 or len(other) > 2 * len(one) + 16:
        return False
    return _first(one) == _first(other) and _tokens(one) == _tokens(other)


def _first(text: str) -> str:
    """The first letter or digit that is not of an article, folded: texts that differ in it say something else."""
    found = _FIRST.search(text)
    if found is None:
        return ""
    first = found[1]
    return first.casefold() if first.isascii() else unicodedata.normalize("NFD", first.translate(_FOLDED))[:1].casefold()


def _tokens(text: str) -> list[str]:
    text = (text if text.isascii() else unicodedata.normalize("NFC", text).translate(_FOLDED)).casefold()
    found = [
        _GROUP_COMMA.sub("", token).replace(" ", "") if token[-1].isdecimal() or "%" in token else token for token in _TOKEN.findall(text)
    ]
    return found[1:] if len(found) > 1 and found[0] in _ARTICLES else found
