"""The languages that questions are in, by the first part of their tag, and the script that some are known to be written in.

Any language is taken. Hindi and English have checks of their own; of English and the languages of the eighth schedule of India's
constitution the script is known; all others have the general checks alone. `other`: neither Devanagari nor Latin.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final, Literal

Language = str
Script = Literal["devanagari", "latin", "other"]

_DEVANAGARI: Final = ("hi", "mr", "ne", "sa", "mai", "kok", "doi", "brx")
_OTHER: Final = ("as", "bn", "gu", "kn", "ks", "ml", "mni", "or", "pa", "sat", "sd", "ta", "te", "ur")

NATIVE_SCRIPT: Final[Mapping[Language, Script]] = {
    **dict.fromkeys(_DEVANAGARI, "devanagari"),
    "en": "latin",
    **dict.fromkeys(_OTHER, "other"),
}
LANGUAGES: Final[tuple[Language, ...]] = ("hi", "en", *sorted(set(NATIVE_SCRIPT) - {"hi", "en"}))
# What these have: articles, question forms and romanised spellings that are told; the others are compared as they stand.
OWN_CHECKS: Final[tuple[Language, ...]] = ("hi", "en")

# A tag that names no language: of private use, grandfathered, or one that says so (ISO 639-2).
NO_LANGUAGE: Final[Language] = "und"
_NONE_NAMED: Final = frozenset({"x", "i", "und", "mis", "mul", "zxx"})
_TAG: Final = re.compile(r"([A-Za-z]{2,3}|[xXiI](?=[-_]))([-_][A-Za-z0-9]{1,8})*")
_LONGEST_TAG: Final = 35


def primary_language(tag: str) -> Language | None:
    """The first part of a language tag (BCP 47), in lower case; `und` for a tag that names none, None for what is no tag.

    A language in words, which would be a well-formed tag of nothing, is no tag here.

    >>> primary_language("hi-IN"), primary_language("MR"), primary_language("zh-Hant-TW"), primary_language("x-ours")
    ('hi', 'mr', 'zh', 'und')
    >>> primary_language("Hindi") is None
    True
    """
    found = _TAG.fullmatch(tag) if len(tag) <= _LONGEST_TAG else None
    if found is None:
        return None
    first = found.group(1).lower()
    return NO_LANGUAGE if first in _NONE_NAMED else first


def checks_sentence(languages: Iterable[Language]) -> str:
    """Which languages have checks of their own and which the general ones, for reports.

    >>> checks_sentence(["mr", "hi", "fr"])
    'hi: its own; fr, mr: the general ones'
    """
    present = set(languages)
    own = [language for language in OWN_CHECKS if language in present]
    general = sorted(present - set(OWN_CHECKS))
    parts = [f"{', '.join(own)}: {'its' if len(own) == 1 else 'their'} own"] if own else []
    return "; ".join([*parts, f"{', '.join(general)}: the general ones"] if general else parts)
