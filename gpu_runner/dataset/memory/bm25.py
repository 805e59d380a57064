"""BM25 over character 4-grams: which of many questions are most like one.

Robertson and Zaragoza 2009, The Probabilistic Relevance Framework. 4-grams of the lenient spelling instead of words, so that inflected
Hindi and romanised forms are alike without a stemmer.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Final

from gpu_runner.text.normalise import hi_lenient

GRAM: Final = 4
# The paper's usual values: how fast a repeated term saturates, and how far the length counts.
K1: Final = 1.2
B: Final = 0.75


class Bm25:
    """An index of texts.

    >>> Bm25(["Who built the Red Fort?", "Where is the Red Fort?", "Who carved the pillar?"]).nearest("Tell me who built the Red Fort", 2)
    [0, 1]
    """

    def __init__(self, texts: Sequence[str]) -> None:
        counts = [_grams(text) for text in texts]
        self._lengths = [count.total() for count in counts]
        self._mean_length = sum(self._lengths) / max(1, len(self._lengths))
        self._postings: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for place, count in enumerate(counts):
            for gram, times in count.items():
                self._postings[gram].append((place, times))

    def nearest(self, text: str, most: int) -> list[int]:
        """The places of at most `most` texts that share anything with this one, the most alike first; of equals the first."""
        scores: dict[int, float] = defaultdict(float)
        for gram in sorted(_grams(text)):
            found = self._postings.get(gram, ())
            rarity = math.log(1 + (len(self._lengths) - len(found) + 0.5) / (len(found) + 0.5))
            for place, times in found:
                length = K1 * (1 - B + B * self._lengths[place] / self._mean_length)
                scores[place] += rarity * times * (K1 + 1) / (times + length)
        return sorted(scores, key=lambda place: (-scores[place], place))[:most]


def _grams(text: str) -> Counter[str]:
    padded = f" {hi_lenient(text)} "
    return Counter(padded[start : start + GRAM] for start in range(max(1, len(padded) - GRAM + 1)))
