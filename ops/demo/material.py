"""What the demo's users ask about: the project's own corpus, or any file in SQuAD format."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

from gpu_runner.dataset.reword import split_wordings
from gpu_runner.dataset.rows import guess_language
from gpu_runner.dataset.squad import load_squad


@dataclass(frozen=True, slots=True)
class Question:
    """A question as a user asks it, what is right, what it is about, and the same question in wordings kept from training."""

    text: str
    answer: str
    language: str
    group: str
    reworded: tuple[str, ...]


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
            _, kept_apart = split_wordings(question.question, language)
            questions.append(Question(question.question, question.answers[0], language, paragraph.id, kept_apart))
    rng.shuffle(questions)
    return Material(path.name, tuple(pages), tuple(questions), known)
