"""Finds questions that nearly equal a held-out one: exact after normalisation, or overlapping in rare character 4-grams.

4-grams weigh by their rarity in everything known (IDF), so that a shared question form ("When was the … founded?") counts little and a
shared name much; an inverted index keeps a look-up near the postings of the question's own 4-grams. Thresholds were measured on XQuAD
and on the tiny model's templated corpus (docs/log.md, "Evaluation and data").
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass

from gpu_runner.text.normalise import hi_lenient, words
from gpu_runner.text.token_f1 import token_f1

GRAM = 4
LEAST_JACCARD = 0.5
LEAST_CONTAINMENT = 0.8
SAME_ANSWER_F1 = 0.6
RARE_SHARE = 0.05  # a word in fewer of the known questions than this can name the thing asked about


@dataclass(frozen=True)
class Match:
    """The held-out question that is near; `similarity` is the weighted Jaccard index, 1.0 where the keys are equal."""

    question: str
    similarity: float


class NearDuplicates:
    """An index of held-out (question, answers); `background` are the other questions, known only to weigh 4-grams and words.

    `forms` are words that name nothing however rare they are.

    >>> held_out = NearDuplicates([("When was the Indian Museum in Kolkata founded?", ("1814",))], ["Who built the Red Fort?"])
    >>> held_out.nearest("Tell me, when was the Indian Museum in Kolkata founded?", "in 1814") is None
    False
    >>> held_out.nearest("When was the Red Fort built?", "1648") is None
    True
    """

    def __init__(
        self, held_out: Iterable[tuple[str, Sequence[str]]], background: Iterable[str] = (), *, forms: Container[str] = ()
    ) -> None:
        self._forms = forms
        answers: dict[str, set[str]] = defaultdict(set)
        for question, its_answers in held_out:
            answers[" ".join(question.split())].update(hi_lenient(answer) for answer in its_answers)
        self._questions = tuple(sorted(answers))
        self._answers = [frozenset(answers[question]) for question in self._questions]
        self._exact = {hi_lenient(question): number for number, question in enumerate(self._questions)}
        keys = sorted({*self._exact, *map(hi_lenient, background)})
        self._known = len(keys)
        self._gram_counts: Counter[str] = Counter()
        self._word_counts: Counter[str] = Counter()
        for key in keys:
            self._gram_counts.update(_grams(key))
            self._word_counts.update(set(words(key)))
        self._sizes: list[float] = []
        self._words: list[frozenset[str]] = []
        self._postings: dict[str, list[int]] = defaultdict(list)
        for number, question in enumerate(self._questions):
            key = hi_lenient(question)
            grams = _grams(key)
            self._sizes.append(sum(map(self._weight, grams)))
            self._words.append(frozenset(words(key)))
            for gram in grams:
                self._postings[gram].append(number)

    def nearest(self, question: str, answer: str) -> Match | None:
        """The nearest held-out question at or over a threshold; None where there is none.

        A near question about another thing is let pass: one whose answer is not the held-out one (F1 under 0.6), where both
        questions have a rare word that the other lacks (two museums asked about in the same form).
        """
        key = hi_lenient(question)
        if key in self._exact:
            return Match(self._questions[self._exact[key]], 1.0)
        best: Match | None = None
        for number, jaccard in self._near(key):
            if (best is None or jaccard > best.similarity) and not self._another_thing(key, answer, number):
                best = Match(self._questions[number], min(jaccard, 1.0))
        return best

    def all_near(self, question: str) -> tuple[str, ...]:
        """Every held-out question at or over a threshold, itself too, but for those about another thing, whatever the answers."""
        key = hi_lenient(question)
        return tuple(self._questions[number] for number, _ in self._near(key) if not self._names_another_thing(key, number))

    def _near(self, key: str) -> Iterator[tuple[int, float]]:
        """The numbers of the held-out questions over a threshold, with the weighted Jaccard index."""
        grams = sorted(_grams(key))
        size = sum(map(self._weight, grams))
        shared: dict[int, float] = defaultdict(float)
        for gram in grams:
            weight = self._weight(gram)
            for number in self._postings.get(gram, ()):
                shared[number] += weight
        for number, common in sorted(shared.items()):
            jaccard = common / (size + self._sizes[number] - common)
            contained = common / min(size, self._sizes[number])
            if jaccard >= LEAST_JACCARD or contained >= LEAST_CONTAINMENT:
                yield number, jaccard

    def _weight(self, gram: str) -> float:
        return math.log((self._known + 1) / (self._gram_counts.get(gram, 0) + 0.5))

    def _another_thing(self, key: str, answer: str, number: int) -> bool:
        given = hi_lenient(answer)
        if any(token_f1(given, held) >= SAME_ANSWER_F1 for held in self._answers[number]):
            return False
        return self._names_another_thing(key, number)

    def _names_another_thing(self, key: str, number: int) -> bool:
        """Whether both questions have a rare word that the other lacks."""
        asked, held_words = frozenset(words(key)), self._words[number]
        return any(map(self._rare, asked - held_words)) and any(map(self._rare, held_words - asked))

    def _rare(self, word: str) -> bool:
        return word not in self._forms and self._word_counts.get(word, 0) <= max(1.0, RARE_SHARE * self._known)


def _grams(key: str) -> frozenset[str]:
    padded = f" {key} "
    return frozenset(padded[start : start + GRAM] for start in range(max(1, len(padded) - GRAM + 1)))
