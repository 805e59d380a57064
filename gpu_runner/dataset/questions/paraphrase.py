"""Paraphrases a question without a model: other wordings of the same question in Hindi, romanised Hindi and English.

Deterministic; every wording means what the question means and differs from it after normalisation. The wordings for training and
for the test come from rule families that share nothing: carrier phrases and question-word synonyms are divided between the sides
(`wordings.py`), and moving the question word is a rule of the test alone.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

from gpu_runner.dataset.questions import phrases as wordings
from gpu_runner.dataset.questions.phrases import Phrases
from gpu_runner.dataset.rows import guess_language
from gpu_runner.text.languages import Language
from gpu_runner.text.normalise import hi_lenient
from gpu_runner.text.script import examine

LEAST_TRAIN_WORDINGS = 3
LEAST_TEST_WORDINGS = 2

_SIDES: dict[str, tuple[Phrases, Phrases]] = {
    "hi": (wordings.TRAIN_HINDI, wordings.TEST_HINDI),
    "en": (wordings.TRAIN_ENGLISH, wordings.TEST_ENGLISH),
    "hi-Latn": (wordings.TRAIN_ROMANISED, wordings.TEST_ROMANISED),
}
_LOWERED = frozenset(
    [
        *("what", "what's", "who", "who's", "whom", "whose", "when", "where", "why", "how", "which", "is", "are", "was", "were", "do"),
        *("does", "did", "can", "could", "has", "have", "had", "will", "would", "in", "on", "at", "by", "to", "for", "from", "of", "after"),
        *("before", "during", "since", "until", "according", "approximately", "the", "a", "an", "name", "along", "besides", "if", "kya"),
        *("kaun", "kahan", "kab", "kaise", "kis", "kitne"),
    ]
)
# "X … कहाँ है?" → "कहाँ है X …?": the question word may lead when only the copula follows it and the question is one clause.
_HINDI_FRONTED = re.compile(r"^(?P<rest>.+?)\s+(?P<asked>(?:क्या|कौन|कहाँ|कहां|कब)\s+(?:है|हैं|था|थी|थे|थीं))$")
_HINDI_CLAUSES = re.compile(r"(?<!\S)(?:जब|जो|जिस|जिसे|जिसने|जिसका|जिसकी|जिसके|जिन्हें|कि|तो|और|या|यदि|अगर|वह|जहाँ|तब)(?!\S)|,")
_ENGLISH_ECHO = re.compile(r"^What (?P<verb>is|are|was|were) (?P<rest>(?:the|an?) [a-z]+(?: [a-z]+)? of [^,]+)$")
_ENGLISH_OPEN_END = re.compile(r" (?:of|for|in|on|at|by|to|from|with|as|about|called|known|named|used|like|made|found|held|did|does|do)$")
_TERMINAL = re.compile(r"[\s?।.!]+$")


def question_key(question: str) -> str:
    """What two spellings of one question have in common: equal keys are the same question."""
    return hi_lenient(question)


def paraphrase(question: str, language: Language) -> tuple[str, ...]:
    """Every wording that the rules give, those for training first; at least seven for any question, none equal to it or to another."""
    train, test = _both_sides(question, language)
    return (*train, *test)


def split_paraphrases(question: str, language: Language, *, train: int = 5, test: int = 2) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(train wordings, test wordings): disjoint by construction; the first train wording is the question itself.

    Up to `train` and `test` wordings, never fewer than 3 and 2. Which carriers a question gets depends on its hash, so that a
    data set uses all of them. Raises ValueError for a question without a letter or digit, or when fewer than 3 or 2 are asked for.
    """
    if train < LEAST_TRAIN_WORDINGS or test < LEAST_TEST_WORDINGS:
        raise ValueError(f"train={train}, test={test}: ask for at least {LEAST_TRAIN_WORDINGS} and {LEAST_TEST_WORDINGS} wordings")
    trained, tested = _both_sides(question, language)
    return (question, *trained[: train - 1]), tested[:test]


def uncarried(question: str) -> str:
    """The question without the carrier phrases of the reworder about it, in one line, however many there are.

    >>> uncarried("Hello, please tell me: who built it?")
    'Who built it?'
    """
    core = " ".join(question.split())
    while True:
        inner = core
        for form in _SIDES:
            inner = _without_carrier(inner, form)
        if inner == core or not question_key(inner):
            return core
        core = inner


def _both_sides(question: str, language: Language) -> tuple[tuple[str, ...], tuple[str, ...]]:
    if not question_key(question):
        raise ValueError(f"question {question!r}: expected at least one letter or digit")
    form = _form(question, language)
    core = _without_carrier(question, form)
    train, test = _SIDES[form]
    rotation = int.from_bytes(hashlib.sha256(question_key(core).encode("utf-8", "surrogatepass")).digest()[:4], "big")
    taken = {question_key(question)}
    tested = _distinct((*_moved(core, form), *_replaced(core, test), *_carried(core, test, rotation)), taken)
    trained = _distinct((core, *_replaced(core, train), *_carried(core, train, rotation)), taken)
    return trained, tested


def _form(question: str, language: Language) -> str:
    """The phrases that fit: the question's script decides where it differs from its language."""
    if guess_language(question) == "hi":
        return "hi"
    return "hi-Latn" if language == "hi" and examine(question).romanised_hindi else "en"


def _distinct(candidates: Iterable[str], taken: set[str]) -> tuple[str, ...]:
    """The candidates whose key is new; their keys are added to `taken`, which both sides share."""
    kept: list[str] = []
    for candidate in candidates:
        key = question_key(candidate)
        if key not in taken:
            taken.add(key)
            kept.append(candidate)
    return tuple(kept)


def _without_carrier(question: str, form: str) -> str:
    """The question inside a carrier phrase of either side, so that a polite question isn't wrapped twice."""
    core = " ".join(question.split())
    for phrases in _SIDES[form]:
        for carrier in phrases.carriers:
            before, _, after = carrier.partition("{q}")
            pattern = rf"{re.escape(before.strip(' ,:'))}\s*[,:]?\s+(.+)" if before else rf"(.+?)\s+{re.escape(after.strip())}"
            if found := re.fullmatch(pattern, core, re.IGNORECASE):
                inner = found.group(1)
                return inner[0].upper() + inner[1:] if form != "hi" else inner
    return core


def _carried(core: str, phrases: Phrases, rotation: int) -> tuple[str, ...]:
    start = rotation % len(phrases.carriers)
    first, rest = core.partition(" ")[0], core.partition(" ")[2]
    lowered = f"{first.lower()} {rest}".strip() if first.lower() in _LOWERED else core
    return tuple(
        carrier.format(q=_closed(core) if carrier.startswith("{q}") else lowered)
        for carrier in (*phrases.carriers[start:], *phrases.carriers[:start])
    )


def _closed(core: str) -> str:
    """The question with an end mark, because another sentence follows it."""
    return core if _TERMINAL.search(core) else f"{core}?"


def _replaced(core: str, phrases: Phrases) -> tuple[str, ...]:
    """The question with one question word replaced, once for each synonym that fits; only where it stands exactly once."""
    out = []
    for pattern, replacement in phrases.synonyms:
        if len(re.findall(pattern, core)) == 1:
            out.append(re.sub(pattern, replacement, core))
    return tuple(out)


def _moved(core: str, form: str) -> tuple[str, ...]:
    """The question word moved: to the front in Hindi, to the end ("The capital of India is what?") in English; one clause only."""
    bare = _TERMINAL.sub("", core)
    if form == "hi" and not _HINDI_CLAUSES.search(bare) and (found := _HINDI_FRONTED.match(bare)):
        return (f"{found['asked']} {found['rest']}?",)
    if form == "en" and not _ENGLISH_OPEN_END.search(bare) and (found := _ENGLISH_ECHO.match(bare)):
        rest = found["rest"]
        return (f"{rest[0].upper()}{rest[1:]} {found['verb']} what?",)
    return ()
