"""Whether the words of a text are damaged though each is a legal sequence of letters: a noisy channel over a vocabulary.

A word is held against two stories. It was meant as it stands: its frequency in the vocabulary, and for new words the character model.
Or it is the result of a damage (`channels`) to another word, which was meant. The ratio of the two probabilities is the word's odds. No
single word decides, because names and rare words look damaged too: a text's evidence is the log likelihood ratio of "a share of its words
is damaged" against "none is", over its different words (who repeats a name did not mistype it). Evidence above log(100) comes by chance
in at most 1 % of texts where the model is right (Markov's inequality), whatever their length; STRANGE_WORDS is for where it is not.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from gpu_runner.text.script.channels import DAMAGES, Damage, chance, originals
from gpu_runner.text.script.characters import CharacterModel
from gpu_runner.text.script.letters import PlacedWord, folded, placed_words

# Absolute discounting, as usual between 0.5 and 1.
_DISCOUNT: Final = 0.75
# The share of words that no vocabulary has: 8 to 13 % of the calibration texts. With less, names are taken for damage; 0.1 told more of it
# and is nearer to what was seen, 0.15 leaves room for stranger subjects.
NEW_WORDS: Final = 0.15
# The odds of one word count no more than this, lest a single name makes a text's evidence.
MOST_ODDS: Final = 100.0
# The shares of damaged words that a text's evidence is averaged over.
_SHARES: Final = (0.02, 0.05, 0.1, 0.2, 0.4)
# For the expected number of damaged words, where two sides are compared.
_SHARE_OF_A_SIDE: Final = 0.05
LEAST_EVIDENCE: Final = math.log(100)
# What a text of a subject that is strange to the vocabulary gathers beyond that, a word above the first forty: with both, at most 1 % of
# the calibration half's texts of 5 to 400 words are suspect (docs/evaluation/script.md).
STRANGE_WORDS: Final = 0.02
_FREE_WORDS: Final = 40
# A word is told as a suspect where it is more likely damaged than not in a text with a tenth of its words damaged.
_SUSPECT_ODDS: Final = 9.0


@dataclass(frozen=True)
class Suspect:
    """A word that looks damaged: where it stands, by which damage, and the most likely word that was meant (None where none is known)."""

    word: str
    start: int
    end: int
    odds: float
    damage: Damage
    meant: str | None


@dataclass(frozen=True)
class LexicalReport:
    """The evidence of damage in one text, in nats; the expected number of damaged words among its different words.

    `damaged` and `words` count known words too, because they are for the comparison of two sides: one that says more of what a
    reference says would seem less damaged.
    """

    evidence: float
    damaged: float
    words: int
    suspects: tuple[Suspect, ...]

    @property
    def suspect(self) -> bool:
        """Whether the text has damaged words, at 1 % false."""
        return self.evidence > LEAST_EVIDENCE + STRANGE_WORDS * max(0, self.words - _FREE_WORDS)


class LexicalModel:
    """A vocabulary (folded words with their counts) and a character model of it; odds are kept, so a frequent word costs one look-up."""

    def __init__(self, counts: Mapping[str, int]) -> None:
        self._counts = dict(counts)
        self._total = max(1, sum(counts.values()))
        self._characters = CharacterModel(self._counts)
        self._odds: dict[str, float] = {}
        self._slips: dict[str, float] = {}

    def with_texts(self, texts: Iterable[str]) -> LexicalModel:
        """A model that has learnt from these texts too, such as an installation's documents; costs as much as learning anew."""
        return LexicalModel(Counter(self._counts) + count_words(texts))

    def __contains__(self, word: str) -> bool:
        return folded(word) in self._counts

    def odds(self, word: str) -> float:
        """How many times likelier the word is as a damaged one than as it stands.

        >>> model = LexicalModel({"कमला": 90, "कमल": 1, "नमक": 9})
        >>> model.odds("कमला") < 0.1 < 1 < model.odds("कमलो")
        True
        """
        key = folded(word)
        found = self._odds.get(key)
        if found is None:
            found = self._odds[key] = sum(self._damaged(key, damage) for damage in DAMAGES) / len(DAMAGES) / self._meant(key)
        return found

    def slip_odds(self, word: str) -> float:
        """How many times likelier the word is as one with a slipped vowel sign (`channels`) than as it stands; 0 where nothing is known."""
        key = folded(word)
        found = self._slips.get(key)
        if found is None:
            damaged = self._damaged(key, "slipped_sign")
            found = self._slips[key] = damaged / self._meant(key) if damaged else 0.0
        return found

    def report(self, text: str, *, known: Collection[str] = (), suspects: bool = False) -> LexicalReport:
        """The evidence in one text; words of `known` (folded: of the question, the references, the passages) are taken as they stand.

        The suspects are found only where asked for.
        """
        placed: dict[str, PlacedWord] = {}
        for found in placed_words(text):
            placed.setdefault(folded(found.word), found)
        every = {key: min(MOST_ODDS, self.odds(key)) for key in placed}
        odds = {key: value for key, value in every.items() if key not in known}
        values = odds.values()
        logs = [sum(math.log1p(share * (value - 1)) for value in values) for share in _SHARES]
        highest = max(logs)
        share = _SHARE_OF_A_SIDE
        return LexicalReport(
            evidence=highest + math.log(sum(math.exp(log - highest) for log in logs) / len(logs)),
            damaged=sum(share * value / (1 + share * (value - 1)) for value in every.values()),
            words=len(placed),
            suspects=tuple(self._suspect(placed[key]) for key, value in odds.items() if value > _SUSPECT_ODDS) if suspects else (),
        )

    def _frequency(self, key: str) -> float:
        count = self._counts.get(key)
        return (1 - NEW_WORDS) * (count - _DISCOUNT) / self._total if count else 0.0

    def _meant(self, key: str) -> float:
        return self._frequency(key) + NEW_WORDS * self._characters.probability(key)

    def _damaged(self, key: str, damage: Damage) -> float:
        """The probability of the word as a result of one damage.

        Words outside the vocabulary are thought of for a lost virama alone: they have most of them (`राष्ट्रीयकरण`), and few originals are
        possible; for the other damages they would cost thirty times as much and told nothing more.
        """
        counts = self._counts
        found = 0.0
        for original in originals(key, damage):
            if original in counts:
                found += self._frequency(original) * chance(original, damage)
            if damage == "dropped_virama":
                found += NEW_WORDS * self._characters.probability(original) * chance(original, damage)
        return found

    def _suspect(self, placed: PlacedWord) -> Suspect:
        key = folded(placed.word)
        damage = max(DAMAGES, key=lambda name: self._damaged(key, name))
        meant = [original for original in originals(key, damage) if original in self._counts]
        best = max(meant, key=lambda original: self._frequency(original) * chance(original, damage)) if meant else None
        return Suspect(placed.word, placed.start, placed.end, round(self.odds(key), 3), damage, best)


def count_words(texts: Iterable[str]) -> Counter[str]:
    """The folded words of Devanagari with how often they stand in the texts."""
    return Counter(folded(found.word) for text in texts for found in placed_words(text))
