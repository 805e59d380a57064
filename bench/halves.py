"""The half of a set that a case belongs to: one half tunes, the other is for the figure at the end."""

from __future__ import annotations

import hashlib
from typing import Literal

Half = Literal["tuning", "final"]


def half_of_text(text: str, key: bytes) -> Half:
    """By a keyed hash of the text, whatever its case and white space: the same text is always in one half."""
    share = hashlib.blake2b(" ".join(text.casefold().split()).encode(), key=key, digest_size=6).digest()
    return "final" if share[0] % 2 else "tuning"
