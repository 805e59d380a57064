"""Words that no one can have meant as they stand: faults in the sequence of their letters, found without a vocabulary.

`mojibake`, `wrong_block` (a letter of another script within a Devanagari word, or a lone word in another script of India),
`latin_mid_word`, and of the syllables `doubled_sign`, `misplaced_sign`, `illegal_syllable`. A word is told once, by the first of these.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

from gpu_runner.text.script.letters import PlacedWord, placed_words
from gpu_runner.text.script.mojibake import misread_words
from gpu_runner.text.script.syllables import SyllableFault, syllable_fault

StructuralKind = Literal["mojibake", "wrong_block", "latin_mid_word"] | SyllableFault
STRUCTURAL_KINDS: Final[tuple[StructuralKind, ...]] = (
    *("mojibake", "wrong_block", "latin_mid_word", "doubled_sign", "misplaced_sign", "illegal_syllable"),
)  # fmt: skip

_DEVANAGARI_LETTER: Final = "[\u0900-\u0963\u0971-\u097f\ua8e0-\ua8ff]"
_DEVANAGARI_RUN: Final = re.compile("[\u0900-\u0963\u0971-\u097f\u1cd0-\u1cff\ua8e0-\ua8ff]+")
_LATIN_RUN: Final = re.compile("[A-Za-z\u00c0-\u024f\u1e00-\u1eff\uff21-\uff5a]+")
_JOINERS: Final = str.maketrans({"\u200c": None, "\u200d": None})
# Letters of no script of their own: units, ordinals, the apostrophe of Maithili, Bodo and Dogri.
_ANY_SCRIPT: Final = ("MICRO", "FEMININE", "MASCULINE", "MODIFIER", "CJK", "HIRAGANA", "KATAKANA", "HANGUL")
# Words of the other scripts of India. One or two in a row amid Hindi are taken for a fault, more for a quotation, and so is what fills
# brackets or quotation marks; in brackets, a stop may follow (`(ಬೆಂಗಳೂರು; बंगलौर)`). The first word of what someone says is none.
_OTHER_INDIC: Final = re.compile(
    "[\u0980-\u0dff\u200c\u200d]*[\u0980-\u0dff][\u0980-\u0dff\u200c\u200d]*(?:\\s+[\u0980-\u0dff\u200c\u200d]+)*"
)
_CLOSING: Final = {"(": ")],;:/।", "[": "]),;:/।", "{": "}", "'": "'", '"': '"', "“": "”", "‘": "’", "«": "»"}
_QUOTATION_WORDS: Final = 3


@dataclass(frozen=True)
class StructuralFault:
    """A word with a fault and where it stands: `text[start:end] == word`."""

    kind: StructuralKind
    word: str
    start: int
    end: int


def structural_faults(text: str) -> tuple[StructuralFault, ...]:
    """The faulty words of a text in their order; none in a text without Devanagari that is not misread Devanagari.

    >>> [(fault.kind, fault.word) for fault in structural_faults("लेाग िकताब पढ़ते हैं, à¤•à¤®à¤² कमaल কমल")]  # doctest: +NORMALIZE_WHITESPACE
    [('misplaced_sign', 'लेाग'), ('misplaced_sign', 'िकताब'), ('mojibake', 'à¤•à¤®à¤²'), ('latin_mid_word', 'कमaल'),
     ('wrong_block', 'কমल')]
    """
    misread = [StructuralFault("mojibake", found.word, found.start, found.end) for found in misread_words(text)]
    faults = list(misread)
    for found in placed_words(text):
        kind = word_fault(found.word)
        if kind is not None and not any(fault.start < found.end and found.start < fault.end for fault in misread):
            faults.append(StructuralFault(kind, found.word, found.start, found.end))
    faults += [StructuralFault("wrong_block", found.word, found.start, found.end) for found in _stray_words(text)]
    return tuple(sorted(faults, key=lambda fault: fault.start))


@lru_cache(maxsize=65_536)
def word_fault(word: str) -> StructuralKind | None:
    """The fault of one word that has Devanagari in it, mojibake aside; None for a well-formed one."""
    word = unicodedata.normalize("NFD", word.translate(_JOINERS))
    plain = _DEVANAGARI_RUN.fullmatch(word)
    if plain is None:
        whole = unicodedata.normalize("NFC", word)
        if any(map(_of_another_script, whole)):
            return "wrong_block"
        if _latin_within(whole):
            return "latin_mid_word"
    return next((fault for run in _DEVANAGARI_RUN.findall(word) if (fault := syllable_fault(run))), None)


def _of_another_script(char: str) -> bool:
    if char < "\u0370" or unicodedata.category(char)[0] not in "LM" or _DEVANAGARI_RUN.match(char):
        return False
    name = unicodedata.name(char, "")
    return "LATIN" not in name and not name.startswith(_ANY_SCRIPT)


def _latin_within(word: str) -> bool:
    """Latin letters with Devanagari on both sides, or a single small one at an end.

    A Latin word or a capital that touches a Devanagari word (`ctडीएनए`, `Xकिरण`, `CO2का`) lacks a space or a hyphen, not a letter.
    """
    for found in _LATIN_RUN.finditer(word):
        start, end = found.span()
        if start > 0 and end < len(word) and all(re.match(_DEVANAGARI_LETTER, word[place]) for place in (start - 1, end)):
            return True
        alone = end - start == 1 and found.group().islower()
        if alone and (word[:start] or word[end:]).strip("0123456789") and not any(char.isdigit() for char in word[start - 1 : start]):
            return True
    return False


def _stray_words(text: str) -> Iterator[PlacedWord]:
    if not any("\u0980" <= char <= "\u0dff" for char in text) or len(re.findall(_DEVANAGARI_LETTER, text)) * 2 < len(text.replace(" ", "")):
        return
    for group in _OTHER_INDIC.finditer(text):
        before, after, behind = text[: group.start()].rstrip()[-1:], text[group.end() : group.end() + 1], text[group.end() :].lstrip()[:1]
        touches = re.match(_DEVANAGARI_LETTER, after) or re.match(_DEVANAGARI_LETTER, text[group.start() - 1 : group.start()])
        if touches or len(group.group().split()) >= _QUOTATION_WORDS or (behind and behind in _CLOSING.get(before, "")):
            continue
        for found in re.finditer(r"\S+", group.group()):
            yield PlacedWord(found.group(), group.start() + found.start(), group.start() + found.end())
