"""Numbers in words, in English and Hindi: what each word is worth, and how a run of them adds up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Final


def _listed(words: str) -> tuple[str, ...]:
    return tuple(words.split())


_ENGLISH: Final = _listed(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
)
_TENS: Final = _listed("twenty thirty forty fifty sixty seventy eighty ninety")
_HINDI: Final = _listed(
    "शून्य एक दो तीन चार पाँच छह सात आठ नौ दस ग्यारह बारह तेरह चौदह पंद्रह सोलह सत्रह अठारह उन्नीस "
    "बीस इक्कीस बाईस तेईस चौबीस पच्चीस छब्बीस सत्ताईस अट्ठाईस उनतीस तीस इकतीस बत्तीस तैंतीस चौंतीस पैंतीस छत्तीस सैंतीस अड़तीस उनतालीस "
    "चालीस इकतालीस बयालीस तैंतालीस चौवालीस पैंतालीस छियालीस सैंतालीस अड़तालीस उनचास पचास इक्यावन बावन तिरपन चौवन पचपन छप्पन सत्तावन अट्ठावन उनसठ "
    "साठ इकसठ बासठ तिरसठ चौंसठ पैंसठ छियासठ सड़सठ अड़सठ उनहत्तर सत्तर इकहत्तर बहत्तर तिहत्तर चौहत्तर पचहत्तर छिहत्तर सतहत्तर अठहत्तर उनासी "
    "अस्सी इक्यासी बयासी तिरासी चौरासी पचासी छियासी सत्तासी अट्ठासी नवासी नब्बे इक्यानवे बानवे तिरानवे चौरानवे पचानवे छियानवे सत्तानवे अट्ठानवे निन्यानवे"
)
_OTHER_SPELLINGS: Final[Mapping[str, int]] = {
    **dict.fromkeys(("पांच", "पाच"), 5),
    **dict.fromkeys(("छः", "छ", "छै"), 6),
    "पन्द्रह": 15,
    "सतरह": 17,
    "अट्ठारह": 18,
    "बाइस": 22,
    "तेइस": 23,
    "सत्ताइस": 27,
    "अट्ठाइस": 28,
    "अठाईस": 28,
    "उन्तीस": 29,
    "इकत्तीस": 31,
    "तेंतीस": 33,
    "चौंतिस": 34,
    "अड़तिस": 38,
    "चवालीस": 44,
    "चौंवालीस": 44,
    "उन्चास": 49,
    "चौंवन": 54,
    "सतावन": 57,
    "अठावन": 58,
    "बहतर": 72,
    "नब्बै": 90,
    "नवासी": 89,
    "इक्यानबे": 91,
    "बानबे": 92,
    "निन्यानबे": 99,
}
# Each with its plain spelling too: nukta and chandrabindu are often left out.
ONES: Final[Mapping[str, int]] = {
    **{word: value for value, word in enumerate(_ENGLISH)},
    **{word: 10 * place for place, word in enumerate(_TENS, 2)},
    **{spelt: value for value, word in enumerate(_HINDI) for spelt in (word, word.replace("\u093c", ""), word.replace("ँ", "ं"))},
    **_OTHER_SPELLINGS,
}
_ENGLISH_ONES: Final[Mapping[str, int]] = {word: value for word, value in ONES.items() if word.isascii()}
SCALES: Final[Mapping[str, int]] = {
    "hundred": 100,
    "thousand": 1_000,
    "million": 10**6,
    "billion": 10**9,
    "trillion": 10**12,
    "lakh": 10**5,
    "lakhs": 10**5,
    "hundreds": 100,
    "thousands": 1_000,
    "millions": 10**6,
    "billions": 10**9,
    "crore": 10**7,
    "crores": 10**7,
    "bn": 10**9,
    "सौ": 100,
    "हजार": 1_000,
    "हज़ार": 1_000,
    "लाख": 10**5,
    "करोड": 10**7,
    "करोड़": 10**7,
    "अरब": 10**9,
    "खरब": 10**11,
    "मिलियन": 10**6,
    "बिलियन": 10**9,
    "ट्रिलियन": 10**12,
}
# What stands before a scale or a number and changes it: (factor of what follows, what is added in units of what follows).
_PARTS: Final[Mapping[str, tuple[str, Fraction]]] = {
    **dict.fromkeys(("डेढ", "डेढ़"), ("alone", Fraction(3, 2))),
    **dict.fromkeys(("ढाई", "अढाई"), ("alone", Fraction(5, 2))),
    **dict.fromkeys(("साढे", "साढ़े"), ("before", Fraction(1, 2))),
    "सवा": ("before", Fraction(1, 4)),
    **dict.fromkeys(("पौने",), ("before", Fraction(-1, 4))),
    **dict.fromkeys(("half", "आधा", "आधी", "आधे"), ("alone", Fraction(1, 2))),
}
_ORDINALS_ENGLISH: Final = _listed(
    "zeroth first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth sixteenth "
    "seventeenth eighteenth nineteenth"
)
ORDINALS: Final[Mapping[str, int]] = {
    **{word: value for value, word in enumerate(_ORDINALS_ENGLISH)},
    **{word[:-1] + "ieth": 10 * place for place, word in enumerate(_TENS, 2)},
    **{stem + end: value for stem, value in (("दूसर", 2), ("तीसर", 3), ("चौथ", 4), ("छठ", 6)) for end in ("ा", "ी", "े")},
    **{word + end: value for value, word in enumerate(_HINDI) if value > 4 for end in ("वाँ", "वां", "वीं", "वें", "वे", "वी")},
    **{word + end: 5 for word in ("पांच", "पाँच") for end in ("वाँ", "वां", "वीं", "वें", "वे", "वी")},
    **dict.fromkeys(("प्रथम", "पहला", "पहली"), 1),
    **dict.fromkeys(("द्वितीय",), 2),
    **dict.fromkeys(("तृतीय",), 3),
    "once": 1,
    "twice": 2,
    "thrice": 3,
    "dozen": 12,
}
# Words that are often something else ("one of them", "a second later", पहले "before", सवा): a source may mean them so, a claim need not.
DOUBTFUL: Final = frozenset(
    [
        "one",
        "एक",
        "first",
        "second",
        "once",
        "zero",
        "पहला",
        "पहली",
        "प्रथम",
        "दूसरा",
        "दूसरी",
        "दूसरे",
        "half",
        "आधा",
        "आधी",
        "आधे",
        "सवा",
        "सौ",
        "छ",
        "hundreds",
        "thousands",
        "millions",
    ]
)
CONNECTORS: Final = frozenset({"and"})


def is_number_word(word: str) -> bool:
    """Whether a casefolded word is part of a number in words."""
    return word in ONES or word in SCALES or word in _PARTS or word in ORDINALS


def value_of(words: Sequence[str]) -> Fraction:
    """What a run of number words, or figures as text, comes to.

    >>> [str(value_of(run.split())) for run in ("twenty one", "three hundred and five", "1.5 million", "साढ़े तीन लाख", "डेढ़ सौ")]
    ['21', '305', '1500000', '350000', '150']
    """
    if (year := _year(words)) is not None:
        return Fraction(year)
    total, current, extra, seen = Fraction(0), Fraction(0), Fraction(0), False
    for word in words:
        if word in CONNECTORS:
            continue
        if word in SCALES:
            scale = SCALES[word]
            unit = (current if seen else Fraction(1)) + extra
            if scale == 100:
                current, extra, seen = unit * 100, Fraction(0), True
            else:
                total, current, extra, seen = total + unit * scale, Fraction(0), Fraction(0), False
        elif word in _PARTS:
            kind, part = _PARTS[word]
            if kind == "alone":
                current, seen = current + part, True
            else:
                extra += part
        else:
            current, seen = current + (ONES[word] if word in ONES else ORDINALS[word] if word in ORDINALS else Fraction(word)), True
    return total + current + extra


def reads_as_year(first: str, second: str) -> bool:
    """Whether two English number words begin a year by its hundreds: "nineteen ninety", "nineteen oh"."""
    return 10 <= _ENGLISH_ONES.get(first, 0) <= 20 and (second == "oh" or 10 <= _ENGLISH_ONES.get(second, 0) < 100)


def _year(words: Sequence[str]) -> int | None:
    if not 2 <= len(words) <= 3 or not reads_as_year(words[0], words[1]):
        return None
    return 100 * _ENGLISH_ONES[words[0]] + sum(_ENGLISH_ONES.get(word, 0) for word in words[1:])
