"""What a question asks for: a person, a time, a place, a number; and what of these an answer is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, Literal

from gpu_runner.text.grounding.reading import ReadSentence
from gpu_runner.text.grounding.units import MONTH, UNITS

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
_PATTERNS: Final = tuple((kind, re.compile("|".join(words), re.IGNORECASE)) for kind, words in _WORDS.items())
_YEAR: Final = range(1000, 2100)
_TIMES: Final = frozenset(name for name, (kind, _) in UNITS.items() if kind == "time")


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
    words = [word for word in answer.words if word.content]
    capitals = [word for word in words if word.text[:1].isupper()]
    latin = any(word.folded.isascii() and word.folded.isalpha() for word in answer.words)
    named = latin and bool(words) and len(capitals) == len(words)
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
