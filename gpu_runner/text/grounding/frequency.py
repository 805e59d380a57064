"""How rare a word is in plain Hindi and English: from the frequencies of stems in stories, reviews, mails and answers."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Final

from gpu_runner.text.grounding.reading import ReadWord

FILE: Final = "frequencies.json"


@lru_cache(maxsize=1)
def _frequencies() -> tuple[Mapping[str, int], float]:
    """Sentences that hold each stem, in 10,000; and the logarithm of the rarest."""
    found = json.loads(files(__package__).joinpath(FILE).read_text(encoding="utf-8"))
    return {stem: int(count) for count, stems in found["stems"].items() for stem in stems.split()}, math.log(10_001)


def rarity(word: ReadWord) -> float:
    """From 0 (in every sentence) to 1 (in less than one of 10,000)."""
    counts, rarest = _frequencies()
    return math.log(10_001 / (counts.get(word.stem, 0) + 1)) / rarest
