"""How likely a sequence of letters is as a word: a character n-gram model with Witten-Bell smoothing.

Witten and Bell (1991), method C: a context that was followed by n characters of t kinds keeps t / (n + t) for the context that is one
character shorter; below the unigrams stands an even choice among the signs of a script.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from typing import Final

# Of 3 to 6 characters, 4 told damage best on the calibration part of the data, and it is learnt in half a second.
ORDER: Final = 4
# About as many characters as Devanagari words are written in.
_ALPHABET: Final = 90
_START: Final = "^"
_END: Final = "$"


class CharacterModel:
    """A distribution over words, learnt from a list of different words (each counts once, however frequent).

    Learning costs O(characters x order); a word costs O(characters) after its contexts were met once.
    """

    def __init__(self, words: Iterable[str], order: int = ORDER) -> None:
        self._order = order
        followers: defaultdict[str, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
        for word in words:
            padded = self._padded(word)
            for place in range(order - 1, len(padded)):
                for length in range(order):
                    followers[padded[place - length : place]][padded[place]] += 1
        self._followers = followers
        self._totals = {context: (sum(counts.values()), len(counts)) for context, counts in followers.items()}
        self._known: dict[str, float] = {}

    def probability(self, word: str) -> float:
        """The probability of the word, its end included; above zero for every word.

        >>> model = CharacterModel(["कमल", "कमरा", "नमक"])
        >>> model.probability("कमला") > model.probability("लकाम") > 0
        True
        """
        padded = self._padded(word)
        return math.exp(sum(self._log(padded[place - self._order + 1 : place + 1]) for place in range(self._order - 1, len(padded))))

    def _padded(self, word: str) -> str:
        return _START * (self._order - 1) + word + _END

    def _log(self, gram: str) -> float:
        found = self._known.get(gram)
        if found is None:
            found = self._known[gram] = math.log(self._smoothed(gram[:-1], gram[-1]))
        return found

    def _smoothed(self, context: str, character: str) -> float:
        shorter = self._smoothed(context[1:], character) if context else 1 / _ALPHABET
        totals = self._totals.get(context)
        if totals is None:
            return shorter
        seen, kinds = totals
        return (self._followers[context].get(character, 0) + kinds * shorter) / (seen + kinds)
