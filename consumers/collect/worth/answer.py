"""The part of a correction that answers, without the complaint before it."""

from __future__ import annotations

import re
from typing import Final

from consumers.collect.worth.clause_kind import ClauseKind
from consumers.collect.worth.clauses import Clause
from consumers.collect.worth.complaint import ParsedCorrection
from consumers.collect.worth.patterns import NONE
from consumers.collect.worth.question_kinds import ADVICE, JUDGING, OPEN, POLAR, UTTERANCE, WORDY
from consumers.collect.worth.words.roles import NO, NOT

_ANSWER_IS: Final = re.compile(
    r"\W*(?:(?:the )?(?:right|correct) answer(?: is| should be|:)|the answer should be)\s+(?P<english>\S.*)"
    r"|\W*(?:सही (?:उत्तर|जवाब)|sahi (?:jawab|uttar))\s*:?\s+(?P<hindi>\S.*?)(?:\s+(?:है|hai))?\s*[।.]?\s*",
    re.I | re.S,
)
_OPENS: Final = frozenset("([{'\"‘“`₹$#+-−")
# In these a word that refuses or judges is part of the answer: "No, it is closed on Mondays."
_WHOLE: Final = POLAR | WORDY | UTTERANCE | OPEN | ADVICE | JUDGING


def answer_of(correction: str, parsed: ParsedCorrection) -> str:
    """What is to be trained of a correction that is no complaint: all of it, or what follows a complaint that leads it.

    A complaint is cut only where it ends at a mark or names what the response said, and all that follows answers; else nothing is.

    >>> from consumers.collect.worth.complaint import parse
    >>> said = "Wrong! It was built by Ashoka."
    >>> answer_of(said, parse("Who built the Sanchi Stupa?", "Akbar", said))
    'It was built by Ashoka.'
    """
    if parsed.question.kinds & _WHOLE:
        return correction
    if told := _ANSWER_IS.fullmatch(correction):
        return (told["english"] or told["hindi"]).strip()
    found = parsed.clauses
    lead = next((place for place, (_, kind) in enumerate(found) if kind == "answers"), 0)
    if not lead or any(kind != "answers" for _, kind in found[lead:]) or not all(_is_cut(part, kind) for part, kind in found[:lead]):
        return correction
    start = found[lead][0].start
    while start and correction[start - 1] in _OPENS:
        start -= 1
    return correction[start:].strip()


def _is_cut(clause: Clause, kind: ClauseKind) -> bool:
    if NONE.fullmatch(" ".join([word.folded for word in clause.words])):
        return False  # "None, there isn't one": it answers
    return kind == "complains" or (kind == "neither" and all(word.roles & (NO | NOT) for word in clause.words))
