"""What a question asks for: a person, a time, a place, a number; and what of these an answer is.

And by which noun: `Sea of Japan` answers "What sea …", `3 towers` "How many towers …"; small words beside an answer fit a kind too, `in`
before a place, `ने` and `द्वारा` behind a person. An answer whose every word the question has says nothing that was asked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final, Literal

from gpu_runner.text.grounding.reading import ReadSentence, ReadWord, read_sentence
from gpu_runner.text.grounding.units import MONTH, UNITS
from gpu_runner.text.normalise import words

Kind = Literal["who", "when", "where", "number", "why", "how", "other"]

# The first that is found says the kind; the order is from what is sure to what is vague.
_WORDS: Final[Mapping[Kind, tuple[str, ...]]] = {
    "number": (
        r"\bhow (?:many|much|often|old|long|far|tall|high|large|big|wide|deep|fast|heavy)\b",
        r"\bwhat (?:percent|percentage|number|proportion|share)",
        r"\bwhat (?:is|was|were|are) the (?:\w+ )?(?:number|population|percentage|score|height|area|length|cost|price|temperature)\b",
        "कितन",
        "क्या प्रतिशत",
        "की संख्या क्या",
        "(?:जनसंख्या|आबादी|लंबाई|ऊंचाई|ऊँचाई|क्षेत्रफल|तापमान|कीमत|लागत) क्या",
    ),
    "when": (
        r"\bwhen\b",
        r"\b(?:what|which) (?:\w+ )?(?:year|date|day|month|century|decade|time|period|era)\b",
        r"कब(?![ऀ-ॣ])",
        r"(?:किस|कौन से|कौनसे|किन) (?:\S+ )?(?:वर्ष|साल|सन|सन्|दिन|तारीख|तिथि|महीने|माह|शताब्दी|सदी|दशक|समय|युग)",
    ),
    "who": (
        r"\bwho(?:m|se)?\b",
        r"\b(?:what|which) (?:\w+ )?(?:person|man|woman|king|queen|president|leader|scientist|author|player|actor)\b",
        r"कौन(?! ?-?(?:सा|सी|से))",
        "किसने|किसके|किसकी|किसका|किसको|किन्होंने|किसे|किनके",
        "किस (?:व्यक्ति|राजा|वैज्ञानिक|खिलाड़ी|लेखक|नेता|राष्ट्रपति)",
    ),
    "where": (
        r"\bwhere\b",
        r"\b(?:what|which) (?:\w+ )?(?:city|country|state|place|location|town|region|continent|river|street|county|province|area)\b",
        r"कहाँ|कहां|कहा(?![ऀ-ॣ])",
        r"(?:किस|किन|कौन से|कौनसे|कौन सा|कौन सी) (?:\S+ )?(?:शहर|देश|राज्य|स्थान|जगह|क्षेत्र|महाद्वीप|नदी|जिले|प्रांत)",
    ),
    "why": (r"\bwhy\b", r"\bwhat (?:\w+ )?reason\b", "क्यों", "किस कारण", "किस वजह"),
    "how": (r"\bhow\b", "कैसे", "किस प्रकार", "किस तरह"),
}
_PATTERNS: Final = tuple((kind, re.compile("|".join(forms), re.IGNORECASE)) for kind, forms in _WORDS.items())
_YEAR: Final = range(1000, 2100)
_TIMES: Final = frozenset(name for name, (kind, _) in UNITS.items() if kind == "time")

_MOST_WORDS: Final = 3
_BEHIND: Final = 2
_ASKING: Final = frozenset(words("what which whose many much किस किन कितने कितनी कितना सा सी से कौनसा कौनसी कौनसे"))
_AUXILIARY: Final = frozenset(words("is was were are did do does has have had can could will would should may might"))
_DETERMINERS: Final = frozenset(words("the a an one some of another"))
# "What is the name of the company": the noun behind such a one is asked by as well.
_HOLLOW: Final = frozenset(words("name names term word kind type sort number amount title nickname नाम संख्या प्रकार शब्द"))
_BEFORE_A_PLACE: Final = frozenset(words("in at near from to into through across"))
_BEHIND_A_PERSON: Final = frozenset(words("ने द्वारा को के said was"))


def asked_for(question: str) -> Kind:
    """The kind of answer that a question asks for.

    >>> asked_for("Who built it?"), asked_for("यह किस वर्ष बना?"), asked_for("How many towers?"), asked_for("Which team won?")
    ('who', 'when', 'number', 'other')
    """
    return next((kind for kind, pattern in _PATTERNS if pattern.search(question)), "other")


def holds_year(answer: ReadSentence) -> bool:
    """Whether a year stands in it, or another time: a month, a century, hours."""
    return any(
        one.unit == MONTH or one.unit in _TIMES or (one.unit is None and one.value.denominator == 1 and int(one.value) in _YEAR)
        for one in answer.quantities
    )


def fits(kind: Kind, answer: ReadSentence) -> dict[str, float]:
    """Whether the answer has and whether it lacks what is asked for, and whether it has what is not, as traits of 0 and 1."""
    number, year = any(one.sure for one in answer.quantities), holds_year(answer)
    content = [word for word in answer.words if word.content]
    capitals = [word for word in content if word.text[:1].isupper()]
    latin = any(word.folded.isascii() and word.folded.isalpha() for word in answer.words)
    named = latin and bool(content) and len(capitals) == len(content)
    return {
        "number_asked_and_given": float(kind == "number" and number),
        "number_asked_not_given": float(kind == "number" and not number),
        "time_asked_and_given": float(kind == "when" and year),
        "time_asked_not_given": float(kind == "when" and not year),
        "number_not_asked": float(kind in ("who", "where", "why", "how", "other") and number),
        "time_not_asked": float(kind in ("who", "where", "why", "how", "other") and year),
        "year_for_number": float(kind == "number" and year and not any(one.unit for one in answer.quantities)),
        "name_asked_and_given": float(kind in ("who", "where") and named),
        "name_asked_not_given": float(kind in ("who", "where") and latin and not capitals),
        "name_not_asked": float(kind in ("why", "how", "number", "when") and named and not number),
        "long_for_a_name": float(kind in ("who", "when", "where", "number") and len(answer.words) > 6),
        "short_for_a_reason": float(kind in ("why", "how") and len(answer.words) <= 2),
        "long_for_a_reason": float(kind in ("why", "how") and len(answer.words) >= 5),
    }


@lru_cache(maxsize=4_096)
def asked_nouns(question: str) -> frozenset[str]:
    """The stems of the words that a question asks by; none where it asks by none.

    >>> sorted(asked_nouns("How many towers does it have?")), sorted(asked_nouns("What was the final score of the game?"))
    (['tower'], ['final', 'score'])
    """
    said = read_sentence(question).words
    found: set[str] = set()
    for place, word in enumerate(said):
        if word.folded == "क्या":
            found.update(before.stem for before in said[max(0, place - 1) : place] if before.content)
        elif word.folded in _ASKING and (word.folded not in ("सा", "सी", "से") or said[place - 1].folded == "कौन"):
            found |= _nouns_behind(said[place + 1 :])
    return frozenset(found)


def _nouns_behind(said: Sequence[ReadWord]) -> set[str]:
    """The run of content words that begins here, an auxiliary and an article before it let pass; of a hollow noun the next run too."""
    found: list[str] = []
    hollow = False
    for word in said:
        if word.content and word.folded not in _AUXILIARY | _DETERMINERS:
            found.append(word.stem)
            hollow = word.folded in _HOLLOW
        elif (found and not hollow) or not (hollow or word.folded in _AUXILIARY | _DETERMINERS):
            break
        if len(found) == _MOST_WORDS:
            break
    return set(found)


def repeats_what_is_asked(asked: frozenset[str], answer: ReadSentence, repeated: float) -> dict[str, float]:
    """Traits of an answer wherever it stands; `repeated`: the share of its words that the question has."""
    return {"noun_in_answer": float(any(word.stem in asked for word in answer.words)), "all_from_the_question": float(repeated >= 1)}


def beside(asked: frozenset[str], kind: Kind, answer: ReadSentence, sentence: ReadSentence, span: tuple[int, int]) -> dict[str, float]:
    """Traits of an answer at the words from the first to the second place (both in it) of a sentence."""
    own = {word.stem for word in answer.words}
    start, end = span
    behind = sentence.words[end + 1 : end + 1 + _BEHIND]
    return {
        "noun_behind": float(any(word.stem in asked and word.stem not in own for word in behind)),
        "before_a_place": float(
            kind == "where" and any(word.folded in _BEFORE_A_PLACE for word in sentence.words[max(0, start - 2) : start])
        ),
        "behind_a_person": float(kind == "who" and any(word.folded in _BEHIND_A_PERSON for word in behind[:1])),
    }
