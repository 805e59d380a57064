"""Whether a run of Devanagari is a sequence of syllables that the script allows, and if not, what a typist did.

The grammar is that of the Unicode standard's chapter 12.1, narrowed to what stands in Hindi, Marathi, Nepali and Sanskrit: one vowel sign
after a consonant, one of anusvara, chandrabindu and visarga after that, no sign of a vowel after a vowel (but the Marathi `अॅ`), no
vowel after a virama.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from itertools import pairwise
from typing import Final, Literal

from gpu_runner.text.script.letters import NUKTA, VIRAMA

SyllableFault = Literal["illegal_syllable", "doubled_sign", "misplaced_sign"]

_CONSONANT: Final = "[\u0915-\u0939\u0978-\u097f]"
_SIGN: Final = "[\u093a\u093b\u093e-\u094c\u094e\u094f\u0955-\u0957\u0962\u0963]"
_TAIL: Final = "[\u0900-\u0903]?[\u0951-\u0954\u1cd0-\u1cff\ua8e0-\ua8f1]*"
_VOWEL: Final = "[\u0904-\u0914\u0960\u0961\u0972-\u0977]"
# The nukta typed after the vowel sign looks the same and is common (22 of 190,000 words): where a nukta belongs, it is let pass.
_LATE_NUKTA: Final = "[कखगजझडढफय][\u093e-\u094c]\u093c"
_SYLLABLE: Final = (
    f"(?:{_CONSONANT}\u093c?\u094d)*(?:{_LATE_NUKTA}{_TAIL}|{_CONSONANT}\u093c?(?:\u094d(?!{_VOWEL})|{_SIGN}?{_TAIL}))"
    f"|{_VOWEL}(?:(?<=अ)\u0945)?{_TAIL}|\u093d|\u0950{_TAIL}"
)
_LEGAL: Final = re.compile(f"(?:{_SYLLABLE})+")
_DEPENDENT: Final = frozenset(char for char in map(chr, range(0x0900, 0x0980)) if unicodedata.category(char)[0] == "M")
_IS_CONSONANT: Final = re.compile(f"{_CONSONANT}{NUKTA}?")


@lru_cache(maxsize=65_536)
def syllable_fault(run: str) -> SyllableFault | None:
    """What is wrong with a run of Devanagari letters (decomposed, without joiners and digits); None where nothing is.

    >>> syllable_fault("कमल"), syllable_fault("िकताब"), syllable_fault("कीी"), syllable_fault("काी")
    (None, 'misplaced_sign', 'doubled_sign', 'illegal_syllable')
    """
    if _LEGAL.fullmatch(run):
        return None
    if run[0] in _DEPENDENT:
        return "misplaced_sign"
    if any(before == after and before in _DEPENDENT for before, after in pairwise(run)):
        return "doubled_sign"
    return "misplaced_sign" if _legal_when_moved(run) else "illegal_syllable"


def _legal_when_moved(run: str) -> bool:
    """Whether one sign, moved behind the consonant after it or before the consonant ahead of it, makes all legal."""
    for place, char in enumerate(run):
        if char not in _DEPENDENT or char == VIRAMA:
            continue
        rest = run[:place] + run[place + 1 :]
        after = _IS_CONSONANT.match(rest, place)
        if after and _LEGAL.fullmatch(rest[: after.end()] + char + rest[after.end() :]):
            return True
    return False
