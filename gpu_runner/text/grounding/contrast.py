"""What a sentence that says "A, not B" says: that it is A. Each reading is the sentence without what it says something is not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

# Words that B may have; where it ends is not marked, so each length is a reading.
MOST_WORDS: Final = 7
_GAP: Final = r"(?:[^\s,;.।]+\s+){1,7}?"
_NOT_BUT: Final = re.compile(rf"\bnot (?!only\b|just\b|merely\b|simply\b){_GAP}but (?!also\b)", re.IGNORECASE)
_NOT_FOLLOWED_BY_BUT: Final = r"(?! only\b)(?!\s+(?:\S+\s+){1,7}?but\b)"
_AND_NOT: Final = re.compile(
    rf"(?:,?\s+(?:and|but) not|,\s*not{_NOT_FOLLOWED_BY_BUT}|,?\s+rather than|,?\s+instead of|\s+न\s+कि)(?P<rest>(?:\s+\S+)+)",
    re.IGNORECASE,
)
_BUT_HINDI: Final = re.compile(r"(?P<rest>(?:\S+\s+)+)(?:(?:नहीं|नही|न),?\s+(?:बल्कि|अपितु|वरन्?)|(?:के|की)\s+(?:बजाय|बजाए|जगह|स्थान पर))\s+")


def readings(sentence: str) -> Iterator[str]:
    """The sentence without what it says something is not; nothing where it sets nothing against another.

    >>> list(readings("It was built not by Akbar but by Hemraj."))
    ['It was built by Hemraj.']
    >>> "यह 1950 में हुआ।" in readings("यह 1999 नहीं बल्कि 1950 में हुआ।"), list(readings("It is not open."))
    (True, [])
    """
    if found := _NOT_BUT.search(sentence):
        yield sentence[: found.start()] + sentence[found.end() :]
    for found in _AND_NOT.finditer(sentence):
        words = list(re.finditer(r"\S+", found["rest"]))
        for word in words[:MOST_WORDS]:
            end = found.start("rest") + word.end()
            kept = re.search(r"[,;.।]+$", word.group())
            yield sentence[: found.start()] + (kept.group() if kept else "") + sentence[end:]
            if kept:
                break
    for found in _BUT_HINDI.finditer(sentence):
        words = list(re.finditer(r"\S+", found["rest"]))
        for word in words[: -MOST_WORDS - 1 : -1]:
            yield sentence[: found.start("rest") + word.start()] + sentence[found.end() :]
