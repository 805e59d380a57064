"""Text as broken pipelines leave it: vowel signs lost, and UTF-8 read as Windows-1252."""

from __future__ import annotations

from typing import Final

import numpy as np

MATRAS: Final = frozenset("ािीुूृेैोौॉॅॆॊ")

# Windows-1252 as browsers read it: its five unassigned bytes stand for themselves, so that nothing is lost.
_CP1252: Final = {byte: bytes([byte]).decode("cp1252", "ignore") or chr(byte) for byte in range(0x80, 0xA0)}
_BYTES: Final = {ord(character): byte for byte, character in _CP1252.items()}


def without_matras(text: str, share: float, rng: np.random.Generator) -> str:
    """The text with each vowel sign lost with probability `share`, independently; anusvara, virama and nukta stay.

    >>> without_matras("हिन्दी की किताबें", 1.0, np.random.default_rng(0))
    'हन्द क कतबं'
    """
    lost = iter((rng.random(len(text)) < share).tolist())
    return "".join(letter for letter, drop in zip(text, lost, strict=True) if not (drop and letter in MATRAS))


def mojibake(text: str) -> str:
    """UTF-8 read as Windows-1252; ASCII stays as it is.

    >>> mojibake("यह “ठीक” है")
    'à¤¯à¤¹ â€œà¤\\xa0à¥€à¤•â€\\x9d à¤¹à¥ˆ'
    """
    return text.encode().decode("latin-1").translate(_CP1252)


def from_mojibake(text: str) -> str:
    """What `mojibake` was made of.

    >>> from_mojibake(mojibake("यह “ठीक” है"))
    'यह “ठीक” है'
    """
    return text.translate(_BYTES).encode("latin-1").decode()
