"""How two answers are made comparable: the published MLQA and SQuAD rules, and a lenient one for Hindi.

`mlqa` and `squad` follow the published scripts so that figures can be compared with the literature. `hi_lenient` is a diagnostic
beside them, and what the project takes for the same question or answer: it folds what a reader of Hindi would call the same text (NFC,
zero-width characters, digits of any script) and keeps apart what deleting punctuation would join: numbers (`५.५` is not `५५`, `.५` not
`५`, `-५` not `५`, `१/२` and `१ / २` not `१ २`, `5E-3` not `5E3`) and marks with a meaning (`A+` is not `A-`, `C#` not `C`, `5%` not `5`;
`symbols.py` has the list).
"""

from __future__ import annotations

import re
import string
import unicodedata
from collections.abc import Mapping
from functools import lru_cache

from gpu_runner.text.symbols import meaningful_marks, percent_joined

_ENGLISH_ARTICLES = re.compile(r"\b(a|an|the)\b")
_ASCII_PUNCTUATION = frozenset(string.punctuation)
_ZERO_WIDTH = frozenset(map(chr, (*range(0x200B, 0x2010), 0x2060, 0xFEFF, 0x00AD)))
# Letters, digits and marks; a danda is none.
_WORD = r"\w\u0900-\u0963\u0966-\u097F"
# A number with what may stand inside it: separators, a slash or a ratio with white space about it, a power, an exponent. A sign counts only
# where no letter, digit or closing bracket stands before it, and so does a point that begins a number.
_NUMBER = re.compile(
    rf"(?:(?<![{_WORD}).,:/])[-−–+](?=\.?[0-9]))?(?:[0-9]+|(?<![{_WORD}).\]])\.[0-9]+)"
    rf"(?:(?:[.,]|\s*/\s*|:|\^-?|\s+[:^]\s+)[0-9]+)*(?:[eE][-−–+]?[0-9]+(?![{_WORD}]))?"
)
# Other characters of the same marks.
_ONE_SPELLING = str.maketrans({"٫": ".", "⁄": "/"})
_SIGNED = re.compile(rf"[{_WORD}).,:/]-\.?[0-9]")
_GROUPED = re.compile(r"\d{1,3}(?:,\d{3})+|\d{1,2}(?:,\d{2})*,\d{3}")
_MINUS = {"-", "−", "–"}
# More than any text needs; a bound, so that no text can hold a service.
MOST_PASSES = 16


@lru_cache(maxsize=8192)
def is_punctuation(char: str) -> bool:
    """Whether MLQA's script deletes the character: Unicode category P, or `string.punctuation` (which adds `$+<=>^`|~`)."""
    return char in _ASCII_PUNCTUATION or unicodedata.category(char)[0] == "P"


def fold_digits(text: str) -> str:
    """Every decimal digit (category Nd) as its ASCII digit; other characters unchanged.

    >>> fold_digits("१९५० ई.")
    '1950 ई.'
    """
    if text.isascii():
        return text
    return "".join(str(unicodedata.decimal(char)) if unicodedata.category(char) == "Nd" else char for char in text)


def strip_zero_width(text: str) -> str:
    """The text without zero-width spaces, joiners, direction marks, word joiners, byte order marks and soft hyphens."""
    return "".join(char for char in text if char not in _ZERO_WIDTH)


def canonical_number(token: str) -> str:
    """One spelling for one number: group commas go (western and lakh), plus signs go, every minus is `-`, a point has a digit before it.

    >>> canonical_number("1,00,000"), canonical_number("−.5"), canonical_number("1,2"), canonical_number("1 / 4"), canonical_number("5E−3")
    ('100000', '-0.5', '1,2', '1/4', '5e-3')
    """
    sign, body = ("-", token[1:]) if token[0] in _MINUS else ("", token.removeprefix("+"))
    body = "".join("-" if char in _MINUS else char for char in body.casefold() if char != "+" and not char.isspace())
    whole, dot, rest = body.partition(".")
    if _GROUPED.fullmatch(whole):
        whole = whole.replace(",", "")
    return sign + (whole or "0") + dot + rest


def numbers(text: str) -> tuple[str, ...]:
    """The numbers of a text in canonical form, in order: what the numeric guard compares before punctuation is deleted.

    >>> numbers("१,००,००० रुपये, -५ और १/२")
    ('100000', '-5', '1/2')
    """
    return tuple(canonical_number(found) for found in _NUMBER.findall(_one_spelling(text)))


def _one_spelling(text: str) -> str:
    return fold_digits(strip_zero_width(text)).translate(_ONE_SPELLING)


def mlqa(text: str, language: str) -> str:
    """MLQA's normalisation: lower case, punctuation of every script deleted, English articles dropped, white space collapsed."""
    text = "".join(char for char in text.lower() if not is_punctuation(char))
    if language == "en":
        text = _ENGLISH_ARTICLES.sub(" ", text)
    return " ".join(text.split())


def squad(text: str) -> str:
    """SQuAD v1.1's normalisation: as `mlqa`, but ASCII punctuation only and always English articles; for comparison."""
    text = "".join(char for char in text.lower() if char not in _ASCII_PUNCTUATION)
    return " ".join(_ENGLISH_ARTICLES.sub(" ", text).split())


def hi_lenient(text: str) -> str:
    """NFC, zero-width characters deleted, digits to ASCII, casefold, white space collapsed, punctuation deleted; a fixed point of itself.

    Except inside numbers, and except marks that carry meaning. No nukta is removed and no chandrabindu folded: those change words.
    Idempotent: what is deleted may bring together what reads otherwise (a nukta and a virama, a mark and a digit), so the rules are applied
    until nothing changes: nearly always the first pass is the last but one; O(n) a pass, at most MOST_PASSES.

    >>> hi_lenient("५.५ कि.मी.।") == hi_lenient("5.5 किमी"), hi_lenient("५.५") == hi_lenient("५५"), hi_lenient(".५") == hi_lenient("५")
    (True, False, False)
    >>> hi_lenient("A+") == hi_lenient("A-"), hi_lenient("C#?"), hi_lenient("50 %"), hi_lenient("1 / 4"), hi_lenient("−5E−3")
    (False, 'c#', '50%', '1/4', '-5e-3')
    """
    for _ in range(MOST_PASSES):
        before, text = text, _lenient_pass(text)
        if text == before:
            break
    return text


def _lenient_pass(text: str) -> str:
    text = percent_joined(_one_spelling(unicodedata.normalize("NFC", text)).casefold())
    kept = meaningful_marks(text)
    pieces: list[str] = []
    end = 0
    for found in _NUMBER.finditer(text):
        between = _without_punctuation(text, end, found.start(), kept)
        # Two numbers with only a dash between them ("1990-95") must not run together.
        pieces += [between or (" " if end else ""), canonical_number(found.group())]
        if pieces[-1][0] == "-" and _SIGNED.match("".join(pieces)[-len(pieces[-1]) - 1 :]):
            pieces.insert(-1, " ")  # what was deleted stood between a word and the sign, which would be a hyphen then
        end = found.end()
    pieces.append(_without_punctuation(text, end, len(text), kept))
    return unicodedata.normalize("NFC", " ".join("".join(pieces).split()))


def _without_punctuation(text: str, start: int, end: int, kept: Mapping[int, str]) -> str:
    return "".join(kept.get(place, char) for place, char in enumerate(text[start:end], start) if place in kept or not is_punctuation(char))


def words(text: str) -> tuple[str, ...]:
    """Maximal runs of letters, marks, numbers and joiners, after NFC and casefold: `\\w` would cut Hindi at every vowel sign.

    >>> words("हिन्दी में, क्या?")
    ('हिन्दी', 'में', 'क्या')
    """
    out: list[str] = []
    current: list[str] = []
    for char in unicodedata.normalize("NFC", text).casefold():
        if unicodedata.category(char)[0] in "LMN":
            current.append(char)
        elif char in "\u200c\u200d" and current:
            continue
        elif current:
            out.append("".join(current))
            current = []
    if current:
        out.append("".join(current))
    return tuple(out)
