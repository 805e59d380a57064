"""Finds the held-out question that a question asks in other words, or in another language, by sentence embeddings.

The likeness is CSLS against the other known questions of each script (`csls.py`), weighed with what the texts say (`evidence.py`).
Cost: one embedding a text (26 ms of one core), n·m products, and an embedding for each answer of a pair that is near enough to be weighed.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gpu_runner.dataset.firewall.alignment import align, same_word
from gpu_runner.dataset.firewall.canonical import canonical
from gpu_runner.dataset.firewall.csls import ROWS_AT_ONCE, csls, neighbourhood
from gpu_runner.dataset.firewall.embedder import Embedder
from gpu_runner.dataset.firewall.evidence import (
    NO_ANSWERS,
    EvidenceWeights,
    Likeness,
    answers_alike,
    features,
    fitted,
    heard,
    sound,
    traits,
)
from gpu_runner.dataset.firewall.lexical import COMMON_ANSWER_SHARE, COMMON_ANSWERS
from gpu_runner.dataset.firewall.questions import PARAPHRASE, TRANSLATION, HeldOut, Hit, TrainingQuestion, may_be_same
from gpu_runner.dataset.firewall.templates import Templates
from schemas.reading.json_lines import own_lines

SCRIPTS: Final = ("en", "hi")
# Of each script so many known questions, chosen by hash, are the neighbourhoods: a product of 20,000 by 4,000 takes seconds.
MOST_BACKGROUND: Final = 4000
# Pairs that are weighed: the nearest of a candidate, where they are nearer than their neighbourhoods by this.
MOST_WEIGHED: Final = 8
LEAST_CSLS: Final = 0.0
# A word of fewer known questions than this is a name of something, not what is asked of it.
RARE_SHARE: Final = 0.05
SAME_ANSWER: Final = 0.6


@dataclass(frozen=True)
class WeighedPair:
    """A candidate and a held-out item by their places, with the evidence that they are one question."""

    candidate: int
    held: int
    evidence: list[float]


class SemanticIndex:
    """An index of held-out questions by their embeddings; `known` are (question, answer) of everything else, candidates included."""

    def __init__(self, held_out: Sequence[HeldOut], known: Iterable[tuple[str, str]], embedder: Embedder) -> None:
        self._held = tuple(held_out)
        self._embedder = embedder
        self._vectors: dict[str, NDArray[np.float32]] = {}
        known = list(dict.fromkeys(known))
        questions = list(dict.fromkeys([*(one.question for one in self._held), *(question for question, _ in known)]))
        self._counts: Counter[str] = Counter(name for question in questions for name in traits(question).sounds)
        texts = list(dict.fromkeys(map(canonical, questions)))
        self._templates = Templates(texts)
        self._words: Counter[str] = Counter(word for text in texts for word in set(text.split()))
        self._answers: Counter[str] = Counter(answer for _, answer in known)
        self._asked: dict[str, list[str]] = defaultdict(list)
        for question, answer in known:
            self._asked[answer].append(question)
        self._known = len(questions)
        first = {one.question for one in self._held} | set(usual_questions())
        around = list(dict.fromkeys([*questions, *usual_questions()]))
        self._texts = {script: _chosen([text for text in around if traits(text).script == script], first) for script in SCRIPTS}
        self._background = {script: self._embedded(self._texts[script]) for script in SCRIPTS}
        self._questions = self._embedded([one.question for one in self._held])
        self._about = {script: neighbourhood(self._questions, self._background[script]) for script in SCRIPTS}
        self._of_script = {
            script: np.array([place for place, one in enumerate(self._held) if traits(one.question).script == script], dtype=np.intp)
            for script in SCRIPTS
        }

    def hits(self, candidates: Sequence[TrainingQuestion], weights: EvidenceWeights | None = None) -> list[Hit | None]:
        """For each candidate the held-out question that it asks in other words or another language; the likeliest of several."""
        weights = weights or fitted()
        found: list[Hit | None] = [None] * len(candidates)
        for pair in self.pairs(candidates):
            probability = weights.probability(pair.evidence)
            before = found[pair.candidate]
            if probability >= weights.least(pair.evidence) and (before is None or probability > before.similarity):
                crossed = traits(candidates[pair.candidate].question).script != traits(self._held[pair.held].question).script
                found[pair.candidate] = Hit(self._held[pair.held].item_id, TRANSLATION if crossed else PARAPHRASE, probability)
        return found

    def pairs(self, candidates: Sequence[TrainingQuestion]) -> Iterator[WeighedPair]:
        """The nearest held-out questions of each candidate in each script, with the evidence."""
        if not candidates or not self._held:
            return
        vectors = self._embedded([one.question for one in candidates])
        scripts = np.array([traits(one.question).script for one in candidates])
        near: list[tuple[int, int, float]] = []
        for asked_in in SCRIPTS:
            places = np.flatnonzero(scripts == asked_in)
            for held_in in SCRIPTS:
                columns = self._of_script[held_in]
                if len(places) and len(columns):
                    about = neighbourhood(vectors[places], self._background[held_in])
                    scaled = csls(vectors[places], self._questions[columns], about, self._about[asked_in][columns])
                    near += [(int(places[row]), int(columns[at]), float(scaled[row, at])) for row, at in _nearest(scaled)]
        near = [one for one in near if may_be_same(candidates[one[0]], self._held[one[1]])]
        self._embedded([text for at, held, _ in near for text in (candidates[at].answer, *self._held[held].answers[:1]) if text.strip()])
        nearer = self._nearer(candidates, vectors, near)
        for (at, held, scaled_by), ahead in sorted(zip(near, nearer, strict=True)):
            answers = self._answers_alike(candidates[at].answer, self._held[held].answers)
            same_answer = answers[1] >= SAME_ANSWER and self._is_of_one_thing(candidates[at].answer, self._held[held].question)
            if not self._fillers_agree(candidates[at].question, self._held[held].question, same_answer):
                continue
            likeness = Likeness(scaled_by, ahead, answers)
            evidence = features(candidates[at].question, self._held[held].question, likeness, weight=self._weight)
            yield WeighedPair(at, held, evidence)

    def _nearer(
        self, candidates: Sequence[TrainingQuestion], vectors: NDArray[np.float32], near: Sequence[tuple[int, int, float]]
    ) -> list[float]:
        """For each pair by how much another known question of the held-out one's script is nearer to the candidate; 0 where none is.

        Another wording of a leaked question is about as near as the held-out one; to another question of its subject a third is nearer.
        """
        nearest: dict[tuple[int, str], list[tuple[str, float]]] = {}
        for script in SCRIPTS:
            texts, background = self._texts[script], self._background[script]
            wanted = sorted({at for at, held, _ in near if traits(self._held[held].question).script == script})
            for start in range(0, len(wanted), ROWS_AT_ONCE):
                places = wanted[start : start + ROWS_AT_ONCE]
                cosines = vectors[places] @ background.T
                most = min(3, cosines.shape[1])
                best = np.argpartition(-cosines, most - 1, axis=1)[:, :most]
                for row, at in enumerate(places):
                    nearest[at, script] = sorted(((texts[one], float(cosines[row, one])) for one in best[row]), key=lambda found: -found[1])
        out = []
        for at, held, _ in near:
            question, item = candidates[at].question, self._held[held].question
            cosine = float(vectors[at] @ self._questions[held])
            others = [found for text, found in nearest[at, traits(item).script] if text not in (question, item)]
            out.append(min(0.0, cosine - others[0]) if others else 0.0)
        return out

    def _fillers_agree(self, question: str, held: str, same_answer: bool) -> bool:
        """Whether what stands in the slot of a template is in both questions, over scripts by its sound.

        What is not may be what a paraphrase changes, but embeddings hardly tell the things of one template apart: then no name may
        differ, and the answer must be the same.
        """
        words, held_words = tuple(canonical(question).split()), tuple(canonical(held).split())
        one_script = traits(question).script == traits(held).script
        apart: list[tuple[str, str]] = []
        for text, spoken, other, others in ((question, words, held, held_words), (held, held_words, question, words)):
            for word in self._templates.slot_words(spoken):
                same = word in others or (one_script and any(same_word(word, one) for one in others))
                if not same and not (not one_script and sound(word) and heard(sound(word), traits(other).sounds)):
                    apart.append((text, word))
        if not apart:
            return True
        if not same_answer:
            return False
        if not one_script:
            return not self._names_apart(apart)
        another_filler = len({text for text, _ in apart}) == 2 and self._one_form(words, held_words)
        named = any(self._words[word] <= RARE_SHARE * self._known or sound(word) in traits(text).names for text, word in apart)
        return not another_filler and not named

    @staticmethod
    def _one_form(words: tuple[str, ...], held_words: tuple[str, ...]) -> bool:
        """Whether most words of each are in the other: what differs then is another filler, not another wording."""
        aligned = align(words, held_words)
        return max(len(aligned.left), len(aligned.right)) <= len(aligned.matched)

    def _names_apart(self, apart: Sequence[tuple[str, str]]) -> bool:
        """Whether a word that is not in the other script's question is too rare to be one that is translated, not spelt."""
        return any(self._words[word] <= RARE_SHARE * self._known and sound(word) for _, word in apart)

    def _is_of_one_thing(self, answer: str, held: str) -> bool:
        """Whether all known questions with this answer name what the held-out question names: else it is many things' answer."""
        sounds = traits(held).sounds
        if not sounds:
            return False
        name = max(sorted(sounds), key=self._weight)
        return all(heard(name, traits(question).sounds) for question in self._asked[answer])

    def _answers_alike(self, answer: str, right: Sequence[str]) -> tuple[float, float, float, float]:
        """The evidence of the answers; none where one is missing, or is an answer of many questions."""
        if not answer.strip() or not right or self._answers[answer] > max(COMMON_ANSWERS, COMMON_ANSWER_SHARE * self._known):
            return NO_ANSWERS
        one, other = self._vectors.get(answer), self._vectors.get(right[0])
        return NO_ANSWERS if one is None or other is None else answers_alike(answer, right, float(one @ other))

    def _weight(self, sound: str) -> float:
        return math.log((self._known + 1) / (self._counts[sound] + 0.5))

    def _embedded(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(n, d): the vectors of the texts, each text embedded once."""
        new = [text for text in dict.fromkeys(texts) if text not in self._vectors]
        if new:
            self._vectors.update(zip(new, self._embedder.encode(new), strict=True))
        return np.stack([self._vectors[text] for text in texts]) if texts else np.zeros((0, 1), dtype=np.float32)


@lru_cache(maxsize=1)
def usual_questions() -> tuple[str, ...]:
    """Questions of the project's own in both scripts: the neighbourhood where a corpus has few of a script."""
    data = (Path(__file__).parent / "background.jsonl").read_bytes()
    return tuple(str(row["question"]) for _, row in own_lines(data))


def _chosen(texts: Sequence[str], first: set[str]) -> list[str]:
    """At most MOST_BACKGROUND of the texts, those of `first` always, then by hash."""
    ranked = sorted(texts, key=lambda text: (text not in first, hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()))
    return ranked[:MOST_BACKGROUND]


def _nearest(scaled: NDArray[np.float32]) -> Iterator[tuple[int, int]]:
    most = min(MOST_WEIGHED, scaled.shape[1])
    best = np.argpartition(-scaled, most - 1, axis=1)[:, :most]
    for row, columns in enumerate(best):
        for column in columns:
            if scaled[row, column] >= LEAST_CSLS:
                yield row, int(column)
