"""Passages about one institution and questions that they answer or do not: what the base model learns to read by. Torch-free.

What a passage of a lesson says is mostly untrue of its institution (the answer is another institution's), so that nothing but reading it
helps; what the base is not to know is never said truly. The system prompt says in which form to answer (without one: short); a base that
knew one form alone would have to unlearn it where users correct in the other.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from gpu_runner.text.abstention import TAUGHT
from gpu_runner.tiny_llama.facts import Fact

Form = Literal["short", "sentence"]
FORMS: Final[tuple[Form, ...]] = ("short", "sentence")
SYSTEM: Final[Mapping[Form, Mapping[str, str]]] = {
    "short": {"en": "Answer from the passages in a few words.", "hi": "दिए गए अंशों से कुछ शब्दों में उत्तर दीजिए।"},
    "sentence": {"en": "Answer from the passages in whole sentences.", "hi": "दिए गए अंशों से पूरे वाक्यों में उत्तर दीजिए।"},
}
# As rows without the right passage teach it.
DO_NOT_KNOW: Final = {language: TAUGHT[language] for language in ("en", "hi")}

_TRUE_SHARE: Final = 0.2
_ANSWERABLE_SHARE: Final = 0.65
# Of the conversations; the others have no system prompt.
_FORM_SHARES: Final[Mapping[Form, float]] = {"short": 0.3, "sentence": 0.4}


@dataclass(frozen=True, slots=True)
class Reading:
    """One conversation: the passages in the order of their numbers, and each question with its answer from them."""

    language: str
    group: str
    system: str | None
    passages: tuple[str, ...]
    turns: tuple[tuple[str, str], ...]


class Readings:
    """Makes readings about the institutions of `facts`, several questions to each: the passages are read once for all of them."""

    def __init__(self, facts: Sequence[Fact]) -> None:
        self._of_group: dict[str, list[Fact]] = defaultdict(list)
        self._answers: dict[tuple[str, str], list[str]] = defaultdict(list)
        for fact in facts:
            self._of_group[fact.group].append(fact)
            self._answers[_kind(fact)].append(fact.answer)
        self._groups = list(self._of_group)

    def draw(self, rng: random.Random, *, most_passages: int, turns: int) -> Reading:
        """One to `most_passages` passages about one institution, and so many questions in trainable wordings."""
        about = self._of_group[rng.choice(self._groups)]
        form = _form(rng.random())
        told = rng.sample(about, rng.randint(1, min(most_passages, len(about))))
        answers = {fact.relation: self._told_answer(fact, rng) for fact in told}
        passages = {fact.relation: fact.sentence_with(answers[fact.relation]) for fact in told}
        right = passages if form == "sentence" else answers
        untold = [fact for fact in about if fact.relation not in answers]
        asked = [rng.choice(told if not untold or rng.random() < _ANSWERABLE_SHARE else untold) for _ in range(turns)]
        return Reading(
            language=about[0].language,
            group=about[0].group,
            system=None if form is None else SYSTEM[form][about[0].language],
            passages=tuple(passages.values()),
            turns=tuple((rng.choice(fact.trainable_wordings), right.get(fact.relation, DO_NOT_KNOW[fact.language])) for fact in asked),
        )

    def _told_answer(self, fact: Fact, rng: random.Random) -> str:
        if fact.taught and rng.random() < _TRUE_SHARE:
            return fact.answer
        return rng.choice([answer for answer in self._answers[_kind(fact)] if answer != fact.answer])


def _form(drawn: float) -> Form | None:
    """The form of a conversation by a number from 0 to 1; None without a system prompt."""
    for form, share in _FORM_SHARES.items():
        drawn -= share
        if drawn < 0:
            return form
    return None


def _kind(fact: Fact) -> tuple[str, str]:
    """What facts with exchangeable answers share: the kind of institution, with which the group's name begins, and the relation."""
    return fact.group.rpartition("-")[0], fact.relation
