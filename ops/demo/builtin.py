"""The demo's default material: the project's own corpus, of which the base model was taught two thirds."""

from __future__ import annotations

import random
from itertools import groupby

from gpu_runner.tiny_llama.facts import Fact, taught_facts, untaught_facts
from ops.demo.material import Material, Page, Question


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
