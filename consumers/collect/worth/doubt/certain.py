"""Corrections that certainly answer, or certainly complain, whatever their traits weigh. Pure."""

from __future__ import annotations

import re
from typing import Final

from consumers.collect.worth.doubt.beside import Beside
from consumers.collect.worth.patterns import NONE, REFUSES
from consumers.collect.worth.question_kinds import CHOICE, JUDGING, OPEN, POLAR, RATING, REPORT, TRUTH, UTTERANCE, WHERE, WORDY
from consumers.collect.worth.words.roles import BOT, COPULA, COURTESY, DEGREE, FUNCTION, NO, NOT, NUMBER, THING, VERDICT, YES, folded

# To these a "no", a negation or a word that judges is an answer.
_TAKES_A_NO: Final = POLAR | TRUTH | WORDY | JUDGING | RATING | REPORT | UTTERANCE | CHOICE
_BESIDE_A_NO: Final = FUNCTION | COPULA | THING | DEGREE | NO | NOT | NUMBER | COURTESY | YES
_PLACES: Final = (
    "page pages pg section sections sec clause chapter ch para paragraph line row column table annexure appendix rule article notification "
    "circular notice slide class grade ncert unit lesson volume step faq पृष्ठ पेज धारा अध्याय अनुच्छेद पंक्ति तालिका परिपत्र अधिसूचना कक्षा पाठ नियम "
    "dhara adhyay kaksha para tabel prishth panna niyam paath"
)
_PLACE_WORDS: Final = folded(_PLACES)
_PLACE: Final = "|".join(sorted(_PLACE_WORDS, key=len, reverse=True))
# "page 14", "clause 7", "notification no 14", "2024 का परिपत्र".
_NUMBERED: Final = re.compile(
    rf"(?:^|(?<= ))(?:{_PLACE})(?: (?:no|number|nambar|नंबर|संख्या))?(?: (?:ke|ki|ka|के|की|का))? #(?= |$)"
    rf"|(?:^|(?<= ))#(?: (?:ke|ki|ka|के|की|का|th|vi|vin))? (?:{_PLACE})(?= |$)"
)


def certainly_answers(beside: Beside, *, complains: bool) -> bool:
    """Whether a correction says that the documents do not: right where it is right, and never a complaint."""
    return not complains and not beside.present & (VERDICT | BOT) and REFUSES.search(" ".join(beside.folded)) is not None


def certainly_complains(beside: Beside, *, complains: bool) -> bool:
    """Whether a correction only denies what the response said, or has no number but that of a page, a section, a circular.

    Or is a lone article, where the rules call it a complaint: among answers to choose from "a" is one.
    """
    return _only_denies(beside) or _only_points(beside) or (complains and beside.folded == ["a"])


def _only_denies(beside: Beside) -> bool:
    """ "No" or "not 72" to what does not ask for yes or no; "none" answers."""
    if not beside.present & (NO | NOT) or beside.kinds & _TAKES_A_NO or beside.numbers or beside.names or beside.others:
        return False
    if any(word.roles & ~_BESIDE_A_NO for word in beside.words) or NONE.search(" ".join(beside.folded)) or beside.folded == ["na"]:
        return False
    # "not 90, a hundred": a part of it says something.
    if not all(any(word.roles & (NO | NOT) for word in clause.words) for clause in beside.clauses):
        return False
    of_response = any(word in beside.answered and word not in beside.asked for word in beside.folded if not beside.roles.get(word, 0))
    return of_response or not beside.of_question


def _only_points(beside: Beside) -> bool:
    """Its numbers, if it has any, are those of places in a text, and the question is not about such places."""
    if beside.kinds & (WHERE | UTTERANCE | OPEN) or not _PLACE_WORDS.isdisjoint(beside.asked) or "#" not in "".join(beside.symbols):
        return False
    spoken = " ".join(["#" if word[0].isdecimal() else word for word in beside.folded])
    return "#" not in _NUMBERED.sub("", spoken)
