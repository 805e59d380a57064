"""What the demo's users ask about: the project's own corpus, or any file in SQuAD format."""

from __future__ import annotations

import random
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from gpu_runner.dataset.formats.squad import load_squad
from gpu_runner.dataset.questions.paraphrase import split_paraphrases
from gpu_runner.dataset.rows import guess_language
from gpu_runner.tiny_llama.facts import Fact, taught_facts, untaught_facts


def known_questions(rng: random.Random) -> tuple[Question, ...]:
    """One question for each taught fact, in any of its wordings: those of the base's lessons and those kept from it."""
    return tuple(_question(fact, rng.randrange(len(fact.wordings))) for fact in taught_facts())


def builtin_material(rng: random.Random) -> Material:
    """Users ask each untaught fact once, then again in another wording; a document about each institution tells them."""
    facts = list(untaught_facts())
    unknown: list[Question] = []
    for wording in (0, 1):
        rng.shuffle(facts)
        unknown += [_question(fact, wording) for fact in facts]
    by_group = groupby(sorted(untaught_facts(), key=lambda fact: fact.group), key=lambda fact: fact.group)
    pages = []
    for group, about in by_group:
        told = list(about)
        pages.append(Page(group, " ".join(fact.sentence for fact in told), told[0].language, told[0].name))
    return Material("the built-in corpus", tuple(pages), tuple(unknown), known_questions(rng))


def _question(fact: Fact, wording: int) -> Question:
    return Question(fact.wordings[wording], fact.answer, fact.language, fact.group, fact.unseen_wordings)


@dataclass(frozen=True, slots=True)
class Question:
    """A question as a user asks it, what is right, what it is about, and the same question in wordings kept from training."""

    text: str
    answer: str
    language: str
    group: str
    paraphrased: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """A document as the pipeline publishes it."""

    doc_id: str
    text: str
    language: str
    title: str | None = None


@dataclass(frozen=True, slots=True)
class Material:
    """`unknown`: questions that the base model was never taught, in the order of asking; `known`: what it was taught (≥ 200)."""

    name: str
    pages: tuple[Page, ...]
    unknown: tuple[Question, ...]
    known: tuple[Question, ...]


def squad_material(path: Path, known: tuple[Question, ...], rng: random.Random) -> Material:
    """A SQuAD file: each paragraph a document and a source group, its questions in a seeded order.

    Raises DataError or OSError for a file that cannot be read as SQuAD.
    """
    squad = load_squad(path)
    pages, questions = [], []
    for paragraph in squad.paragraphs:
        pages.append(Page(paragraph.id, paragraph.text, guess_language(paragraph.text), paragraph.title))
        for question in paragraph.questions:
            language = guess_language(question.question)
            _, kept_apart = split_paraphrases(question.question, language)
            questions.append(Question(question.question, question.answers[0], language, paragraph.id, kept_apart))
    rng.shuffle(questions)
    return Material(path.name, tuple(pages), tuple(questions), known)
