"""Which column of a sketch counts what. A sketch is one row of integers, so merging is adding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

DIMENSIONS: Final = 64
CLUSTERS: Final = 32
BINS: Final = 8
# φ has unit length: a step of 1/4096 is far below what a mean of thousands of documents can show.
PHI_SCALE: Final = 4096
# Per-document quantities that are counted in quantile bins.
BINNED: Final = ("characters", "devanagari_share", "latin_share", "matra_ratio", "digit_share", "punctuation_share", "unknown_word_share")
# Documents that have it at all.
INDICATORS: Final = ("script_error", "mojibake", "unknown_word")
# Whether most letters are Devanagari: such documents are "hi", all others "en".
MOSTLY_DEVANAGARI: Final = "mostly_devanagari"
# Of those, the ones with an unknown word: so each language's rate is known for each group of sources.
UNKNOWN_IN_DEVANAGARI: Final = "unknown_word_in_devanagari"


@dataclass(frozen=True, slots=True)
class Block:
    """Some neighbouring columns under one name; a column's sum over `scale` is in its own unit."""

    name: str
    first: int
    beyond: int
    scale: int = 1

    @property
    def columns(self) -> slice:
        """The columns as a slice."""
        return slice(self.first, self.beyond)

    @property
    def width(self) -> int:
        """How many columns."""
        return self.beyond - self.first


def _blocks() -> dict[str, Block]:
    found, at = {}, 1
    sizes = [
        ("phi", DIMENSIONS),
        *((name, BINS) for name in BINNED),
        ("cluster", CLUSTERS),
        *((name, 1) for name in (*INDICATORS, MOSTLY_DEVANAGARI, UNKNOWN_IN_DEVANAGARI)),
    ]
    for name, width in sizes:
        found[name] = Block(name, at, at + width, PHI_SCALE if name == "phi" else 1)
        at += width
    return found


# Column 0 counts documents.
BLOCKS: Final = _blocks()
WIDTH: Final = max(block.beyond for block in BLOCKS.values())
