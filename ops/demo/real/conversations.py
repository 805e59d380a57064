"""What the users of an assistant ask: conversations about the corpus' institutions, with a system prompt, passages and follow-ups."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from gpu_runner.dataset.conversation import with_passages
from gpu_runner.dataset.rows import Message
from gpu_runner.evaluate.exact_match import score_answer
from gpu_runner.text.abstention import abstains
from gpu_runner.tiny_llama.facts import TAUGHT_WORDINGS, Fact, load_facts
from gpu_runner.tiny_llama.reading import SYSTEM, Form

PASSAGES: Final = 4
# The assistant's system prompt asks for sentences, as its users write them.
FORM: Final[Form] = "sentence"
# So many of a hundred turns have the passage with the answer among theirs; of the others it was not found.
FOUND_PERCENT: Final = 85
# Every third conversation goes on with a question that means nothing by itself.
FOLLOW_UP_EVERY: Final = 3
FOLLOW_UPS: Final = {
    ("en", "year"): "And in which year was that?",
    ("en", "city"): "And which town is it in?",
    ("en", "objects"): "And how many objects does it show?",
    ("en", "steps"): "And how many steps lead up to it?",
    ("en", "gate"): "And what is its main gate called?",
    ("en", "performers"): "And how many musicians perform there?",
    ("en", "manuscripts"): "And how many manuscripts does it keep?",
    ("hi", "year"): "और यह किस वर्ष?",
    ("hi", "city"): "और वह किस नगर में है?",
    ("hi", "objects"): "और उसमें कितनी वस्तुएँ हैं?",
    ("hi", "steps"): "और उसकी कितनी सीढ़ियाँ हैं?",
    ("hi", "gate"): "और उसका मुख्य द्वार?",
    ("hi", "performers"): "और वहाँ कितने कलाकार आते हैं?",
    ("hi", "manuscripts"): "और उसमें कितनी पांडुलिपियाँ हैं?",
}


@dataclass(frozen=True, slots=True)
class AskedTurn:
    """One question of a user, what it is about, and the passages that were retrieved for it, in the order of their numbers."""

    id: str
    conversation: str
    fact: Fact
    question: str
    passages: tuple[Fact, ...]
    follows_up: bool = False

    @property
    def found(self) -> bool:
        """Whether the passage with the answer is among the passages."""
        return self.fact in self.passages

    @property
    def texts(self) -> tuple[str, ...]:
        """The passages as the model reads them."""
        return tuple(fact.sentence for fact in self.passages)

    def messages(self, earlier: Sequence[Message] = (), form: Form = FORM) -> tuple[Message, ...]:
        """What the model is given: the system prompt, then the `earlier` turns without one, then the question with its passages."""
        system, asked = with_passages(self.question, self.texts, SYSTEM[form][self.fact.language])
        return (system, *earlier, asked)

    def is_right(self, response: str) -> bool:
        """Whether it says what the passages hold, in a sentence or in a word, or that they do not hold it."""
        if not self.found:
            return abstains(response)
        golds = (self.fact.sentence, self.fact.answer)
        return any(score_answer(response, (gold,), self.fact.language).em_guarded == 1.0 for gold in golds)


# The first turn, and the second one where there is one.
Conversation = tuple[AskedTurn, ...]


def without_passage(turn: AskedTurn, of: Fact | None = None) -> AskedTurn:
    """The same question with as many passages about the same institution, none of which holds its answer, or states `of`."""
    of = of or turn.fact
    others = [fact for fact in load_facts() if fact.group == turn.fact.group and fact is not of and fact not in turn.passages]
    kept = tuple(fact for fact in turn.passages if fact is not of)
    return replace(turn, passages=(*kept, *others)[: len(turn.passages)])


def followed_up_without(first: AskedTurn, second: AskedTurn, said: str) -> tuple[Message, ...] | None:
    """What the model is given for a follow-up whose passage is in neither turn; None where the first answer, `said`, tells it."""
    if second.fact.answer in said:
        return None
    earlier = without_passage(first, second.fact).messages()[1:]
    return without_passage(second).messages([*earlier, {"role": "assistant", "content": said}])


def conversations(rng: random.Random) -> list[Conversation]:
    """Every fact of the corpus is asked once in each wording, in a seeded order; follow-ups ask another fact of the same institution.

    Users have their own words: those that no lesson of the base had come first.
    """
    facts = list(load_facts())
    about: dict[str, list[Fact]] = defaultdict(list)
    for fact in facts:
        about[fact.group].append(fact)
    found: list[Conversation] = []
    for wording in (*range(TAUGHT_WORDINGS, len(facts[0].wordings)), *range(TAUGHT_WORDINGS)):
        rng.shuffle(facts)
        for fact in facts:
            name = f"talk-{len(found)}"
            first = AskedTurn(f"{name}-1", name, fact, fact.wordings[wording], _retrieved(fact, about[fact.group], rng))
            found.append((first, *_followed_up(first, about[fact.group], rng)) if len(found) % FOLLOW_UP_EVERY == 0 else (first,))
    return found


def _followed_up(first: AskedTurn, about: Sequence[Fact], rng: random.Random) -> Conversation:
    possible = [fact for fact in about if fact is not first.fact and (fact.language, fact.relation) in FOLLOW_UPS]
    if not possible:
        return ()
    fact = rng.choice(possible)
    question = FOLLOW_UPS[fact.language, fact.relation]
    return (AskedTurn(f"{first.conversation}-2", first.conversation, fact, question, _retrieved(fact, about, rng), follows_up=True),)


def _retrieved(fact: Fact, about: Sequence[Fact], rng: random.Random) -> tuple[Fact, ...]:
    others = [other for other in about if other is not fact]
    found = rng.random() * 100 < FOUND_PERCENT
    chosen = [*rng.sample(others, PASSAGES - found), *([fact] if found else [])]
    return tuple(rng.sample(chosen, len(chosen)))
