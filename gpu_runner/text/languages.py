"""The languages that questions may be in, and the script that each is written in.

English and the languages of the eighth schedule of India's constitution, by their ISO 639 codes. `other`: neither Devanagari nor Latin.
"""

from __future__ import annotations

from collections.abc import Mapping
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
