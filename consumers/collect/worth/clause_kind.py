"""Whether a clause answers, complains, or does neither.

The rules are tried in order; a clause that none of them takes answers where it has content of its own. Content are the words with no role
in feedback, and numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

from consumers.collect.worth.clauses import WITH_HINDI, Clause, Word
from consumers.collect.worth.patterns import ANSWER_IS, BUT, COMPLAINS, HEDGES, NARRATES, POINTS, REFUSES, SARCASTIC
from consumers.collect.worth.question import STEM, AskedFor
from consumers.collect.worth.question_kinds import (
    ADVICE,
    CHOICE,
    COUNT,
    ENTITY,
    JUDGING,
    NAMED,
    OPEN,
    POLAR,
    QUANTITY,
    RATING,
    REPORT,
    SAYS,
    TRUTH,
    UTTERANCE,
    WHEN,
    WHERE,
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
    TRUE_OR_FALSE,
    VERDICT,
    YES,
    folded,
)

# "bare" (yes, no, a word that judges where one is asked for) answers only where nothing beside it complains.
ClauseKind = Literal["answers", "bare", "complains", "neither"]

_LEADS: Final = COURTESY | DEGREE | YES | NO | FUNCTION
# The roles of what users say about answers, and answers hardly.
_TALK: Final = VERDICT | COURTESY | META | SECOND | FIRST | BOT | POINTER | ATTRIBUTE | EMOTE | REQUEST | ASKING | PERSON_SAID
# Longer answers are mostly edited by their corrections; what those begin with says nothing about them.
SHORT_RESPONSE_WORDS: Final = 5


class ClauseView(NamedTuple):
    """A clause with what the rules ask of it.

    `content` are its words without a role and its numbers, `new` those of them that the question does not have, `own` those that a short
    response does not have either; `about` are its words that the response alone has; `repeats` counts words about something that the
    question has too.
    """

    words: tuple[Word, ...]
    spoken: str
    roles: int
    mark: str
    content: list[Word]
    new: list[Word]
    own: list[Word]
    about: list[Word]
    kinds: int
    hindi: bool
    repeats: int

    @property
    def first(self) -> Word:
        """The first word that is no greeting, degree or function word, else the last one."""
        return next((word for word in self.words if not word.roles & _LEADS or word.roles & REQUEST), self.words[-1])

    def has_digits(self) -> bool:
        """Whether a number is written in digits."""
        return any(word.folded[0].isdecimal() for word in self.content)


def kind_of(clause: Clause, question: AskedFor, response_only: frozenset[str], *, opens: bool = True) -> ClauseKind:
    """The kind of one clause; `response_only` are the words of a short response that the question does not have.

    `opens` says that it is the first one: after a "no" or a verdict a sentence needs none of the question's words.
    """
    said = _said(clause, question, response_only)
    roles, kinds = said.roles, said.kinds
    if _is_about_truth(said):
        return "answers"
    if _is_a_wording(said, question.allowed) and (roles & _TALK or not COMPLAINS.search(said.spoken)):
        return "answers" if said.content else "bare"
    if REFUSES.search(said.spoken) and not roles & (VERDICT | BOT):
        return "answers"
    if _is_certain_complaint(said, question):
        return "complains"
    if roles & FIRST and not HEDGES.search(said.spoken):
        return "complains"
    if said.content and ANSWER_IS.search(said.spoken):
        return "answers"
    if roles & SECOND:
        return _to_the_reader(said)
    if _asks_for_work(said):
        return "complains"
    if not said.content:
        return _without_content(said)
    if _is_about_the_response(said) or (opens and _is_beside_the_question(said)) or (roles & VERDICT and _judges(said)):
        return "complains"
    return "answers" if said.own or kinds & (POLAR | CHOICE | UTTERANCE) else _repeated(said)


def _said(clause: Clause, question: AskedFor, response_only: frozenset[str]) -> ClauseView:
    roles = 0
    for place, word in enumerate(clause.words):
        # The "you" of a thank-you is nobody.
        roles |= word.roles & ~SECOND if place and clause.words[place - 1].folded == "thank" else word.roles
    # What could be wrong in an answer is an answer where nothing is said of it ("the temple", "the gazette").
    plain = question.kinds & ADVICE or not roles & (VERDICT | META | NOT | REQUEST | FIRST | SECOND | BOT | EMOTE | COURTESY)
    content = [word for word in clause.words if _is_content(word, question.kinds) or (plain and not word.roles & ~(ATTRIBUTE | POINTER))]
    new = [word for word in content if word.folded not in question.words]
    return ClauseView(
        words=clause.words,
        spoken=" ".join([word.folded for word in clause.words]),
        roles=roles,
        mark=clause.mark,
        content=content,
        new=new,
        own=[word for word in new if word.folded not in response_only],
        about=[word for word in new if word.folded in response_only],
        kinds=question.kinds,
        hindi=question.roles is WITH_HINDI or not clause.words[0].folded.isascii(),
        repeats=sum(word.folded[:STEM] in question.stems for word in clause.words if not word.roles & ~ATTRIBUTE),
    )


def _is_content(word: Word, kinds: int) -> bool:
    if not word.roles:
        return True
    return bool(word.roles & NUMBER) and (
        word.folded[0].isdecimal() or bool(kinds & QUANTITY) or not word.roles & (DEGREE | FUNCTION | NOT)
    )


_STATEMENTS: Final = folded("statement claim sentence kathan dava कथन दावा वाक्य")
# Words that judge and are in a dictionary's answers: opposites, meanings, blanks.
_BASIC: Final = folded(
    "wrong incorrect false bad useless poor good right correct true fake mistake error outdated thanks thank you hello namaste dhanyavad "
    "dhanyavaad shukriya namaskar गलत अशुद्ध असत्य झूठ बेकार बुरा खराब अनुपयोगी सही अच्छा नकली भूल धन्यवाद शुक्रिया नमस्ते नमस्कार galat bekar "
    "bekaar bura kharab nakli sahi accha jhooth ashuddh or ya या no nahi नहीं nothing kuch कुछ none"
)


def _is_about_truth(said: ClauseView) -> bool:
    """Whether the clause says "true" or "wrong" to a question whether something is."""
    talk = FIRST | SECOND | BOT | EMOTE | META | (REQUEST if len(said.words) > 2 else 0)
    if not said.kinds & TRUTH or not said.roles & TRUE_OR_FALSE or said.roles & talk or len(said.words) > 6:
        return False
    return not any(word.roles & ATTRIBUTE and word.folded not in _STATEMENTS for word in said.words) and not said.content


def _is_a_wording(said: ClauseView, allowed: int) -> bool:
    """Words that judge, greet or request, where the question allows for them; or a title made of words that judge."""
    talk = said.roles & _TALK
    if said.kinds & NAMED and 2 <= len(said.words) <= 4 and all(word.roles & (VERDICT | TRUE_OR_FALSE) for word in said.words):
        return not said.roles & (DEGREE | EMOTE)
    if talk & ~allowed:
        return False
    if said.kinds & UTTERANCE:
        whole = bool(talk & COURTESY and not said.roles & DEGREE) if said.kinds & SAYS else not allowed & REQUEST or bool(talk & REQUEST)
        return whole and bool(talk or said.content) and not (said.roles & DEGREE & ~allowed and not said.content)
    if said.kinds & (WORDY | RATING) and not said.kinds & POLAR:
        basic = all(word.folded in _BASIC for word in said.words)
        plain = not said.roles & (COPULA | THING) and (bool(said.kinds & RATING and said.roles & VERDICT) or basic)
        return len(said.words) <= 3 and not said.content and plain and bool(talk or said.roles & (NO | NOT | YES))
    return False


def _is_certain_complaint(said: ClauseView, question: AskedFor) -> bool:
    roles, kinds, words = said.roles, said.kinds, said.words
    if "?" in said.mark or (words[0].roles & ASKING and len(words) > 1) or (words[-1].roles & ASKING and len(words) <= 5):
        return True
    if said.hindi and roles & ASKING and len(words) <= 7 and not kinds & (WORDY | UTTERANCE):
        return True
    if len(words) > 1 and words[0].roles & THING and words[1].roles & META and not kinds & UTTERANCE:
        return True
    about_bot = any(word.roles & BOT and word.folded not in question.words for word in words)
    if about_bot and not (kinds & WORDY and not roles & (EMOTE | VERDICT)):
        return len(said.content) <= 6
    if roles & EMOTE and not said.own and not said.has_digits():
        return not (kinds & RATING and len(words) <= 2 and roles & VERDICT)
    if roles & (POINTER | META) and POINTS.search(said.spoken) and not kinds & (WHERE | ADVICE | WORDY):
        return True
    if kinds & REPORT and said.own and not roles & (META | SECOND | FIRST | BOT | POINTER) and not words[0].roles & THING:
        return False
    return bool(COMPLAINS.search(said.spoken) or SARCASTIC.search(said.spoken) or NARRATES.search(said.spoken))


def _to_the_reader(said: ClauseView) -> ClauseKind:
    """A clause with "you" in it: advice where it says what one can or must do, a complaint elsewhere."""
    if said.kinds & POLAR and not said.new and not said.roles & (META | VERDICT | REQUEST):
        return "bare"
    if said.roles & (META | VERDICT | BOT):
        return "complains"
    advises = (
        said.roles & MODAL
        or (said.kinds & ADVICE and len(said.new) >= 3)
        or (said.kinds & POLAR and len(said.new) >= 2 and not said.words[0].roles & SECOND)
    )
    return "answers" if advises and said.new else "complains"


def _asks_for_work(said: ClauseView) -> bool:
    """Whether the clause is an order about the answer; to a question about what to do, an order with something of its own in it answers."""
    if not said.roles & REQUEST:
        return False
    words, first = said.words, said.first
    last = next((word for word in reversed(words) if not word.roles & (COPULA | COURTESY) or word.roles & REQUEST), words[-1])
    # "do" begins a Hindi clause as the number two.
    begins = first.roles & REQUEST and not (said.hindi and first.roles & NUMBER and len(words) > 1)
    if not begins and not (last.roles & REQUEST and said.hindi and not last.roles & COPULA):
        return False
    if said.kinds & POLAR and words[0].roles & (YES | NO) and said.new:
        return False
    if said.kinds & QUANTITY and len(words) <= 3 and words[0].roles & NUMBER:
        return False
    if said.kinds & (ADVICE | OPEN):
        own = [word for word in said.new if not word.roles & POINTER]
        enough = (
            3
            if said.kinds & POLAR and not BUT.match(said.spoken) and not words[0].roles & COURTESY
            else 2
            if said.roles & META
            else 1
            if said.has_digits()
            else 2
        )
        return len(own) < enough
    return len(said.new) <= 4 or bool(said.roles & (META | POINTER))


def _without_content(said: ClauseView) -> ClauseKind:
    """A clause of words with roles alone."""
    roles, kinds, words = said.roles, said.kinds, said.words
    talk = roles & (META | EMOTE | BOT | POINTER | COURTESY | PERSON_SAID | REQUEST | ATTRIBUTE)
    if kinds & POLAR and not talk and not roles & VERDICT:
        echoes = roles & COPULA and len(words) <= 3
        return "bare" if roles & (YES | NO | NOT | MODAL | COMPARED) or echoes else "complains"
    if kinds & RATING and roles & VERDICT and not talk:
        return "answers"
    if roles & (NO | YES) and len(words) <= 2 and not roles & (VERDICT | META):
        return "neither"
    return "complains"


def _is_about_the_response(said: ClauseView) -> bool:
    """Whether the clause speaks of what the response said instead of saying what is right."""
    roles, kinds, words = said.roles, said.kinds, said.words
    vague = not kinds & (OPEN | ADVICE | JUDGING | QUANTITY)
    if kinds & ENTITY and vague and _names_nobody(said):
        return True
    if (
        roles & INDEFINITE
        and words[0].roles & (INDEFINITE | THING)
        and roles & (COPULA | THING)
        and len(said.own) <= 2
        and vague
        and not said.has_digits()
    ):
        return True
    if roles & CONTRAST and any(word.roles & CONTRAST for word in words[1:5]):
        return True
    if said.hindi and words[-1].roles & THING and len(words) > 2 and len(said.own) <= 3:
        return True
    if kinds & (POLAR | CHOICE | WORDY | JUDGING):
        return False
    if roles & NOT and not said.own:
        return not kinds & (ADVICE | OPEN)
    if roles & COMPARED and not any(word.roles & NUMBER for word in said.own):
        return len(said.own) <= (1 if words[0].roles & THING else 0)
    if not said.about or BUT.search(said.spoken) or (kinds & QUANTITY and any(word.roles & NUMBER for word in said.own)):
        return False
    repeats = len(said.content) - len(said.new)
    return said.new[0] is said.about[0] and words.index(said.about[0]) <= 2 and len(words) >= 3 and repeats < 2 and not kinds & OPEN


def _is_beside_the_question(said: ClauseView) -> bool:
    """Whether a whole sentence says nothing that the question asks for: no number, no name, none of its words."""
    roles, kinds, words = said.roles, said.kinds, said.words
    if kinds & (OPEN | ADVICE | WORDY | JUDGING | RATING | UTTERANCE | CHOICE) or said.has_digits():
        return False
    counted = any(word.roles & NUMBER for word in words)
    if kinds & COUNT and not kinds & POLAR:
        return not counted and not roles & (NOT | NO) and len(said.own) <= 4
    if len(words) < 3 or roles & (YES | NO | NOT) or counted or not _is_a_sentence(said):
        return False
    if kinds & POLAR:
        return not said.repeats and not words[0].roles & THING
    if kinds & (ENTITY | WHEN) and not said.hindi:
        return said.repeats < 2 and not any(word.capital for word in said.own if word is not words[0])
    return said.hindi and bool(words[0].roles & THING or words[0].folded in _PERSONS) and not said.repeats and not kinds & WHERE


def _is_a_sentence(said: ClauseView) -> bool:
    """Whether the clause has a verb, as far as the words with roles say it: a Hindi one ends with it."""
    if said.hindi:
        return any(word.roles & (COPULA | MODAL) for word in said.words[-2:])
    return any(word.roles & (COPULA | MODAL) or word.folded in _VERBS for word in said.words[1:])


_VERBS: Final = folded("has have had does did do shows says said made makes gave went came knows takes took got it this them")
_SOMEBODY: Final = folded("someone somebody some koi kisi कोई किसी")
_PERSONS: Final = folded("he she they उन्होंने उसने इन्होंने उनका उनकी unhone usne unka unki")


def _names_nobody(said: ClauseView) -> bool:
    """An answer to "who" that begins with a pronoun or an unnamed person, and has no name in it."""
    if said.words[0].folded in _SOMEBODY:
        return len(said.own) <= 2
    return said.words[0].folded in _PERSONS and not any(word.capital for word in said.own)


def _judges(said: ClauseView) -> bool:
    """Whether a clause with a word that judges is a verdict on the answer."""
    roles, kinds, words = said.roles, said.kinds, said.words
    own = [word for word in said.new if not word.roles & (NUMBER | ATTRIBUTE)]
    if roles & META:
        return len(own) <= (1 if kinds & ADVICE else 3) and not said.has_digits()
    if said.has_digits() or kinds & RATING or (kinds & WORDY and own and not kinds & UTTERANCE and not roles & (ATTRIBUTE | THING)):
        return False
    if words[0].roles & THING:
        return len(own) <= 1 and not kinds & OPEN
    if kinds & OPEN and words[0].roles & (TRUE_OR_FALSE | DEGREE) and roles & TRUE_OR_FALSE:
        return len(words) <= 6
    if kinds & (OPEN | ADVICE):
        return len(words) <= 2 or not own
    return len(own) <= 1 and len(words) <= 4


def _repeated(said: ClauseView) -> ClauseKind:
    """The kind of a clause whose content is all in the question or the response: the right part of it, named alone, answers."""
    roles, kinds = said.roles, said.kinds
    if roles & VERDICT and not kinds & RATING:
        return "complains"
    states = roles & (NOT | COPULA | THING | COMPARED | CONTRAST | VERDICT)
    counts = kinds & QUANTITY and any(word.roles & NUMBER for word in said.content)
    allowed = kinds & (WORDY | JUDGING | ADVICE) or (kinds & NAMED and roles & COURTESY) or (kinds & OPEN and roles & NO)
    return "answers" if not states or counts or allowed else "neither"


def response_only_words(response: Sequence[str], question: AskedFor) -> frozenset[str]:
    """The words of a short response that carry what it says: content that the question does not have."""
    own = {word for word in response if word not in question.words and not question.roles.get(word, 0) & ~NUMBER}
    return frozenset(own) if len(own) <= SHORT_RESPONSE_WORDS else frozenset()
