"""One trial of the firewall: a corpus of which one language is held out, everything else a candidate, with what each ought to be."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace

from bench.firewall.asked import Asked
from bench.firewall.edits import NEAR, VARIANTS
from bench.firewall.material import Corpus
from gpu_runner.dataset.firewall.questions import HeldOut, TrainingQuestion
from gpu_runner.dataset.questions.paraphrase import paraphrase

FREE = "free"
# So many of the reworder's wordings of a held-out question are tried.
REWORDINGS = 3


@dataclass(frozen=True)
class Tried:
    """A candidate, the kind of likeness that it has to the held-out question `key` (FREE: to none)."""

    kind: str
    key: str
    language: str
    candidate: TrainingQuestion


@dataclass(frozen=True)
class Trial:
    """What is held out (in `language`), the candidates, and (question, answer) of everything known."""

    corpus: Corpus
    language: str
    held: tuple[HeldOut, ...]
    keys: dict[str, str]
    tried: tuple[Tried, ...]

    @property
    def known(self) -> list[tuple[str, str]]:
        """What the runner would know: every candidate that comes alone, as a user writes it."""
        return [(one.candidate.question, one.candidate.answer) for one in self.tried]

    @property
    def free(self) -> list[tuple[str, str]]:
        """The known without what is like a held-out question."""
        return [(one.candidate.question, one.candidate.answer) for one in self.tried if one.kind == FREE]


def trial(corpus: Corpus, language: str) -> Trial:
    """The trial of a corpus whose questions in `language` are held out."""
    held = [one for one in corpus.held_out if one.language == language]
    others = [one for one in corpus.asked if one.group in corpus.held and one not in held]
    keys = {f"{one.language}/{one.key}": one.key for one in held}
    asked = set(keys.values())
    # A question in the other language that is no translation of a held-out one may train, whatever it is about.
    free = [*corpus.free, *(one for one in others if one.key not in asked)]
    tried = [Tried(FREE, "", one.language, TrainingQuestion(one.question, one.answer)) for one in free]
    tried += [
        Tried(
            "paraphrase" if one.language == language else "translation", one.key, one.language, TrainingQuestion(one.question, one.answer)
        )
        for one in others
        if one.key in asked
    ]
    tried += _edited(held, random.Random(f"{corpus.name} {corpus.half} {language}"))
    items = tuple(HeldOut(f"{one.language}/{one.key}", one.question, (one.answer,)) for one in held)
    return Trial(corpus, language, items, keys, tuple(tried))


def with_other_answers(tried: Tried, rng: random.Random, answers: list[str]) -> Tried:
    """The same question with an answer of another one, as a wrong correction has it."""
    return replace(tried, candidate=replace(tried.candidate, answer=rng.choice(answers)))


def _edited(held: list[Asked], rng: random.Random) -> Iterator[Tried]:
    for one in held:
        yield Tried("exact", one.key, one.language, TrainingQuestion(one.question, one.answer))
        for kind, edits in (("variant", VARIANTS), ("near-duplicate", NEAR)):
            for name, edit in edits.items():
                made = edit(one.question, rng)
                if made is not None and made.strip():
                    yield Tried(f"{kind}: {name}", one.key, one.language, TrainingQuestion(made, one.answer))
        for wording in paraphrase(one.question, "hi" if one.language == "hi" else "en")[:REWORDINGS]:
            yield Tried("reworded by rule", one.key, one.language, TrainingQuestion(wording, one.answer))
