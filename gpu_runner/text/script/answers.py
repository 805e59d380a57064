"""Is the answer written as its reader expects: the share of Devanagari, and what is wrong with the rest, each reported separately.

No flat threshold is put on a short answer (a name in Latin letters is a fine answer to a Hindi question): a short answer is compared
with the script of its references. Source of the constants: Hindi paragraphs have at least 0.847 Devanagari among their letters.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from gpu_runner.text.languages import NATIVE_SCRIPT, Script
from gpu_runner.text.normalise import words
from gpu_runner.text.script.romanised import is_romanised_hindi

LONG_ANSWER_LETTERS = 120  # about two sentences; below it one Latin name moves the share too far for a threshold
LEAST_HINDI_SHARE = 0.8  # under the least share of 240 Hindi paragraphs (0.847)

_CONSONANT = "[\u0915-\u0939\u0958-\u095f\u0978-\u097f]\u093c?"
_VOWEL = "[\u0904-\u0914\u0960\u0961\u0972-\u0977]"
_SIGN = "[\u093a\u093b\u093e-\u094c\u094e\u094f\u0955-\u0957\u0962\u0963]"
_TAIL = "[\u0900-\u0903\u0951-\u0954]*"
_SYLLABLES = re.compile(
    f"(?:(?:{_CONSONANT}\u094d\u200d?)*{_CONSONANT}(?:\u094d|{_SIGN}?{_TAIL})|{_VOWEL}{_SIGN}?{_TAIL}|\u093d|\u0950|[0-9\u0966-\u096f])+"
)
_MARATHI = frozenset(words("आहे आहेत आणि नाही मध्ये होते होती होता केले केली झाला झाली झाले असून याचा याची त्यांनी म्हणून पासून"))
_NEPALI = frozenset(words("छ छन् थियो थिए हो भने लाई भएको गरेको हुन्छ रहेको गर्न तथा र पनि भएका गरे यसको"))
_ALSO_HINDI = frozenset({"हो", "र", "तथा", "होता", "होती", "होते", "लाई", "छ"})


@dataclass(frozen=True)
class ScriptReport:
    """What one text is written in; shares are 0 to 1 over letters and marks, None where the text has none."""

    devanagari_share: float | None
    latin_mid_word: tuple[str, ...]
    malformed_words: tuple[str, ...]
    romanised_hindi: bool
    other_language: Literal["mr", "ne"] | None


@lru_cache(maxsize=8_192)
def script_of(char: str) -> Script | None:
    """The script of a letter or mark; None for digits, punctuation (danda among them), spaces and symbols."""
    if unicodedata.category(char)[0] not in "LM" or char == "\u0970":
        return None
    if "\u0900" <= char <= "\u097f" or "\ua8e0" <= char <= "\ua8ff":
        return "devanagari"
    if "LATIN" in unicodedata.name(char, ""):
        return "latin"
    return "other"


def devanagari_share(text: str) -> float | None:
    """The share of Devanagari among the letters and marks; None without any, because a bare number has no script.

    >>> devanagari_share("१९५०"), devanagari_share("कमल"), devanagari_share("NASA")
    (None, 1.0, 0.0)
    """
    scripts = [script for char in text if (script := script_of(char))]
    return scripts.count("devanagari") / len(scripts) if scripts else None


def dominant_script(text: str) -> Script | None:
    """The most frequent script of the letters (ties go to Devanagari, then Latin); None without letters."""
    scripts = [script for char in text if (script := script_of(char))]
    if not scripts:
        return None
    order: tuple[Script, ...] = ("devanagari", "latin", "other")
    return max(order, key=scripts.count)


def examine(text: str) -> ScriptReport:
    """The separate reports on one text: mixed and malformed words, Hindi in Latin letters, Marathi or Nepali in Devanagari."""
    tokens = words(text)
    mixed = tuple(token for token in tokens if {"devanagari", "latin"} <= {script_of(char) for char in token})
    devanagari = [token for token in tokens if any(script_of(char) == "devanagari" for char in token)]
    malformed = tuple(token for token in devanagari if token not in mixed and not _SYLLABLES.fullmatch(token))
    return ScriptReport(
        devanagari_share=devanagari_share(text),
        latin_mid_word=mixed,
        malformed_words=malformed,
        romanised_hindi=is_romanised_hindi(tokens),
        other_language=_other_language(devanagari),
    )


def _other_language(tokens: Sequence[str]) -> Literal["mr", "ne"] | None:
    """Marathi or Nepali where its function words make up a tenth of the text: two of them, or one that ends it; one unknown to Hindi.

    One word in mid-sentence is not enough: `लाई` and `छ` are Hindi too, and `थियो` is a name (4 of 7,974 Hindi sentences were flagged).
    """
    names: tuple[tuple[Literal["mr", "ne"], frozenset[str]], ...] = (("mr", _MARATHI), ("ne", _NEPALI))
    for name, markers in names:
        found = [token for token in tokens if token in markers]
        certain = [token for token in found if token not in _ALSO_HINDI]
        if certain and (len(found) >= 2 or tokens[-1] in certain) and len(found) * 10 >= len(tokens):
            return name
    return None


def violates_script(answer: str, references: Sequence[str], language: str, *, report: ScriptReport | None = None) -> bool | None:
    """Whether the answer is in the wrong script or language; None (exempt) where it has no letters.

    An answer of 120 letters or more in a language of Devanagari needs a Devanagari share of 0.8; a shorter one must be in the script of one
    of its references, or of its language where they have no letters. Of a language whose script is not known, the references' scripts
    alone count; without letters there it is exempt. Hindi in Latin letters, and Marathi or Nepali where another language
    of Devanagari was asked for, are always wrong. `report` is what `examine` said of the answer, where that is known already.
    """
    found = dominant_script(answer)
    if found is None:
        return None
    native = NATIVE_SCRIPT.get(language)
    report = report or examine(answer)
    letters = sum(script_of(char) is not None for char in answer)
    if native == "devanagari" and (report.romanised_hindi or report.other_language not in (None, language)):
        return True
    expected = {native, *(dominant_script(reference) for reference in references)} - {None}
    if letters >= LONG_ANSWER_LETTERS and native in ("devanagari", "latin"):
        share = report.devanagari_share or 0.0
        return share < LEAST_HINDI_SHARE if native == "devanagari" else share > 1 - LEAST_HINDI_SHARE
    return found not in expected if expected else None
