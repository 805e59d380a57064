"""Whether a short answer stands where its question asks: how near the question's words are to it, beside all other places of the passage.

Words of a passage are everywhere in its paragraph, so that they are there says nothing of an answer taken from it. What tells is where:
the question's words lie about their answer (0.73 to 0.77 of wrong answers of the same paragraph by that alone), and of the
passage's numbers and names the right one is among the nearest.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from gpu_runner.text.grounding.asked_for import Kind, asked_for, asked_nouns, beside, fits, repeats_what_is_asked
from gpu_runner.text.grounding.evidence import STEM_CHARACTERS, ReadSources
from gpu_runner.text.grounding.frequency import rarity
from gpu_runner.text.grounding.reading import ReadQuantity, ReadSentence, ReadWord

_REACHES: Final = (3.0, 10.0, 30.0)
# Words between the last one of a sentence and the first one of the next, as it were.
_BETWEEN_SENTENCES: Final = 6
_OF_A_PLACE: Final = (
    *(f"near_{int(reach)}" for reach in _REACHES),
    *("in_sentence", "beside_best_sentence", "sentence_rank", "before", "after", "both_sides", "nearer_rivals"),
    *("noun_behind", "before_a_place", "behind_a_person"),
)
_FAR: Final = 60
_NAMES_OF_KINDS: Final[dict[Kind, str]] = {
    "who": "person", "when": "time", "where": "place", "number": "number", "why": "reason", "how": "way", "other": "answer to it",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Spoken:
    """A word of the sources with its place among all; a number has the place of its first word."""

    place: int
    sentence: int
    word: ReadWord


@dataclass(frozen=True)
class AnswerTraits:
    """The figures of an answer to a question, the sentence in which it stands best (None: nowhere), and what was asked for.

    `verbatim`: it stands there word for word. `asked_there`: a word of the question stands in the sources, beside the answer or in it, so
    that a place tells something; who answers with the only words that the question and the sources share answers nothing.
    """

    values: dict[str, float]
    sentence: int | None
    asked_for: str
    verbatim: bool
    asked_there: bool


def answer_traits(question: ReadSentence, answer: ReadSentence, sources: ReadSources) -> AnswerTraits:
    """The traits of an answer; of its places in the sources the one counts that the question's words are nearest to."""
    spoken = _flat(sources)
    asked = _asked_words(question, answer)
    marks = _marks(asked, spoken)
    kind = asked_for(question.text)
    values = dict(fits(kind, answer))
    answer_words = [word for word in answer.words if word.content] or list(answer.words)
    in_question = {word.stem for word in question.words}
    values["repeats_the_question"] = sum(word.stem in in_question for word in answer_words) / max(1, len(answer_words))
    values["answer_length"] = math.log1p(len(answer.words))
    spans, verbatim = _spans(answer, sources, spoken)
    values["nowhere"] = float(not spans)
    nouns = asked_nouns(question.text)
    values |= repeats_what_is_asked(nouns, answer, values["repeats_the_question"])
    firsts = _firsts(spoken)
    whole = sum(weight for _, weight in asked) or 1.0
    sentence_weights = _by_sentence(asked, spoken, len(sources.sentences))
    best_sentence = max(sentence_weights, default=0.0) or 1.0
    densest = [max((_density(place.place, place.place, marks, reach) for place in spoken[::2]), default=0.0) or 1.0 for reach in _REACHES]
    best: tuple[float, dict[str, float], int] | None = None
    for start, end, sentence in spans:
        found = {f"near_{int(reach)}": _density(start, end, marks, reach) / top for reach, top in zip(_REACHES, densest, strict=True)}
        found["in_sentence"] = sentence_weights[sentence] / whole
        found["beside_best_sentence"] = sentence_weights[sentence] / best_sentence
        found["sentence_rank"] = math.log1p(sum(other > sentence_weights[sentence] for other in sentence_weights))
        found["before"], found["after"] = _gaps(start, end, marks)
        found["both_sides"] = min(found["before"], found["after"])
        found["nearer_rivals"] = _nearer_rivals((start, end), answer, marks, sources, spoken)
        found |= beside(nouns, kind, answer, sources.sentences[sentence], (start - firsts[sentence], end - firsts[sentence]))
        key = found["near_3"] + found["near_10"] + found["in_sentence"]
        if best is None or key > best[0]:
            best = (key, found, sentence)
    values |= best[1] if best is not None else dict.fromkeys(_OF_A_PLACE, 0.0)
    return AnswerTraits(
        values, best[2] if best is not None else None, _NAMES_OF_KINDS[kind], verbatim, bool(marks) or values["repeats_the_question"] > 0
    )


def _flat(sources: ReadSources) -> list[_Spoken]:
    found: list[_Spoken] = []
    place = 0
    for number, sentence in enumerate(sources.sentences):
        found += [_Spoken(place + word.place, number, word) for word in sentence.words]
        place += len(sentence.words) + _BETWEEN_SENTENCES
    return found


def _firsts(spoken: Sequence[_Spoken]) -> dict[int, int]:
    """The place of the first word of each sentence."""
    return {one.sentence: one.place for one in reversed(spoken)}


def _asked_words(question: ReadSentence, answer: ReadSentence) -> list[tuple[ReadWord, float]]:
    """The question's content words, each once, with their weights; words of the answer itself are no sign of its place."""
    own = {word.stem for word in answer.words}
    return [(word, rarity(word)) for word in {word.stem: word for word in question.words if word.content}.values() if word.stem not in own]


def _marks(asked: Sequence[tuple[ReadWord, float]], spoken: Sequence[_Spoken]) -> list[tuple[int, int, float]]:
    """(place, which word of the question, weight) of every word of the question in the sources; rarer ones in the sources weigh more."""
    found: list[tuple[int, int, float]] = []
    for number, (word, weight) in enumerate(asked):
        places = [one.place for one in spoken if _alike(one.word, word)]
        found += [(place, number, weight / math.sqrt(len(places))) for place in places]
    return sorted(found)


def _alike(one: ReadWord, other: ReadWord) -> bool:
    return one.stem == other.stem or (
        len(one.folded) >= STEM_CHARACTERS
        and len(other.folded) >= STEM_CHARACTERS
        and one.folded[:STEM_CHARACTERS] == other.folded[:STEM_CHARACTERS]
    )


def _density(start: int, end: int, marks: Sequence[tuple[int, int, float]], reach: float) -> float:
    """The weight of the question's words about a place, each at its nearest, falling with the distance by a factor of e each `reach`."""
    nearest: dict[int, float] = {}
    for place, number, weight in marks:
        away = start - place if place < start else place - end if place > end else 0
        if away < _FAR:
            nearest[number] = max(nearest.get(number, 0.0), weight * math.exp(-away / reach))
    return sum(nearest.values())


def _by_sentence(asked: Sequence[tuple[ReadWord, float]], spoken: Sequence[_Spoken], count: int) -> list[float]:
    weights = [0.0] * count
    for word, weight in asked:
        for sentence in {one.sentence for one in spoken if _alike(one.word, word)}:
            weights[sentence] += weight
    return weights


def _spans(answer: ReadSentence, sources: ReadSources, spoken: Sequence[_Spoken]) -> tuple[list[tuple[int, int, int]], bool]:
    """(first place, last place, sentence) of the answer's stretches: its words in a row, else its numbers, else most of its words.

    And whether it is the first of these.
    """
    stems = [word.stem for word in answer.words]
    starts: dict[str, list[int]] = {}
    for at, one in enumerate(spoken):
        starts.setdefault(one.word.stem, []).append(at)
    found = []
    for at in starts.get(stems[0], ()) if stems else ():
        stretch = spoken[at : at + len(stems)]
        if [one.word.stem for one in stretch] == stems and stretch[0].sentence == stretch[-1].sentence:
            found.append((stretch[0].place, stretch[-1].place, stretch[0].sentence))
    if found:
        return found, True
    first = _firsts(spoken)
    for quantity in answer.quantities:
        found += [
            (first[number] + one.place, first[number] + one.end - 1, number) for number, one in sources.quantities.get(quantity.value, ())
        ]
    if found:
        return found, False
    wanted = [word for word in answer.words if word.content]
    for number in first:
        there = [one.place for one in spoken if one.sentence == number and any(_alike(one.word, word) for word in wanted)]
        if wanted and len(
            {word.stem for word in wanted if any(_alike(one.word, word) for one in spoken if one.sentence == number)}
        ) * 2 >= len(wanted):
            found.append((min(there), max(there), number))
    return found, False


def _gaps(start: int, end: int, marks: Sequence[tuple[int, int, float]]) -> tuple[float, float]:
    """How near the nearest word of the question is before and behind the answer: 1 beside it, 0 far away."""
    before = min((start - place for place, _, _ in marks if place < start), default=_FAR)
    after = min((place - end for place, _, _ in marks if place > end), default=_FAR)
    return 1 / max(1, before), 1 / max(1, after)


def _nearer_rivals(
    span: tuple[int, int], answer: ReadSentence, marks: Sequence[tuple[int, int, float]], sources: ReadSources, spoken: Sequence[_Spoken]
) -> float:
    """How many numbers (for a number) or names (for a name) of the sources lie nearer to the question's words; as a logarithm."""
    mine = _density(*span, marks, _REACHES[1])
    first = _firsts(spoken)
    figures: list[ReadQuantity] = [one for one in answer.quantities if one.sure]
    if figures:
        others = [
            (first[number] + one.place, first[number] + one.end - 1)
            for number, sentence in enumerate(sources.sentences)
            for one in sentence.quantities
            if one.sure and one.value not in {figure.value for figure in figures}
        ]
    elif any(word.text[:1].isupper() for word in answer.words):
        own = {word.stem for word in answer.words}
        asked = {number for number, _, _ in marks}
        others = [(one.place, one.place) for one in spoken if one.word.name and one.word.stem not in own and one.place not in asked]
    else:
        return 0.0
    return math.log1p(sum(_density(first_place, last, marks, _REACHES[1]) > mine for first_place, last in others))
