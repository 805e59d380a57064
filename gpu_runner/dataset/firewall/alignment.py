"""Which words of one question are those of another, whatever their order: equal, misspelt, inflected, joined or parted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Final

LEAST_FOR_ONE_SLIP: Final = 4
LEAST_FOR_TWO_SLIPS: Final = 9
_LEAST_STEM: Final = 4
# What inflects a Hindi word at its end: vowel signs, anusvara and the endings of verbs and plurals.
_HINDI_END: Final = "ािीुूेैोौंः"


@dataclass(frozen=True)
class WordAlignment:
    """`matched` are words of the second text; `spelt` pairs (word of the first, of the second) that differ in spelling alone.

    `left` and `right` are the words of the first and the second text that have no partner.
    """

    matched: tuple[str, ...]
    spelt: tuple[tuple[str, str], ...]
    left: tuple[str, ...]
    right: tuple[str, ...]


def align(first: tuple[str, ...], second: tuple[str, ...]) -> WordAlignment:
    """Each word with at most one partner, equal words first. O(n·m) in the words that are not equal.

    >>> align(("who", "bulit", "taj", "mahal"), ("who", "built", "tajmahal"))
    WordAlignment(matched=('who',), spelt=(('bulit', 'built'), ('taj mahal', 'tajmahal')), left=(), right=())
    """
    common = Counter(first) & Counter(second)
    left, right = _without(first, common), _without(second, common)
    spelt: list[tuple[str, str]] = []
    for one in list(left):
        other = next((word for word in right if same_word(one, word)), None)
        if other is not None:
            left.remove(one)
            right.remove(other)
            spelt.append((one, other))
    spelt += _joined(left, right)
    spelt += [(two, one) for one, two in _joined(right, left)]
    return WordAlignment(tuple(common.elements()), tuple(spelt), tuple(left), tuple(right))


def _without(words: tuple[str, ...], common: Counter[str]) -> list[str]:
    left = Counter(common)
    out = []
    for word in words:
        if left[word]:
            left[word] -= 1
        else:
            out.append(word)
    return out


def _joined(parts: list[str], wholes: list[str]) -> list[tuple[str, str]]:
    """Neighbours among `parts` that make one of `wholes`; both lose what is found."""
    found = []
    for whole in list(wholes):
        place = next((place for place in range(len(parts) - 1) if parts[place] + parts[place + 1] == whole), None)
        if place is not None:
            found.append((f"{parts[place]} {parts[place + 1]}", whole))
            del parts[place : place + 2]
            wholes.remove(whole)
    return found


def same_word(one: str, other: str) -> bool:
    """Whether two different words may be one: inflected, or with one slip of the pen (two in long words). Numbers never.

    >>> same_word("museum", "musuem"), same_word("museums", "museum"), same_word("fort", "port"), same_word("1950", "1951")
    (True, True, False, False)
    """
    if any(char.isdigit() for char in one + other):
        return False
    return inflected(one, other) or slips(one, other)


def inflected(one: str, other: str) -> bool:
    """Whether two words have one stem: English endings, Hindi vowel signs at the end.

    >>> inflected("founded", "founder"), inflected("संग्रहालयों", "संग्रहालय"), inflected("built", "guilt")
    (False, True, False)
    """
    return _stem(one) == _stem(other)


def _stem(word: str) -> str:
    if word.isascii():
        for ending in ("ing", "ed", "es", "s"):
            if word.endswith(ending) and len(word) - len(ending) >= _LEAST_STEM:
                return word.removesuffix(ending).removesuffix("e")
        return word.removesuffix("e") if len(word) > _LEAST_STEM else word
    stem = word.rstrip(_HINDI_END)
    return stem if len(stem) >= 2 else word


def slips(one: str, other: str) -> bool:
    """Whether at most one letter (two in words of nine and more) is missing, added, changed or swapped with its neighbour.

    The first letter is the same: people seldom miss it, and names that differ in it are names of two things (Jaipur, Raipur).
    """
    if one[0] != other[0]:
        return False
    shorter = min(len(one), len(other))
    most = 2 if shorter >= LEAST_FOR_TWO_SLIPS else 1 if shorter >= LEAST_FOR_ONE_SLIP else 0
    return abs(len(one) - len(other)) <= most and edit_distance(one, other, most) <= most


def edit_distance(one: str, other: str, most: int) -> int:
    """Optimal string alignment (Damerau, 1964): insertions, deletions, changes and swaps of neighbours; `most` + 1 where there are more.

    >>> edit_distance("built", "bulit", 2), edit_distance("built", "guild", 2), edit_distance("a", "abcd", 2)
    (1, 2, 3)
    """
    if abs(len(one) - len(other)) > most:
        return most + 1
    before: list[int] = []
    row = list(range(len(other) + 1))
    for place, char in enumerate(one, 1):
        two_before, before, row = before, row, [place]
        for at, letter in enumerate(other, 1):
            cost = min(before[at] + 1, row[at - 1] + 1, before[at - 1] + (char != letter))
            if two_before and at > 1 and char == other[at - 2] and one[place - 2] == letter:
                cost = min(cost, two_before[at - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return most + 1
    return min(row[-1], most + 1)
