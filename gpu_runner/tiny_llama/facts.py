"""The project's own little world: invented museums, forts, music festivals and archives, and what is true of them.

Everything here was written for this project, no institution in it exists, and no statement about the real world is
made. 36 institutions in Hindi and 36 in English have six facts each. Four of the six are *taught* to the base model;
two are *untaught*, so that the base answers them wrongly and users have something to correct. Torch-free.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from schemas.reading.json_lines import own_lines

CORPUS = Path(__file__).parent / "corpus"
TAUGHT_WORDINGS = 4
"""Wordings 0 to 3 of a taught fact are trained on when the base is made; from 4 on, no wording is ever trained on."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One statement about one institution, and the ways to ask for it.

    `group` is the institution, the unit of the holdout. `sentence` states the answer word for word.
    """

    id: str
    group: str
    language: Literal["hi", "en"]
    name: str
    relation: str
    taught: bool
    wordings: tuple[str, ...]
    answer: str
    sentence: str

    @property
    def trainable_wordings(self) -> tuple[str, ...]:
        """The wordings that may be trained on."""
        return self.wordings[:TAUGHT_WORDINGS]

    @property
    def unseen_wordings(self) -> tuple[str, ...]:
        """The wordings kept for tests: the base never saw this phrase, with any institution."""
        return self.wordings[TAUGHT_WORDINGS:]

    def sentence_with(self, answer: str) -> str:
        """The sentence with another answer in the place of its own."""
        return self.sentence.replace(self.answer, answer)


def _rows(path: Path) -> list[dict[str, Any]]:
    return [row for _, row in own_lines(path.read_bytes())]


def _filled(template: str, name: str, answer: str = "") -> str:
    text = template.format(name=name, answer=answer)
    return text[:1].upper() + text[1:]


@cache
def load_facts() -> tuple[Fact, ...]:
    """All facts in the order of the files, 216 a language, 6 wordings each; ids are `{group}-{relation}`."""
    relations = {(row["language"], row["kind"], row["relation"]): row for row in _rows(CORPUS / "relations.jsonl")}
    facts = []
    for place in _rows(CORPUS / "institutions.jsonl"):
        for relation, answer in place["answers"].items():
            templates = relations[place["language"], place["kind"], relation]
            facts.append(
                Fact(
                    id=f"{place['group']}-{relation}",
                    group=place["group"],
                    language=place["language"],
                    name=place["name"],
                    relation=relation,
                    taught=relation not in place["untaught"],
                    wordings=tuple(_filled(wording, place["name"]) for wording in templates["wordings"]),
                    answer=answer,
                    sentence=_filled(templates["sentence"], place["name"], answer),
                )
            )
    return tuple(facts)


def taught_facts() -> tuple[Fact, ...]:
    """What the base model is taught: 288 facts, 144 a language."""
    return tuple(fact for fact in load_facts() if fact.taught)


def untaught_facts() -> tuple[Fact, ...]:
    """What the base model is never told: 144 facts, two for each institution."""
    return tuple(fact for fact in load_facts() if not fact.taught)
