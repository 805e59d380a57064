"""The sources of claims, read once: where each word, or another form of it, and each number stands."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from fractions import Fraction
from functools import cached_property, lru_cache
from typing import Final

from gpu_runner.text.grounding.reading import ReadQuantity, ReadSentence, ReadWord, read_sentences
from gpu_runner.text.grounding.stems import skeleton

STEM_CHARACTERS: Final = 4
_LEAST_SKELETON: Final = 2


class ReadSources:
    """Some texts, read once for many claims. Memory: about twenty times their text."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = tuple(texts)
        by_text = [read_sentences([text]) for text in texts]
        self.sentences = tuple(sentence for sentences in by_text for sentence in sentences)
        self.source_of = tuple(number for number, sentences in enumerate(by_text) for _ in sentences)
        places: defaultdict[str, set[int]] = defaultdict(set)
        for number, sentence in enumerate(self.sentences):
            for key in sentence_keys(sentence):
                places[key].add(number)
        self._places = {key: frozenset(where) for key, where in places.items()}
        self.quantities: dict[Fraction, list[tuple[int, ReadQuantity]]] = defaultdict(list)
        for number, sentence in enumerate(self.sentences):
            for one in sentence.quantities:
                self.quantities[one.value].append((number, one))
        letters = [word.folded.isascii() for one in self.sentences for word in one.content]
        self.mostly_latin = 2 * sum(letters) > len(letters)

    @cached_property
    def _skeletons(self) -> dict[str, frozenset[int]]:
        found: defaultdict[str, set[int]] = defaultdict(set)
        for number, sentence in enumerate(self.sentences):
            for word in sentence.words:
                if word.content and len(key := skeleton(word.folded)) >= _LEAST_SKELETON:
                    found[f"{word.folded.isascii()}{key}"].add(number)
        return {key: frozenset(where) for key, where in found.items()}

    def where(self, word: ReadWord) -> frozenset[int]:
        """The sentences in which a word or another form of it stands; of another script one that sounds alike."""
        found = self._places.get(word.stem)
        if found is None and len(word.folded) >= STEM_CHARACTERS:
            found = self._places.get("^" + word.folded[:STEM_CHARACTERS])
        if found is None and len(key := skeleton(word.folded)) >= _LEAST_SKELETON:
            found = self._skeletons.get(f"{not word.folded.isascii()}{key}")
        return found if found is not None else frozenset()


def sentence_keys(sentence: ReadSentence) -> set[str]:
    """What a sentence is found by: stems and, for other forms, the first letters of its words."""
    return {word.stem for word in sentence.words} | {
        "^" + word.folded[:STEM_CHARACTERS] for word in sentence.words if len(word.folded) >= STEM_CHARACTERS
    }


@lru_cache(maxsize=1_024)
def read_sources(texts: tuple[str, ...]) -> ReadSources:
    """The sources, read; answers to one document come many times."""
    return ReadSources(texts)
