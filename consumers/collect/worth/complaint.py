"""Complaints told from answers, clause by clause.

A correction with a clause that answers is taken, whatever stands before it ("Wrong! It was built by Ashoka."); one without is a complaint.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from consumers.collect.worth.clause_kind import ClauseKind, kind_of, response_only_words
from consumers.collect.worth.clauses import WITH_HINDI, WORD, Clause, clauses_of, words_of
from consumers.collect.worth.patterns import BUT
from consumers.collect.worth.question import AskedFor, examine
from consumers.collect.worth.question_kinds import POLAR, TRUTH, UTTERANCE, WORDY
from consumers.collect.worth.words.roles import COPULA, DEGREE, FUNCTION, NO, NOT, NUMBER, THING, VERDICT, YES, fold, folded


class ParsedCorrection(NamedTuple):
    """A correction read beside its question: what is asked for, its clauses with their kinds, and the folded words of the response."""

    question: AskedFor
    clauses: list[tuple[Clause, ClauseKind]]
    given: list[str]


def parse(query: str, response: str, correction: str) -> ParsedCorrection:
    """What is asked, and what each clause of the correction does about it."""
    question = examine(query, correction)
    given = words_of(response[:_RESPONSE_CHARACTERS])
    said = response_only_words(given, question) if len(response) < _LONG_RESPONSE else frozenset()
    return ParsedCorrection(question, _judged(correction, question, said), given)


# What a response of more characters says is more than a few words.
_LONG_RESPONSE: Final = 120
# What complaints and corrections take up of a response stands at its beginning; parsed all of a long one costs more than all else.
_RESPONSE_CHARACTERS: Final = 400


def is_complaint(parsed: ParsedCorrection, response: str, correction: str) -> bool:
    """Whether nothing in the correction answers the question."""
    question, found = parsed.question, parsed.clauses
    if question.kinds & WORDY and _QUOTES.search(correction):
        return False
    if question.kinds & UTTERANCE and _OF_WORDS.search(correction) and not _OF_WORDS.search(question.quoted):
        return True
    if not question.kinds & POLAR and _MOCKS.match(correction):
        return True
    if _could_repeat(parsed):
        return _says_the_same(correction, response, question)
    kinds = {kind for _, kind in found}
    if "answers" in kinds:
        if any(_laughs(part) for part, _ in found):
            return True
        return "complains" in kinds and (_praises(found[0]) or all(_is_vague(part) for part, kind in found if kind == "answers"))
    return True


def repeats(parsed: ParsedCorrection, response: str, correction: str) -> bool:
    """Whether it is a bare yes or no, or a word that judges, and the response said the same."""
    return _could_repeat(parsed) and _says_the_same(correction, response, parsed.question)


def _could_repeat(parsed: ParsedCorrection) -> bool:
    kinds = {kind for _, kind in parsed.clauses}
    return bool(parsed.question.kinds & TRUTH and kinds <= {"answers", "bare"}) or ("bare" in kinds and kinds <= {"bare", "neither"})


_PLAIN: Final = FUNCTION | COPULA | NUMBER


def plainly_answers(query: str, response: str, correction: str) -> bool:
    """Whether the correction has a number or names of its own, and no word that feedback is made of: such need no look at the question.

    Of four to eight words phrases can be made that complain in words of their own ("the model keeps repeating itself").
    """
    words = WORD.findall(correction)
    if "?" in correction or 3 < len(words) < 9:
        return False
    query, response, own = query.lower(), response.lower(), 0
    for place, word in enumerate(words):
        lower = word.lower()
        roles = WITH_HINDI.get(fold(lower), 0)
        if roles & ~_PLAIN:
            return False
        if word[0].isdecimal():
            if word in response:
                return False
            own += 0 if word in query else 2
        elif not roles:
            if lower in response:
                return False
            own += place > 0 and word[0].isupper() and lower not in query
    return own > 1


_QUOTES: Final = re.compile(r"['\"‘“`][^'\"’”`]{2,}['\"’”`]")
# "Sure, and Akbar invented the internet."
_MOCKS: Final = re.compile(r"\W*(?:(?:sure|yes|yeah|right|of course|ha+n|हाँ|हां)[\s,]+)+(?:and|aur|और)\s", re.I)


def _praises(first: tuple[Clause, ClauseKind]) -> bool:
    """Whether what leads the correction is praise alone: what follows is mockery, not an answer."""
    clause, kind = first
    return kind == "complains" and all(word.folded in _PRAISE or word.roles & DEGREE for word in clause.words)


def _laughs(clause: Clause) -> bool:
    return any(word.folded in _LAUGHTER for word in clause.words)


_LAUGHTER: Final = folded("lol lmao rofl haha hahaha hehe wow wah waah वाह हाहा")
_PRAISE: Final = folded(
    "great brilliant wonderful nice good amazing wow wah waah badhiya badiya kamaal kamal shabash वाह बढ़िया कमाल शाबाश अच्छा"
)
# What a complaint about a translation has in it, and a translation of a complaint hardly.
_OF_WORDS: Final = re.compile(r"\b(?:translat\w*|meaning|anuvad|matlab|google)\b|अनुवाद|मतलब|गूगल", re.I)


def _is_vague(clause: Clause) -> bool:
    """ "An archaeologist from Ujjain", "nadi ke paas wala": no answer beside a clause that complains."""
    if any(word.roles & NUMBER and word.folded[0].isdecimal() for word in clause.words):
        return False
    return clause.words[0].folded in ("a", "an") or any(word.folded in _VAGUE for word in clause.words)


_VAGUE: Final = folded("एक कोई वाला वाली ek koi wala wali somebody someone")


def _judged(text: str, question: AskedFor, said: frozenset[str]) -> list[tuple[Clause, ClauseKind]]:
    """The clauses with their kinds, a verdict that leads a clause split from what it leads to."""
    found: list[tuple[Clause, ClauseKind]] = []
    for clause in clauses_of(text, question.roles):
        for part in _split(clause, said):
            found.append((part, kind_of(part, question, said, opens=not found)))
    return found


_LEAD: Final = VERDICT | NO | NOT | COPULA | THING | DEGREE


def _split(clause: Clause, said: frozenset[str]) -> Sequence[Clause]:
    words = clause.words
    end = 0
    while end < len(words) and words[end].roles & _LEAD:
        end += 1
    lead = words[:end]
    if 0 < end < len(words) and any(word.roles & (VERDICT | NO) for word in lead):
        after_copula = bool(lead[-1].roles & COPULA and any(word.roles & VERDICT for word in lead[:-1]))
        if (after_copula and not all(word.roles for word in words[end:])) or words[end].folded[0].isdecimal():
            return _cut(clause, end)
    for place in range(1, min(len(words) - 1, 5)):
        if words[place].roles & NOT and not BUT.match(words[place + 1].folded) and all(word.folded in said for word in words[:place]):
            return _cut(clause, place + 1 + bool(words[place + 1].roles & COPULA and place + 2 < len(words)))
    return (clause,)


def _cut(clause: Clause, end: int) -> tuple[Clause, Clause]:
    return Clause(clause.words[:end], ""), Clause(clause.words[end:], clause.mark)


def _says_the_same(correction: str, response: str, question: AskedFor) -> bool:
    """A bare yes or no that the response has said already is no correction, nor is a bare "wrong" to a response that says so."""
    if not question.kinds & POLAR or len(correction) > 16:
        return False
    given, answered = (_polarity(text, question) for text in (correction, response))
    return given is not None and given == answered


def _polarity(text: str, question: AskedFor) -> bool | None:
    """Whether a text says yes at its beginning (or true), or no (or false); None where it does neither."""
    for word in words_of(text)[:3]:
        role = question.roles.get(word, 0)
        if role & NO or word in _FALSE:
            return False
        if word in _TRUE:
            return True
    first = words_of(text)[:1]
    return True if first and question.roles.get(first[0], 0) & YES else None


_TRUE: Final = folded("true right correct sahi sach satya सही सत्य सच शुद्ध shuddh")
_FALSE: Final = folded("false wrong incorrect untrue not galat galt jhooth asatya गलत असत्य झूठ अशुद्ध ashuddh misleading")
