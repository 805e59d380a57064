"""PAN and GSTIN: taken only where the letters of their kind and the check character hold."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

from stdnum.in_ import gstin, pan

from producers.redaction.characters import DASHES, SPACES, UNSEEN, with_ascii_digits

_NO_WORD_BEFORE: Final = r"(?<![A-Za-z0-9_])"
_NO_WORD_AFTER: Final = r"(?![A-Za-z0-9_])"
_G: Final = rf"(?:[{SPACES}{DASHES}{UNSEEN}])?"
_GSTIN: Final = re.compile(
    rf"{_NO_WORD_BEFORE}\d{{2}}{_G}[A-Za-z]{{5}}{_G}\d{{4}}{_G}[A-Za-z]{_G}[1-9A-Za-z]{_G}[Zz]{_G}[0-9A-Za-z]{_NO_WORD_AFTER}", re.ASCII
)
# What every GSTIN and PAN holds: most texts have none, and need no look at the long patterns.
MAY_HOLD: Final = re.compile(rf"[A-Za-z]{_G}\d{{4}}{_G}[A-Za-z]")
# In lower case only without gaps: "the stupa 1500 a day" has the shape of a PAN.
_PAN: Final = re.compile(rf"{_NO_WORD_BEFORE}(?:[A-Za-z]{{5}}\d{{4}}[A-Za-z]|[A-Z]{{5}}{_G}\d{{4}}{_G}[A-Z]){_NO_WORD_AFTER}", re.ASCII)
_NOT_CHARACTER: Final = re.compile(r"[^0-9A-Za-z]")


def gstins(text: str) -> Iterator[tuple[int, int, str]]:
    """The places of GSTINs."""
    return _checked(_GSTIN, gstin.is_valid, text, "gstin")


def pans(text: str) -> Iterator[tuple[int, int, str]]:
    """The places of PANs."""
    return _checked(_PAN, pan.is_valid, text, "pan")


def _checked(pattern: re.Pattern[str], valid: Callable[[str], bool], text: str, kind: str) -> Iterator[tuple[int, int, str]]:
    for match in pattern.finditer(with_ascii_digits(text)):
        if valid(_NOT_CHARACTER.sub("", match[0])):
            yield *match.span(), kind
