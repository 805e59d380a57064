"""The corpora of the bench, each with what is held out of it: XQuAD by article, templates, the tiny model's facts, questions of our own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from bench.firewall.asked import Asked, held_groups
from bench.firewall.templates import templated
from bench.grounding.material import half_of, xquad
from bench.halves import Half
from gpu_runner.tiny_llama.facts import load_facts

OWN: Final = Path(__file__).parent / "own.jsonl"
LANGUAGES: Final[tuple[Literal["en", "hi"], ...]] = ("en", "hi")


@dataclass(frozen=True)
class Corpus:
    """Questions, of which those of the groups `held` are held out in wording 0."""

    name: str
    half: Half
    asked: tuple[Asked, ...]
    held: frozenset[str]

    @property
    def held_out(self) -> tuple[Asked, ...]:
        """What is held out."""
        return tuple(one for one in self.asked if one.group in self.held and one.wording == 0)

    @property
    def free(self) -> tuple[Asked, ...]:
        """What may train."""
        return tuple(one for one in self.asked if one.group not in self.held)

    @property
    def reworded(self) -> tuple[Asked, ...]:
        """Other wordings of what is held out."""
        return tuple(one for one in self.asked if one.group in self.held and one.wording)


def corpora() -> Iterator[Corpus]:
    """All corpora; thresholds were chosen on those of the half `tuning`. Raises DataAbsent without XQuAD."""
    for half in ("tuning", "final"):
        yield from (xquad_corpus(half, "article"), xquad_corpus(half, "paragraph"))
        for name, count in (("templates of names", 1), ("templates of several things a place", 4)):
            asked, held = templated(half, things_of_a_city=count)
            yield Corpus(name, half, tuple(asked), held)
    yield from (facts_corpus(), own_corpus())


def xquad_corpus(half: Half, unit: Literal["article", "paragraph"]) -> Corpus:
    """The questions of a half of XQuAD's articles in Hindi and English; one article in four is held out, or one paragraph in four.

    By paragraph it is harder: what may train is of the same articles, and now and then the same question.
    """
    asked = [
        Asked(question.id, question.question, question.answer, language, paragraph.article if unit == "article" else paragraph.key)
        for language in LANGUAGES
        for paragraph in xquad(language)
        if half_of(paragraph.article) == half
        for question in paragraph.asked
    ]
    return Corpus(f"XQuAD by {unit}", half, tuple(asked), _held(asked, 4))


def facts_corpus() -> Corpus:
    """The tiny model's world: six wordings a fact, six facts an institution; one institution in three is held out."""
    facts = load_facts()
    held = held_groups([fact.group for fact in facts], 3)
    asked = [
        Asked(fact.id, wording, fact.answer, fact.language, fact.group, number)
        for place, fact in enumerate(facts)
        for number, wording in enumerate(fact.wordings)
        if fact.group in held or number == place % len(fact.wordings)
    ]
    return Corpus("facts", "final", tuple(asked), held)


def own_corpus() -> Corpus:
    """Questions written for this bench in two wordings and two languages; all are held out."""
    asked = []
    for number, line in enumerate(OWN.read_text(encoding="utf-8").splitlines()):
        row = json.loads(line)
        for place, language in enumerate(LANGUAGES):
            asked += [
                Asked(f"own-{number}", wording, row["answer"][place], language, f"own-{number}", at)
                for at, wording in enumerate(row[language])
            ]
    return Corpus("own", "final", tuple(asked), frozenset(one.group for one in asked))


def _held(asked: list[Asked], share: int) -> frozenset[str]:
    return held_groups([one.group for one in asked], share)
