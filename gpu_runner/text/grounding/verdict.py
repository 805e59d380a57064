"""Whether the sources say what a claim says: the verdict, its score, its evidence and its reasons; no model.

A claim in sentences is judged sentence by sentence, and is as good as its worst one. A short answer to a question is judged by where it
stands: whatever is in the passage is "there", also the answer to another question. Figures: docs/evaluation/grounding.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from gpu_runner.text.abstention import abstains, says_that_it_does_not_know
from gpu_runner.text.grounding.answer_traits import answer_traits
from gpu_runner.text.grounding.claim_traits import candidates, claim_traits
from gpu_runner.text.grounding.evidence import ReadSources
from gpu_runner.text.grounding.reading import ReadSentence, read_sentence
from gpu_runner.text.grounding.weights import Weights, fitted, probability
from gpu_runner.text.sentences import split_sentences

# A longer answer, or one with an end mark, that is no part of a sentence of the sources is a claim in sentences.
MOST_WORDS_OF_AN_ANSWER: Final = 12
_CERTAIN: Final = 6.0
_WHOLE_SENTENCE: Final = "a sentence of the sources"
_ENDS: Final = ("।", "॥", ".", "!", "?")
_NO_CLAIM: Final = frozenset(("yes", "no", "yeah", "nope", "हाँ", "हां", "जी", "नहीं", "ok", "okay", "ठीक"))


@dataclass(frozen=True, slots=True)
class EvidenceSpan:
    """A stretch of a source: its number from 0, the characters [start, end), and the text."""

    source: int
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class ClaimVerdict:
    """`supported` is None where there is nothing to check; `score` is from 0 to 1, 0.5 at the border, None with `supported`."""

    supported: bool | None
    score: float | None
    evidence: tuple[EvidenceSpan, ...]
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Judged:
    """One sentence: its score (None: nothing to check), the sentences of the sources and the reasons."""

    score: float | None
    evidence: tuple[int, ...]
    reasons: tuple[str, ...]


def claims_of(answer: str) -> tuple[str, ...]:
    """The sentences of an answer that claim something: not those that say that they do not know."""
    return tuple(sentence for sentence in split_sentences(answer) if not says_that_it_does_not_know(sentence))


def judged(claim: str, sources: ReadSources, question: str | None = None, weights: Weights | None = None) -> ClaimVerdict:
    """The verdict on a claim: an answer of any length, with its question where there is one.

    >>> sources = ReadSources(["The Indian Museum in Kolkata was founded in 1814. Its gate was built in 1890."])
    >>> [judged(text, sources).supported for text in ("The museum was founded in 1814.", "It was founded in 1841.", "Yes.")]
    [True, False, None]
    >>> asked = "When was the Indian Museum founded?"
    >>> judged("1814", sources, asked).score > judged("1890", sources, asked).score
    True
    """
    if abstains(claim):
        return ClaimVerdict(None, None, (), ("it says that it does not know",))
    if not sources.sentences:
        return ClaimVerdict(None, None, (), ("no source holds a text",))
    weights = weights if weights is not None else fitted()
    sentences = [read for text in claims_of(claim) if (read := read_sentence(text)).words]
    if question and len(sentences) == 1:
        found = [_of_answer(read_sentence(question), sentences[0], sources, weights)]
    else:
        found = [_of_sentence(sentence, sources, weights) for sentence in sentences]
    return _worst(found, sources)


def _worst(found: Sequence[_Judged], sources: ReadSources) -> ClaimVerdict:
    scored = [one for one in found if one.score is not None]
    if not scored:
        reasons = tuple(dict.fromkeys(reason for one in found for reason in one.reasons))
        return ClaimVerdict(None, None, (), reasons or ("nothing in it can be checked",))
    worst = min(scored, key=lambda one: one.score if one.score is not None else 0.0)
    score = worst.score if worst.score is not None else 0.0
    supports = score > 0
    shown = scored if supports else [worst]
    places = dict.fromkeys(place for one in shown for place in one.evidence[: 1 if supports and len(shown) > 1 else None])
    reasons = tuple(dict.fromkeys(reason for one in shown for reason in one.reasons))
    return ClaimVerdict(supports, round(probability(score), 4), tuple(span for at in places for span in span_of(at, sources)), reasons)


def _of_sentence(claim: ReadSentence, sources: ReadSources, weights: Weights) -> _Judged:
    if all(word.folded in _NO_CLAIM or not word.content for word in claim.words) and not any(one.sure for one in claim.quantities):
        return _Judged(None, (), ("nothing in it can be checked",))
    said = tuple(word.folded for word in claim.words)
    for number, sentence in enumerate(sources.sentences):
        if len(sentence.words) == len(said) and tuple(word.folded for word in sentence.words) == said:
            return _Judged(_CERTAIN, (number,), (_WHOLE_SENTENCE,))
    traits = claim_traits(claim, sources)
    if not traits.weight:
        return _Judged(None, (), ("nothing in it can be checked",))
    if _of_another_script(claim, sources):
        return _across_scripts(traits.values, traits.findings, traits.evidence, weights)
    score = weights.of_claim(traits.values)
    reasons = traits.findings if score <= 0 else ()
    return _Judged(score, traits.evidence, reasons or (_why(score, traits.values["cover"]),))


def _why(score: float, outside: float) -> str:
    share = f"{100 * (1 - outside):.0f} % of it by weight stands together in the sources"
    return share if score > 0 else f"only {share}"


def _of_another_script(claim: ReadSentence, sources: ReadSources) -> bool:
    """Whether the claim is written in Latin letters and the sources are not, or the other way round: then words say nothing."""
    latin = sum(word.folded.isascii() for word in claim.content)
    other = len(claim.content) - latin
    return (latin > other and not sources.mostly_latin) or (other > latin and sources.mostly_latin)


def _across_scripts(values: Mapping[str, float], findings: Iterable[str], evidence: tuple[int, ...], weights: Weights) -> _Judged:
    """Names by their sound and numbers are all that can be compared."""
    if not values["names_and_figures"]:
        return _Judged(None, (), ("the sources are in another script, and it holds no name or number",))
    missing = tuple(finding for finding in findings if finding.startswith("not in the sources"))
    # A name may be translated ("Indian Museum"): where another one is there, one that is not says nothing.
    lacking = values["figures_missing"] + (0.0 if values["names_found"] else values["names_missing"])
    if lacking:
        return _Judged(-lacking, evidence, missing)
    return _Judged(weights.cover_constant, evidence, ("its names and numbers are in the sources, of another script",))


def _of_answer(question: ReadSentence, answer: ReadSentence, sources: ReadSources, weights: Weights) -> _Judged:
    """An answer to a question: by its place where it is part of a sentence of the sources, or short and all there; else as a claim."""
    found = _of_sentence(answer, sources, weights)
    if _of_another_script(question, sources) or found.reasons == (_WHOLE_SENTENCE,):
        return found
    traits = answer_traits(question, answer, sources)
    short = len(answer.words) <= MOST_WORDS_OF_AN_ANSWER and not answer.text.endswith(_ENDS)
    if not traits.asked_there:
        return found
    if not traits.verbatim and (not short or traits.sentence is None or found.score is None or found.score <= 0):
        return found
    score = weights.of_answer(traits.values)
    reason = "it stands where the question asks" if score > 0 else f"it does not stand where the question asks, or is no {traits.asked_for}"
    return _Judged(score, (traits.sentence,) if traits.sentence is not None else (), (reason,))


def retrieved(claim: str, sources: ReadSources) -> list[int]:
    """The numbers of the sentences of the sources that share most with a claim, the best first: what a model is shown."""
    return candidates(read_sentence(claim), sources)


def span_of(place: int, sources: ReadSources) -> list[EvidenceSpan]:
    """Where a sentence stands in its text, whose white space may be another; empty where what cannot be seen parts its words."""
    text = sources.sentences[place].text
    number = sources.source_of[place]
    found = re.search(r"\s+".join(map(re.escape, text.split())), sources.texts[number])
    return [EvidenceSpan(number, found.start(), found.end(), found.group())] if found else []
