"""Which words of a question stand in the slot of a template: known questions have the same other words and others in their place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from gpu_runner.dataset.firewall.alignment import same_word
from gpu_runner.dataset.firewall.form_words import FORM_WORDS

# Known questions that differ in one place alone: from so many fillers on, the place is a slot.
LEAST_FILLERS: Final = 3
# A filler is of at most so many words.
LONGEST_FILLER: Final = 3

Filler = tuple[str, ...]


class Templates:
    """The frames of all known questions (canonical texts). O(words) a question in time and memory.

    >>> known = ["when was the agra fort built", "when was the red fort built", "when was the old red fort built", "who was akbar"]
    >>> sorted(Templates(known).slot_words(("when", "was", "the", "agra", "fort", "built")))
    ['agra']
    """

    def __init__(self, texts: Iterable[str]) -> None:
        self._first: dict[int, Filler] = {}
        self._more: dict[int, set[Filler]] = {}
        for text in texts:
            for frame, filler in _frames(text.split()):
                first = self._first.setdefault(frame, filler)
                if first != filler:
                    self._more.setdefault(frame, {first}).add(filler)

    def slot_words(self, words: Sequence[str]) -> frozenset[str]:
        """The words of a question that stand in a slot, those of the question's form aside."""
        found: set[str] = set()
        for frame, filler in _frames(words):
            if found.issuperset(filler):
                continue
            known = self._more.get(frame)
            if known is not None and _distinct({*known, filler}) >= LEAST_FILLERS:
                found.update(filler)
        return frozenset(found)


def _frames(words: Sequence[str]) -> Iterator[tuple[int, Filler]]:
    """Each frame by the hash of its words in no order, with the content words that fill it; a frame has a content word of its own."""
    hashes = [hash(word) for word in words]
    content = [word not in FORM_WORDS for word in words]
    whole, named = sum(hashes), sum(content)
    for start in range(len(words)):
        for end in range(start + 1, min(start + LONGEST_FILLER, len(words)) + 1):
            inside = sum(content[start:end])
            if inside and named > inside and content[start] and content[end - 1]:
                yield whole - sum(hashes[start:end]), tuple(word for word in words[start:end] if word not in FORM_WORDS)


def _distinct(fillers: Iterable[Filler]) -> int:
    """How many fillers there are, those that differ in spelling alone counted once; no more than LEAST_FILLERS are counted."""
    kept: list[Filler] = []
    for filler in sorted(fillers):
        if not any(_alike(filler, other) for other in kept):
            kept.append(filler)
            if len(kept) == LEAST_FILLERS:
                break
    return len(kept)


def _alike(one: Filler, other: Filler) -> bool:
    return len(one) == len(other) and all(a == b or same_word(a, b) for a, b in zip(one, other, strict=True))
