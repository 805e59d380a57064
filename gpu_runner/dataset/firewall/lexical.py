"""Finds the held-out question that a question equals, varies or nearly repeats, by its words alone.

Words weigh by their rarity among all known questions (IDF), and the words that tell two questions of one form apart must agree: "What is
the height of X?" is no duplicate of "What is the height of Y?", however long the rest is. A shortlist by weighted trigrams of words
(Jaccard or containment, whatever the order of the words) is one sparse product; on it words are aligned one by one. Cost: O(n + m) texts
read, one product n × m, and an alignment for at most MOST_ALIGNED pairs a question. The thresholds were chosen on half of the articles of
XQuAD (`bench.firewall`, docs/firewall.md).
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from scipy.sparse import csr_matrix

from gpu_runner.dataset.firewall.alignment import WordAlignment, align, inflected
from gpu_runner.dataset.firewall.canonical import canonical, compact
from gpu_runner.dataset.firewall.form_words import FORM_WORDS
from gpu_runner.dataset.firewall.questions import NEAR, SAME, VARIANT, HeldOut, Hit, TrainingQuestion, may_be_same
from gpu_runner.dataset.firewall.templates import Templates
from gpu_runner.dataset.questions.meaning import kind_asked_for
from gpu_runner.dataset.questions.paraphrase import question_key
from gpu_runner.text.token_f1 import token_f1

GRAM: Final = 3
LEAST_SHORTLISTED: Final = 0.3
LEAST_SHORTLIST_CONTAINED: Final = 0.6
MOST_ALIGNED: Final = 8
ROWS_AT_ONCE: Final = 4096

LEAST_JACCARD: Final = 0.5
LEAST_CONTAINED: Final = 0.8
# A short question within a long one says little where it names nothing: so many of its content words must be there.
LEAST_CONTENT_CONTAINED: Final = 2
SAME_ANSWER_F1: Final = 0.6
# An answer of more questions than this share, or than so many, tells no two of them to be one ("Yes", a state).
COMMON_ANSWER_SHARE: Final = 0.01
COMMON_ANSWERS: Final = 20
# What one content word in the place of another may weigh, of the held-out question, where the answer is the same and rare.
MOST_SUBSTITUTED: Final = 0.3
# A spelling that is so many times rarer than its like is a slip; a less rare one is a word of its own.
SLIPS_OF_A_WORD: Final = 20


@dataclass(frozen=True)
class _Held:
    item: HeldOut
    words: tuple[str, ...]
    weight: float
    answers: tuple[str, ...]


class LexicalIndex:
    """An index of held-out questions; `known` are (question, answer) of everything else, candidates included, known to weigh words.

    >>> known = [("When was the Red Fort built?", "1648"), ("When was the Agra Fort built?", "1573")]
    >>> index = LexicalIndex([HeldOut("h", "When was the Indian Museum founded?", ("1814",))], known)
    >>> index.hits([TrainingQuestion("when was  the indian museum founded", "?"), TrainingQuestion("When was the Red Fort built?", "1648")])
    [Hit(item_id='h', reason='same_question_as_holdout', similarity=1.0), None]
    """

    def __init__(self, held_out: Iterable[HeldOut], known: Iterable[tuple[str, str]] = ()) -> None:
        items = sorted(held_out, key=lambda item: item.item_id)
        texts: dict[str, None] = dict.fromkeys(canonical(item.question) for item in items)
        self._answer_counts: Counter[str] = Counter()
        for question, answer in known:
            key = canonical(question)
            if key not in texts:
                self._answer_counts[canonical(answer)] += 1
                texts[key] = None
        self._known = len(texts)
        self._word_counts: Counter[str] = Counter()
        self._gram_counts: Counter[str] = Counter()
        for text in texts:
            words = text.split()
            self._word_counts.update(set(words))
            self._gram_counts.update(_grams(words))
        self.templates = Templates(texts)
        self._held = [self._read(item) for item in items]
        self._same: dict[str, list[int]] = defaultdict(list)
        self._variants: dict[str, list[int]] = defaultdict(list)
        for place, held in enumerate(self._held):
            self._same[question_key(held.item.question)].append(place)
            self._variants[compact(" ".join(held.words))].append(place)
        self._vocabulary = {gram: place for place, gram in enumerate(sorted({g for held in self._held for g in _grams(held.words)}))}
        self._gram_weights = np.array([_idf(self._known, self._gram_counts[gram]) for gram in self._vocabulary], dtype=np.float32)
        self._held_grams = self._matrix([held.words for held in self._held])
        self._held_sizes = np.array([self._gram_size(held.words) for held in self._held], dtype=np.float32)

    def hits(self, candidates: Sequence[TrainingQuestion]) -> list[Hit | None]:
        """For each candidate the held-out question that it equals, varies or nearly repeats; of several the nearest."""
        if not self._held:
            return [None] * len(candidates)
        found = [self.exact(candidate) for candidate in candidates]
        open_places = [place for place, hit in enumerate(found) if hit is None]
        for start in range(0, len(open_places), ROWS_AT_ONCE):
            places = open_places[start : start + ROWS_AT_ONCE]
            words = [tuple(canonical(candidates[place].question).split()) for place in places]
            for place, spoken, near in zip(places, words, self._shortlists(words), strict=True):
                found[place] = self._nearest(candidates[place], spoken, near)
        return found

    def exact(self, candidate: TrainingQuestion) -> Hit | None:
        """The held-out question that the candidate spells, in the same or in a variant way; two look-ups."""
        for reason, places in (
            (SAME, self._same.get(question_key(candidate.question), ())),
            (VARIANT, self._variants.get(compact(canonical(candidate.question)), ())),
        ):
            for place in places:
                if may_be_same(candidate, self._held[place].item):
                    return Hit(self._held[place].item.item_id, reason, 1.0)
        return None

    def _nearest(self, candidate: TrainingQuestion, words: tuple[str, ...], places: Iterable[int]) -> Hit | None:
        best: Hit | None = None
        for place in places:
            held = self._held[place]
            if not may_be_same(candidate, held.item):
                continue
            similarity = self._similarity(candidate, words, held)
            if similarity is not None and (best is None or similarity > best.similarity):
                best = Hit(held.item.item_id, NEAR, similarity)
        return best

    def _similarity(self, candidate: TrainingQuestion, words: tuple[str, ...], held: _Held) -> float | None:
        """The weighted Jaccard index of two questions that are one; None where they are two."""
        aligned = align(words, held.words)
        common = sum(map(self._weight, aligned.matched)) + sum(self._weight(word) for _, pair in aligned.spelt for word in pair.split())
        size = common + sum(map(self._weight, aligned.left))
        jaccard = common / max(size + held.weight - common, 1e-9)
        contained = common / max(min(size, held.weight), 1e-9)
        if jaccard < LEAST_JACCARD and (contained < LEAST_CONTAINED or self._content(aligned.matched) < LEAST_CONTENT_CONTAINED):
            return None
        answer = self._same_answer(candidate.answer, held)
        if not answer and (self._asks_for_another(aligned, words, held) or self._names_spelt_alike(aligned, words)):
            return None
        return None if self._another_thing(aligned, words, held, rare_answer=answer) else min(jaccard, 1.0)

    @staticmethod
    def _asks_for_another(aligned: WordAlignment, words: Sequence[str], held: _Held) -> bool:
        """Whether both say what kind of answer they ask for, and not the same: "when" and "who"."""
        if not aligned.left and not aligned.right:
            return False
        meant = dict(aligned.spelt)
        asked, wanted = kind_asked_for(" ".join(meant.get(word, word) for word in words)), kind_asked_for(held.item.question)
        return asked is not None and wanted is not None and asked != wanted

    def _another_thing(self, aligned: WordAlignment, words: Sequence[str], held: _Held, *, rare_answer: bool) -> bool:
        """Whether one thing stands in the place of another: each question has a content word that the other lacks.

        Unless the answer is the same and a rare one, no number differs, the place is no template's slot and what differs weighs little.
        """
        if not aligned.left or not aligned.right:
            return False
        if self._in_slot(words, aligned.left) or self._in_slot(held.words, aligned.right):
            return True
        left, right = ([word for word in words if word not in FORM_WORDS] for words in (aligned.left, aligned.right))
        if not left or not right:
            return False
        if any(map(_is_number, left)) and any(map(_is_number, right)):
            return True
        return not rare_answer or sum(map(self._weight, right)) > MOST_SUBSTITUTED * held.weight

    def _in_slot(self, words: Sequence[str], among: Iterable[str]) -> bool:
        """Whether one of `among` stands in the slot of a template."""
        return not self.templates.slot_words(words).isdisjoint(among)

    def _names_spelt_alike(self, aligned: WordAlignment, words: Sequence[str]) -> bool:
        """Whether a word that looks misspelt is a word of its own: known from other questions, or in a slot beside one as little known."""
        for one, other in aligned.spelt:
            if inflected(one, other) or " " in one or " " in other:
                continue
            count, held_count = self._word_counts[one], self._word_counts[other]
            known = count > max(1, held_count / SLIPS_OF_A_WORD)
            if known or (held_count <= 1 and self._in_slot(words, (one,))):
                return True
        return False

    def _same_answer(self, answer: str, held: _Held) -> bool:
        """Whether the answer is a right one of the item, and not one of many questions."""
        given = canonical(answer)
        if self._answer_counts[given] > max(COMMON_ANSWERS, COMMON_ANSWER_SHARE * self._known):
            return False
        return any(token_f1(given, right) >= SAME_ANSWER_F1 for right in held.answers if right)

    def _read(self, item: HeldOut) -> _Held:
        words = tuple(canonical(item.question).split())
        return _Held(item, words, sum(map(self._weight, words)), tuple(map(canonical, item.answers)))

    def _weight(self, word: str) -> float:
        return _idf(self._known, self._word_counts[word])

    @staticmethod
    def _content(words: Iterable[str]) -> int:
        return sum(word not in FORM_WORDS for word in words)

    def _shortlists(self, texts: Sequence[tuple[str, ...]]) -> list[list[int]]:
        """For each text the places of the nearest held-out questions by weighted trigrams, the nearest first."""
        shared = np.asarray((self._matrix(texts) @ self._held_grams.T).todense())
        sizes = np.array([self._gram_size(words) for words in texts], dtype=np.float32)
        union = sizes[:, None] + self._held_sizes[None, :] - shared
        jaccard = shared / np.maximum(union, 1e-9)
        contained = shared / np.maximum(np.minimum(sizes[:, None], self._held_sizes[None, :]), 1e-9)
        jaccard[(jaccard < LEAST_SHORTLISTED) & (contained < LEAST_SHORTLIST_CONTAINED)] = 0
        out = []
        for row in jaccard:
            near = np.flatnonzero(row)
            out.append([int(place) for place in near[np.argsort(-row[near], kind="stable")][:MOST_ALIGNED]])
        return out

    def _matrix(self, texts: Sequence[Sequence[str]]) -> Any:
        """(texts, trigrams) float32: the root of a trigram's weight, so that a product of two rows is the weight that they share."""
        ends, columns = [0], list[int]()
        for words in texts:
            columns += [place for gram in _grams(words) if (place := self._vocabulary.get(gram)) is not None]
            ends.append(len(columns))
        weights = np.sqrt(self._gram_weights[columns]) if columns else np.zeros(0, dtype=np.float32)
        return csr_matrix((weights, columns, ends), shape=(len(texts), len(self._vocabulary)), dtype=np.float32)

    def _gram_size(self, words: Sequence[str]) -> float:
        return sum(_idf(self._known, self._gram_counts[gram]) for gram in _grams(words))


def _idf(known: int, count: int) -> float:
    return math.log((known + 1) / (count + 0.5))


def _grams(words: Sequence[str]) -> set[str]:
    return {padded[start : start + GRAM] for word in words for padded in (f" {word} ",) for start in range(len(padded) - GRAM + 1)}


def _is_number(word: str) -> bool:
    return any(char.isdigit() for char in word)
