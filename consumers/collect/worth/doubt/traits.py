"""The traits of a correction beside its question and its response, by which `doubt` weighs what the rules leave open. Pure.

A trait is a short text: its group, and what was found. They tell how a correction is made (which words with roles, which others, in which
order, how many of the question's and of the response's) more than which words it has. `bench.complaints.fit` gives them their weights.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import chain, pairwise
from typing import Final

from consumers.collect.worth.doubt.beside import TALK, Beside, letter_of
from consumers.collect.worth.patterns import NONE, NONE_WORDS
from consumers.collect.worth.question_kinds import (
    ADVICE,
    CHOICE,
    JUDGING,
    KIND_NAMES,
    OPEN,
    POLAR,
    RATING,
    REPORT,
    SAYS,
    TRUTH,
    UTTERANCE,
    WORDY,
)
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
    INDEFINITE,
    META,
    MODAL,
    NO,
    NOT,
    PERSON_SAID,
    POINTER,
    REQUEST,
    SECOND,
    THING,
    VERDICT,
    YES,
)

_ROLES: Final = (
    VERDICT, META, ATTRIBUTE, REQUEST, COURTESY, FIRST, SECOND, ASKING, YES, NO, NOT, EMOTE, DEGREE, COMPARED, MODAL, BOT, POINTER,
    CONTRAST, COPULA, THING, INDEFINITE, PERSON_SAID,
)  # fmt: skip
# The roles that question and response are looked through for too.
_SHARED: Final = (VERDICT, REQUEST, NOT, COURTESY, FIRST, SECOND, META, ASKING, MODAL, ATTRIBUTE)
_OF_QUESTIONS: Final = (VERDICT, REQUEST, NOT, COURTESY)


def traits_of(beside: Beside, correction: str, *, complains: bool) -> set[str]:
    """The traits of a correction; `complains` is what the rules say of it. O(words)."""
    found = {f"language:{beside.language}", f"rules:{complains}", f"content:{beside.content}"}
    found.update([mark for mark in "?!" if mark in correction])
    if beside.words:
        found.update(_sequence(beside))
        found.update(_shared(beside))
    found.update(_counts(beside))
    found.update(_roles(beside))
    found.update(_of_kinds(beside))
    found.update(_denial(beside, complains=complains))
    return found


def _sequence(beside: Beside) -> Iterator[str]:
    """Its words, and which words and kinds of words follow each other."""
    form, symbol, before = "^", "^", ""
    for next_form, next_symbol in zip(beside.forms, beside.symbols, strict=True):
        yield f"w:{next_form}"
        yield f"ws:{form} {next_symbol}"
        yield f"sss:{before}{symbol}{next_symbol}"
        form, symbol, before = next_form, next_symbol, symbol
    yield f"last:{beside.forms[-2]}"
    yield f"last symbol:{beside.symbols[-2]}"
    for word in beside.words:
        if not word.roles and len(word.folded) >= 4:
            yield f"ends:{beside.language}{word.folded[-2:]}"
            if len(word.folded) >= 5:
                yield f"begins:{word.folded[:4]}"
    if len(beside.words[-1].folded) > 2:
        yield f"last ends:{beside.language}{beside.words[-1].folded[-2:]}"


def _shared(beside: Beside) -> Iterator[str]:
    """What of its words the response and the question have, and whether it begins and ends as the response does."""
    folded, given, asked, answered = beside.folded, beside.given, beside.asked, beside.answered
    in_response, in_question = [word in answered for word in folded], [word in asked for word in folded]
    count = len(folded)
    yield f"in response:{4 * sum(in_response) // count}"
    yield f"in question:{4 * sum(in_question) // count}"
    yield f"in either:{4 * sum(map(max, in_response, in_question)) // count}"
    yield f"echo:{bool(beside.kinds & POLAR):d}{bool(beside.present & (NO | NOT)):d}{4 * sum(in_question) // count}"
    yield f"first in:{in_response[0]:d}{in_question[0]:d}"
    yield f"last in:{in_response[-1]:d}{in_question[-1]:d}"
    pairs, response_pairs = list(pairwise(folded)), set(pairwise(given))
    yield f"pairs:{min(2, sum(pair in response_pairs for pair in pairs))}"
    for number, unit in pairs:
        if number[0].isdecimal() and number not in answered and number not in asked:
            yield f"unit:{'r' if unit in answered else 'q' if unit in asked else '-'}"
    if given:
        first, last = letter_of(given[0], beside.roles), letter_of(given[-1], beside.roles)
        yield f"as response begins:{first}{letter_of(folded[0], beside.roles)}{given[0] == folded[0]:d}"
        yield f"as response ends:{last}{letter_of(folded[-1], beside.roles)}{given[-1] == folded[-1]:d}"


def _counts(beside: Beside) -> Iterator[str]:
    count = len(beside.words)
    yield f"words:{count if count < 6 else 6 if count < 9 else 9 if count < 14 else 14}"
    yield f"clauses:{min(4, len(beside.made))}"
    yield f"new:{min(4, beside.names + beside.others)}"
    yield f"numbers:{min(2, beside.numbers)}"
    yield f"names:{min(2, beside.names)}"
    yield f"asked:{min(4, beside.of_question)}"
    yield f"answered:{min(4, beside.of_response)}"
    if count:
        yield f"asked share:{4 * beside.of_question // count}"
    yield f"shapes:{beside.shapes}"
    yield f"polarities:{beside.polarities}"
    made = beside.made
    yield f"made:{made[0] if made else ''}{'|' + made[-1] if len(made) > 1 else ''}"
    yield f"clean:{min(2, made.count('tc'))}"
    yield f"kinds:{beside.clause_kinds}"


def _roles(beside: Beside) -> Iterable[str]:
    present = beside.present
    shared = _shared_roles(present, beside.roles_of(beside.asked), beside.roles_of(beside.given))
    several = 0
    before = 0
    for word in beside.words:
        several |= before & word.roles
        before |= word.roles
    return chain(_named("role:", present), _named("roles:", several), shared)


# There are few sums of roles, and most of what users write has one of those.
@lru_cache(1 << 13)
def _named(group: str, roles: int) -> tuple[str, ...]:
    return tuple(f"{group}{role.bit_length()}" for role in _ROLES if roles & role)


@lru_cache(1 << 13)
def _shared_roles(present: int, of_question: int, of_response: int) -> tuple[str, ...]:
    found: list[str] = []
    for role in _SHARED:
        if present & role:
            name = role.bit_length()
            found.append(f"role in question:{name} {bool(of_question & role):d}")
            found.append(f"role in response:{name} {bool(of_response & role):d}")
            found += [f"role to role:{name} {other.bit_length()}" for other in _OF_QUESTIONS if of_question & other]
    return tuple(found)


def _of_kinds(beside: Beside) -> Iterator[str]:
    """The same by what the question asks for."""
    found = [
        f" content:{beside.content}",
        f" kinds:{beside.clause_kinds}",
        f" new:{min(3, beside.names + beside.others)}",
        f" shapes:{beside.shapes}",
        f" polarities:{beside.polarities}",
    ]
    if beside.words:
        found += [f" first:{beside.symbols[0]}", f" made:{beside.made[-1]}"]
    found += _named(" role:", beside.present)
    for kind in _kinds(beside.kinds):
        yield kind
        for trait in found:
            yield kind + trait


@lru_cache(1 << 10)
def _kinds(kinds: int) -> tuple[str, ...]:
    return tuple(name for bit, name in KIND_NAMES if kinds & bit) or ("any",)


def _denial(beside: Beside, *, complains: bool) -> Iterator[str]:
    """What refuses or judges, by what else there is: "none" answers, "not 72" to 72 does not."""
    present, asks = beside.present, _asks(beside.kinds)
    judges, talks = present & VERDICT, present & TALK & ~VERDICT
    how = f"{'T' if present & (NO | NOT) else '-'}{'V' if judges else '-'}{'t' if talks else '-'}"
    count = len(beside.words)
    size = 1 if count == 1 else 3 if count < 4 else 6 if count < 7 else 9
    yield f"says:{beside.content}{how}"
    yield f"says:{beside.content}{how}{asks}"
    yield f"says at length:{how}{asks}{size}"
    origins = "".join(sorted({symbol[0] if symbol[0] in "QWCcu#" else "x" for symbol in beside.symbols if symbol != "|"}))
    yield f"of:{origins}{asks}"
    yield f"of:{origins}{how[0]}"
    yield f"rules:{complains} {asks}"
    yield f"rules:{complains} {beside.content}{asks}{how[0]}"
    spoken = "" if NONE_WORDS.isdisjoint(beside.folded) else " ".join(beside.folded)
    if spoken and NONE.search(spoken):
        yield f"none:{asks}"
        yield f"none:{size}"
        yield "none" if NONE.fullmatch(spoken) is None else "none alone"


def _asks(kinds: int) -> str:
    """What is asked for in one letter: yes or no, a word, an explanation, something else."""
    if kinds & (POLAR | TRUTH):
        return "P"
    return "W" if kinds & (WORDY | JUDGING | RATING | UTTERANCE | CHOICE | REPORT | SAYS) else "O" if kinds & (ADVICE | OPEN) else "n"
