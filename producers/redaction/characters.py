"""Characters that stand between the parts of a number, and digits of other scripts."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

# They show nothing: joiners, the byte order mark, the soft hyphen, and what makes a digit a keycap.
UNSEEN: Final = "\u200b-\u200d\u2060\ufeff\u00ad\ufe0f\u20e3"
SPACES: Final = " \u00a0\u2000-\u200a\u202f\u3000"
DASHES: Final = "\\-\u2010-\u2015\u2212"
_OTHER_DIGIT: Final = re.compile(r"(?![0-9])\d")


def with_ascii_digits(text: str) -> str:
    """The text with every decimal digit of Unicode as 0-9: one character for one, so that a place in it is the same place in the text.

    >>> with_ascii_digits("१९५१ में")
    '1951 में'
    """
    return text if text.isascii() else _OTHER_DIGIT.sub(lambda match: str(unicodedata.decimal(match[0])), text)
