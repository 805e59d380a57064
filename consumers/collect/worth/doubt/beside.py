"""A correction's words beside those of its question and its response. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from consumers.collect.worth.clauses import WITH_HINDI, Clause, Roles, Word
from consumers.collect.worth.complaint import ParsedCorrection
from consumers.collect.worth.question import STEM
from consumers.collect.worth.words.roles import (
    ASKING,
    ATTRIBUTE,
    BOT,
    COMPARED,
    CONTRAST,
    COPULA,
    COURTESY,
    DEGREE,
    EMOTE,
    FIRST,
    FUNCTION,
    INDEFINITE,
    META,
    MODAL,
    NO,
    NOT,
    NUMBER,
    PERSON_SAID,
    POINTER,
    REQUEST,
    SECOND,
    THING,
    VERDICT,
    YES,
)

# A word with several roles is told by the first of these.
_LETTERS: Final = (
    (EMOTE, "E"), (BOT, "B"), (VERDICT, "V"), (META, "M"), (REQUEST, "R"), (COURTESY, "K"), (FIRST, "F"), (SECOND, "S"), (ASKING, "A"),
    (NO, "N"), (NOT, "T"), (YES, "Y"), (PERSON_SAID, "p"), (POINTER, "P"), (ATTRIBUTE, "t"), (THING, "i"), (INDEFINITE, "o"),
    (COMPARED, "m"), (MODAL, "l"), (COPULA, "k"), (NUMBER, "n"), (DEGREE, "D"), (CONTRAST, "x"), (FUNCTION, "f"),
)  # fmt: skip
# The roles of what users say about answers.
TALK: Final = VERDICT | META | BOT | EMOTE | REQUEST | FIRST | SECOND | ASKING | PERSON_SAID | POINTER | COURTESY


class Beside(NamedTuple):
    """What is counted and compared once for all traits.

    `symbols` is a letter for each word and a bar after each clause: of words with roles the role's, of others whether the question (Q), the
    response (W) or neither has them (u; C where a capital begins it), of numbers alike (#q, #r, #). `forms` has the words themselves where
    they have roles. `numbers`, `names` and `others` count what neither has, `content` is the best of what there is. `made` tells of each
    clause whether it has words of feedback (T or t) and new content (c), other content (q) or none (0). `shapes` and `polarities` have one
    letter for the response and one for the correction: number or none; yes, no or neither.
    """

    language: str
    kinds: int
    roles: Roles
    asked: frozenset[str]
    given: list[str]
    answered: frozenset[str]
    clauses: list[Clause]
    words: list[Word]
    folded: list[str]
    present: int
    symbols: list[str]
    forms: list[str]
    numbers: int
    names: int
    others: int
    of_question: int
    of_response: int
    content: str
    made: list[str]
    clause_kinds: str
    shapes: str
    polarities: str

    def roles_of(self, words: Iterable[str]) -> int:
        """The roles that any of the words has."""
        found = 0
        for word in words:
            found |= self.roles.get(word, 0)
        return found


def beside(parsed: ParsedCorrection, correction: str) -> Beside:
    """A parsed correction beside its question and response."""
    question, clauses, given = parsed
    roles, asked, answered = question.roles, question.words, frozenset(given)
    stems = frozenset([word[:STEM] for word in given])
    symbols: list[str] = []
    forms: list[str] = []
    for clause, _ in clauses:
        for place, word in enumerate(clause.words):
            symbol = _symbol(word, asked, answered) or (
                "Q"
                if word.folded[:STEM] in question.stems
                else "W"
                if word.folded in answered or word.folded[:STEM] in stems
                else ("C" if place else "c")
                if word.capital
                else "u"
            )
            symbols.append(symbol)
            forms.append(symbol if symbol[0] == "#" or not word.roles else word.folded)
        symbols.append("|")
        forms.append("|")
    words = [word for clause, _ in clauses for word in clause.words]
    folded = [word.folded for word in words]
    present = 0
    for word in words:
        present |= word.roles
    numbers, names, others = symbols.count("#"), symbols.count("C"), symbols.count("u") + symbols.count("c")
    of_question, of_response = symbols.count("Q"), symbols.count("W")
    best = ((numbers, "d"), (names, "C"), (others, "u"), (of_response, "r"), (of_question, "q"))
    return Beside(
        language="H" if roles is WITH_HINDI else "E" if correction.isascii() else "D",
        kinds=question.kinds,
        roles=roles,
        asked=asked,
        given=given,
        answered=answered,
        clauses=[clause for clause, _ in clauses],
        words=words,
        folded=folded,
        present=present,
        symbols=symbols,
        forms=forms,
        numbers=numbers,
        names=names,
        others=others,
        of_question=of_question,
        of_response=of_response,
        content=next((letter for count, letter in best if count), "0"),
        made=[_made(clause, asked, answered) for clause, _ in clauses],
        clause_kinds="".join(sorted({kind[0] for _, kind in clauses})),
        shapes=_shape(given, roles, ()) + _shape(folded, roles, (asked, answered)),
        polarities=_polarity(given, roles) + _polarity(folded, roles),
    )


_of_roles: Final[dict[int, str]] = {}


def letter_of(word: str, roles: Roles) -> str:
    """The letter of a word's first role; u for a word without one, # for a number in digits."""
    return "#" if word[0].isdecimal() else _letter(roles.get(word, 0))


def _letter(roles: int) -> str:
    found = _of_roles.get(roles)
    if found is None:
        # As many as there are sums of roles in the lists of words: some hundreds.
        found = _of_roles[roles] = next((letter for role, letter in _LETTERS if roles & role), "u")
    return found


def _symbol(word: Word, asked: frozenset[str], answered: frozenset[str]) -> str:
    """The symbol of a word; empty where its spelling alone does not tell it."""
    text = word.folded
    if text[0].isdecimal():
        return "#q" if text in asked else "#r" if text in answered else "#"
    return _letter(word.roles) if word.roles else "Q" if text in asked else ""


def _made(clause: Clause, asked: frozenset[str], answered: frozenset[str]) -> str:
    roles, content, new = 0, False, False
    for word in clause.words:
        roles |= word.roles
        if not word.roles or word.folded[0].isdecimal():
            content = True
            new = new or (word.folded not in asked and word.folded not in answered)
    return ("T" if roles & TALK else "t") + ("c" if new else "q" if content else "0")


def _shape(words: Sequence[str], roles: Roles, seen: Sequence[frozenset[str]]) -> str:
    """D where it has a number in digits that is in none of `seen`, d for another one, n for one in words, x for none."""
    numbers = [word for word in words if word[0].isdecimal()]
    if numbers:
        return "D" if seen and any(all(word not in one for one in seen) for word in numbers) else "d"
    return "n" if any(roles.get(word, 0) & NUMBER for word in words) else "x"


def _polarity(words: Sequence[str], roles: Roles) -> str:
    for word in words[:2]:
        if roles.get(word, 0) & (NO | YES):
            return "n" if roles.get(word, 0) & NO else "y"
    return "t" if any(roles.get(word, 0) & NOT for word in words) else "-"
