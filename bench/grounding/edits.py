"""Words of a text put in each other's place, with what English and a sentence's beginning ask for around them."""

from __future__ import annotations

import random
import re
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

WORDS: Final = Path(__file__).with_name("words")
# Vowel signs and the virama are no word characters to Python, so the ends of a Devanagari word are told by its block.
BEFORE: Final = r"(?<![\w\u0900-\u0963-])"
AFTER: Final = r"(?![\w\u0900-\u0963-])"
_SOUNDS_LIKE_CONSONANT: Final = re.compile(r"(uni|use|usu|eu|one\b|once\b)", re.I)
_SOUNDS_LIKE_VOWEL: Final = re.compile(r"(hour|honest|hono)", re.I)


class Edit(NamedTuple):
    """A claim that its passage supports, and one that it does not, made of the same sentence; `detail` says by which rule.

    Where the passage is `turned`, the first of the two sentences is replaced by the second there, and the claims are held against that.
    """

    right: str
    wrong: str
    detail: str
    turned: tuple[str, str] | None = None


@cache
def pairs(name: str, language: str) -> tuple[tuple[str, str], ...]:
    """The pairs of a list in `words/`: `a | b` a line, or `a > b` where b is not replaced by a."""
    lines = (WORDS / f"{name}.{language}.txt").read_text(encoding="utf-8").splitlines()
    return tuple((a.strip(), b.strip()) for a, b in (re.split("[|>]", line) for line in lines if line and not line.startswith("#")))


@cache
def listed(name: str, language: str) -> tuple[str, ...]:
    """The words of a list in `words/` that has no pairs."""
    lines = (WORDS / f"{name}.{language}.txt").read_text(encoding="utf-8").splitlines()
    return tuple(word for line in lines if not line.startswith("#") for word in line.split())


@cache
def both_ways(name: str, language: str) -> dict[str, str]:
    """A list of opposites read in both directions, but for its lines `a > b`; of several opposites of a word the first counts."""
    text = (WORDS / f"{name}.{language}.txt").read_text(encoding="utf-8")
    found: dict[str, str] = {}
    for a, b in pairs(name, language):
        found.setdefault(a, b)
    for a, b in pairs(name, language):
        if f"{a} | {b}" in text:
            found.setdefault(b, a)
    return found


@cache
def any_of(words: frozenset[str]) -> re.Pattern[str]:
    """A pattern for whole words, the longest first, with a capital or without."""
    return re.compile(BEFORE + "(" + "|".join(re.escape(word) for word in sorted(words, key=lambda w: (-len(w), w))) + ")" + AFTER, re.I)


def put(text: str, start: int, end: int, new: str) -> str:
    """The text with [start, end) replaced: the capital is kept, and an English `a` or `an` before it agrees."""
    if text[start].isupper() and new[0].islower():
        new = new[0].upper() + new[1:]
    before = text[:start]
    if article := re.search(r"\b([Aa])n? $", before):
        before = before[: article.start()] + article[1] + ("n " if _begins_with_vowel(new) else " ")
    return before + new + text[end:]


def replace_one(text: str, table: dict[str, str], rng: random.Random) -> str | None:
    """One word of the table, chosen at random among those in the text, replaced; None where there is none."""
    places = list(any_of(frozenset(table)).finditer(text))
    places = [one for one in places if one[1] in table or one[1].lower() in table]
    if not places:
        return None
    place = rng.choice(places)
    return put(text, place.start(1), place.end(1), table.get(place[1]) or table[place[1].lower()])


def capital(text: str) -> str:
    """The text with a capital at its beginning."""
    return text[:1].upper() + text[1:]


def _begins_with_vowel(word: str) -> bool:
    return bool(_SOUNDS_LIKE_VOWEL.match(word)) or (word[0].lower() in "aeiou" and not _SOUNDS_LIKE_CONSONANT.match(word))
