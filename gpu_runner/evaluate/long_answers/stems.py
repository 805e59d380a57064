"""Light suffix stripping for English and Hindi: forms of one word share a stem. Not a dictionary: it need only be the same on both sides.

Hindi after Ramanathan and Rao (2003), "A Lightweight Stemmer for Hindi": the longest suffix of a list falls.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Final

from gpu_runner.evaluate.long_answers import english, hindi
from gpu_runner.evaluate.long_answers.spelling import spelled

_ENGLISH: Final = (
    ("ational", "at"), ("ization", "iz"), ("isation", "iz"), ("ations", "at"), ("ation", "at"), ("ements", ""), ("ement", ""),
    ("ments", ""), ("ment", ""), ("nesses", ""), ("ness", ""),
    ("ingly", ""), ("edly", ""), ("ions", ""), ("ion", ""), ("ings", ""), ("ing", ""), ("iest", "i"), ("ied", "i"), ("ies", "i"),
    ("ers", ""), ("ors", ""), ("er", ""), ("or", ""),
    ("ely", ""), ("ly", ""), ("ed", ""), ("es", ""), ("s", ""), ("est", ""), ("al", ""), ("e", ""), ("y", "i"),
)  # fmt: skip
_HINDI_ENDINGS: Final = """
ाएंगी ाएंगे ाऊंगी ाऊंगा ाइयां ाइयों ियों ियां ुओं ुएं ुआं ाओं ाएं ाया ायी ाये ाई ाए ाने ाना ानी ाकर ाते ाती ाता तीं तें ती ता ते ने ना नी कर ेगी ेगा ेंगे
ेंगी ओं यों ों एं ें ो े ी ा ि ु ू ीं ए ई
"""
_HINDI: Final = sorted(map(spelled, _HINDI_ENDINGS.split()), key=lambda ending: (-len(ending), ending))


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """The stem of a spelled word; a word with a digit, or of another script, is its own.

    >>> stem("inaugurated") == stem("inaugurates"), stem("built") == stem("builds"), stem("किताबें") == stem("किताब")
    (True, True, True)
    """
    known = _irregular().get(word)
    if known is not None:
        return known
    if any(char.isdigit() for char in word):
        return word
    return _hindi(word) if any("\u0900" <= char <= "\u097f" for char in word) else _english(word)


@cache
def _irregular() -> dict[str, str]:
    """Every form in the tables by the stem of the first of its group; of two groups the first counts."""
    found: dict[str, str] = {}
    for table, rule in ((english.IRREGULAR, _english), (hindi.IRREGULAR, _hindi)):
        for group in table.replace("\n", "|").split("|"):
            forms = group.split()
            for form in forms:
                found.setdefault(spelled(form), rule(spelled(forms[0])))
    return found


def _english(word: str) -> str:
    if len(word) <= 3:
        return word
    for ending, instead in _ENGLISH:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            if ending == "s" and word.endswith("ss"):
                continue
            word = word[: len(word) - len(ending)] + instead
            break
    if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "lsz":
        word = word[:-1]
    return word.removesuffix("e") if len(word) > 4 else word


def _hindi(word: str) -> str:
    for ending in _HINDI:
        if word.endswith(ending) and len(word) - len(ending) >= 2:
            return word[: -len(ending)]
    return word
