"""What a question asks for, as far as that says which words can answer it."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from consumers.collect.worth.clauses import WITH_HINDI, Roles, roles_for, words_of
from consumers.collect.worth.question_kinds import DIRECTION, OPEN, POLAR, RATING, SAYS, UTTERANCE, WORDY, kinds_of
from consumers.collect.worth.words.roles import (
    ASKING,
    ATTRIBUTE,
    BOT,
    COPULA,
    COURTESY,
    FIRST,
    META,
    MODAL,
    REQUEST,
    SECOND,
    TRUE_OR_FALSE,
    VERDICT,
)

_OTHER_QUESTION: Final = re.compile(
    r"\b(?:what|who|whom|whose|when|where|why|which|how|kaun\w*|kon|konsa|konsi|kab|kahan|kahaan|kitn[aei]|kis|kisne|kiski|kiska|kaise|kaisa"
    r"|kyun|kyon|kyu"
    r"|batao|bataiye|bataye|batayein|likho|do|dijiye|karo|explain|describe|list|name|translate)\b"
    r"|कौन|कब|कहाँ|कहां|कितन|किस|कैसे|कैसा|क्यों|बताइए|बताओ|बताएँ|बताएं|बताइये|लिखिए|लिखें|दीजिए|कीजिए|करें\s*$|भरिए",
)
_KYA: Final = re.compile(r"^\W*(?:और |aur |toh? |तो )?(?:क्या|kya)\s|(?:\s(?:क्या|kya))\s*[?।]*\s*$")
_WHAT_IS: Final = re.compile(
    r"(?:क्या|kya)\s+(?:है|हैं|था|थी|थे|होता|होती|होते|हुआ|हुई|कहते|कहेंगे|कहलाता|लिखा|मिला|करें|करना|फ़ैसला|hai|hain|tha|thi|the"
    r"|hota|hoti|hote|hua"
    r"|hui|kehte|kahenge|kehlata|likha|mila|kare|karein|karna|karen|faisla|bolte|batata|kehta)\b",
)
_KYA_AFTER_A_VERB: Final = re.compile(
    r"(?:\b(?:hai|hain|tha|thi|the|ho|[a-z]+(?:ega|egi|enge|ta|ti|te))|है|हैं|था|थी|थे|ता|ती|ते|गा|गी|गे)\s(?:क्या|kya)(?=[\s,?]|$)"
)
_VERB: Final = re.compile(r"[a-z](?:ta|ti|te|ga|gi|ge)$|(?:ता|ती|ते|गा|गी|गे|या|यी|ये|एँ|एं|ें|ई|ए)$")
_QUOTED: Final = re.compile(r"['\"‘“`](?=\S)([^'\"’”`]{2,200})['\"’”`]")

# The word for "answer" is that for "north".
_NORTH: Final[Roles] = {"उत्तर": 0, "uttar": 0}


# Of a longer text the last line is the question, or the end of it: passages stand before.
LONGEST_QUESTION: Final = 600
# Words that begin alike are forms of one: "open", "opened", "opens".
STEM: Final = 4


class AskedFor(NamedTuple):
    """What is asked: its kinds (`question_kinds`), folded words, what stands in quotation marks, and roles its answer may have.

    `stems` are the first letters of its words that are about something.

    `allowed`: where words are asked for, what an answer may consist of is what the question has itself: the opposite of a word that judges
    judges, and the translation of a request is one.
    """

    kinds: int
    words: frozenset[str]
    stems: frozenset[str]
    quoted: str
    roles: Roles
    allowed: int


def examine(query: str, given: str = "") -> AskedFor:
    """The question; what was `given` to it is read only to tell which language's words are meant."""
    query = (query if len(query) <= LONGEST_QUESTION else query.rstrip()[-LONGEST_QUESTION:].rsplit("\n", 1)[-1]).lower()
    listed = words_of(query)
    roles = roles_for((*listed, *words_of(given)))
    kinds = kinds_of(query)
    if not kinds & POLAR and _is_hindi_polar(query, listed, roles):
        kinds |= POLAR
    if kinds & DIRECTION:
        roles = {**roles, **_NORTH}
    quoted = _QUOTED.search(query)
    if kinds & OPEN:
        kinds &= ~WORDY
    stems = frozenset([word[:STEM] for word in listed if not roles.get(word, 0) & ~ATTRIBUTE])
    return AskedFor(kinds, frozenset(listed), stems, quoted[1] if quoted else "", roles, _allowed(kinds, quoted, listed))


def _allowed(kinds: int, quoted: re.Match[str] | None, listed: list[str]) -> int:
    allowed = 0
    if kinds & (WORDY | UTTERANCE):
        for word in words_of(quoted[1]) if quoted else listed:
            allowed |= WITH_HINDI.get(word, 0)
        if not quoted:
            allowed &= ~(META | REQUEST | BOT | ASKING | ATTRIBUTE)
        allowed |= FIRST | SECOND if kinds & UTTERANCE else 0
        allowed |= VERDICT if allowed & (TRUE_OR_FALSE | REQUEST) else 0
        if kinds & SAYS:
            allowed |= COURTESY | FIRST | SECOND | ASKING | REQUEST
    return allowed | (VERDICT if kinds & RATING else 0)


def _is_hindi_polar(query: str, listed: list[str], roles: Roles) -> bool:
    """Whether a Hindi question asks for yes or no: by its "kya", or by its verb alone."""
    if "क्या" in query or "kya" in query:
        if _KYA.search(query):
            return not _WHAT_IS.search(query) and not _OTHER_QUESTION.search(query)
        return bool(_KYA_AFTER_A_VERB.search(query)) and not _WHAT_IS.search(query) and not _OTHER_QUESTION.search(query)
    if len(listed) < 3 or any(roles.get(word, 0) & ASKING for word in listed) or not _ends_with_a_verb(listed[-1], roles):
        return False
    hindi = roles is WITH_HINDI or any("\u0900" <= letter <= "\u097f" for letter in query)
    return hindi and not _OTHER_QUESTION.search(query)


def _ends_with_a_verb(last: str, roles: Roles) -> bool:
    """Without one a question names what it asks for: "विश्व का सबसे बड़ा महासागर?"."""
    return bool(roles.get(last, 0) & (COPULA | MODAL)) or _VERB.search(last) is not None
