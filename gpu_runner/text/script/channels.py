"""The six ways in which a word loses its sense and stays a legal sequence of letters, and how each is undone.

Each is a noisy channel: one place of those where it can happen, evenly chosen, then (for a replacement) one other letter of the same sort.
Words are folded ones (`letters.folded`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal

from gpu_runner.text.script.letters import CONSONANTS, SIGNS, VIRAMA, VOWEL_SIGNS

Damage = Literal["dropped_sign", "replaced_sign", "dropped_virama", "dropped_consonant", "replaced_consonant", "slipped_sign"]
DAMAGES: Final[tuple[Damage, ...]] = (
    *("dropped_sign", "replaced_sign", "dropped_virama", "dropped_consonant", "replaced_consonant"),
    # Put before its consonant, behind one that has no sign: `करेन` for `करने`. Elsewhere that is no syllable (`syllables`).
    "slipped_sign",
)

_FOLDED_SIGNS: Final = SIGNS.replace("ँ", "")
# How many letters a replacement chooses from; a dropped letter leaves no choice.
_CHOICES: Final = {"replaced_sign": len(VOWEL_SIGNS) - 1, "replaced_consonant": len(CONSONANTS) - 1}
_LETTERS: Final[dict[str, frozenset[str]]] = {
    "dropped_sign": frozenset(_FOLDED_SIGNS),
    "replaced_sign": frozenset(VOWEL_SIGNS),
    "dropped_consonant": frozenset(CONSONANTS),
    "replaced_consonant": frozenset(CONSONANTS),
    "slipped_sign": frozenset(VOWEL_SIGNS),
}
_CONSONANT: Final = frozenset(CONSONANTS)
_AFTER_A_CONSONANT: Final = frozenset(VOWEL_SIGNS + VIRAMA)
# A vowel sign stands after a consonant, an anusvara after those and after vowels.
_BEFORE_A_SIGN: Final = _CONSONANT | frozenset(VOWEL_SIGNS) | frozenset(map(chr, range(0x0904, 0x0915)))


def chance(original: str, damage: Damage) -> float:
    """The probability of one result of the damage, given that it happens to the word."""
    if damage == "dropped_virama":
        places = original.count(VIRAMA) - original.endswith(VIRAMA)
    else:
        letters = _LETTERS[damage]
        places = sum(char in letters for char in original)
    return 1 / (max(1, places) * _CHOICES.get(damage, 1))


def originals(word: str, damage: Damage) -> Iterator[str]:
    """Every word that the damage may have made into this one; a word may come more than once.

    >>> "कमला" in set(originals("कमल", "dropped_sign")), list(originals("शबद", "dropped_virama"))
    (True, ['श्बद', 'शब्द'])
    """
    match damage:
        case "dropped_sign":
            return (
                word[:place] + sign + word[place:]
                for place in range(1, len(word) + 1)
                if word[place - 1] in _BEFORE_A_SIGN
                for sign in _FOLDED_SIGNS
            )
        case "dropped_virama":
            return (
                word[:place] + VIRAMA + word[place:]
                for place in range(1, len(word))
                if word[place] in _CONSONANT and word[place - 1] in _CONSONANT
            )
        case "dropped_consonant":
            return (word[:place] + consonant + word[place:] for place in range(len(word) + 1) for consonant in CONSONANTS)
        case "replaced_sign":
            return _replaced(word, VOWEL_SIGNS)
        case "replaced_consonant":
            return _replaced(word, CONSONANTS)
        case "slipped_sign":
            return (
                word[:place] + word[place + 1] + word[place] + word[place + 2 :]
                for place in range(1, len(word) - 1)
                if word[place] in VOWEL_SIGNS and word[place + 1] in _CONSONANT and word[place + 2 : place + 3] not in _AFTER_A_CONSONANT
            )


def _replaced(word: str, letters: str) -> Iterator[str]:
    for place, char in enumerate(word):
        if char in letters:
            before, after = word[:place], word[place + 1 :]
            yield from (before + letter + after for letter in letters if letter != char)
