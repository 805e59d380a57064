"""Words that say the opposite of each other, in Hindi and English, and words that deny.

`antonyms.json` lists pairs as `word/opposite,other opposite`, in the forms in which they are met; they hold for their stems, both ways.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Final

from gpu_runner.text.grounding.stems import stem

FILE: Final = "antonyms.json"
NEGATIONS: Final = frozenset(
    ("not", "no", "never", "none", "nobody", "nothing", "neither", "nor", "without", "cannot", "नहीं", "नही", "नहीँ", "न", "ना", "मत", "बिना")
)
# Denials inside a word: "unknown" is not "known", असफल not सफल.
_PREFIXES: Final = ("un", "in", "im", "non", "dis", "ir", "il", "अ", "अन", "गैर", "निर्", "नि", "बे", "ना")
_SUFFIXES: Final = (("पूर्ण", "हीन"), ("युक्त", "मुक्त"), ("युक्त", "रहित"), ("सहित", "रहित"), ("ful", "less"))
_LEAST_AFTER_PREFIX: Final = 3


@lru_cache(maxsize=1)
def _opposites() -> Mapping[str, frozenset[str]]:
    found: defaultdict[str, set[str]] = defaultdict(set)
    lists = json.loads(files(__package__).joinpath(FILE).read_text(encoding="utf-8"))
    for pair in (pair for lines in lists.values() for line in lines for pair in line.split()):
        left, right = (side.split(",") for side in pair.split("/"))
        for one in left:
            for other in right:
                found[stem(one)].add(stem(other))
                found[stem(other)].add(stem(one))
    return {word: frozenset(others) for word, others in found.items()}


def opposite(stem_of_one: str, stem_of_other: str) -> bool:
    """Whether two stems say the opposite of each other.

    >>> opposite(stem("increased"), stem("decreases")), opposite(stem("known"), stem("unknown")), opposite("known", "seen")
    (True, True, False)
    """
    if stem_of_other in _opposites().get(stem_of_one, ()):
        return True
    if any(
        one.endswith(end) and other == one[: -len(end)] + opposite_end
        for one, other in ((stem_of_one, stem_of_other), (stem_of_other, stem_of_one))
        for end, opposite_end in _SUFFIXES
    ):
        return True
    short, long = sorted((stem_of_one, stem_of_other), key=len)
    return len(short) >= _LEAST_AFTER_PREFIX and any(long == prefix + short for prefix in _PREFIXES)
