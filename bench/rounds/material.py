"""What users correct in the rounds: the corpus's untaught facts, and two more questions about each of its institutions.

The corpus has two untaught facts for each of 72 institutions; ten rounds of 25 that are all new to the model take more.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Final

from consumers.collect.worth.judge import weigh_correction
from gpu_runner.tiny_llama.facts import Fact, untaught_facts
from ops.demo.material import Question
from schemas.holdout import is_holdout

# Of this key's holdout of 10 % are seven of the 72 institutions: 56 held-out questions.
HOLDOUT_KEY: Final = "abhyas rounds 13"
HOLDOUT_PERCENT: Final = 10
# What the model said to each.
ANSWERED: Final = "I do not know."
_MORE: Final = {
    "en": ("In which year was {name} last renovated?", "What is the house number of {name}?"),
    "hi": ("{name} का पिछला जीर्णोद्धार किस वर्ष हुआ?", "{name} का मकान नंबर क्या है?"),
}


def corrected(seed: int) -> list[Question]:
    """Every question that may be corrected, each fact once, in the order of asking; none of a held-out institution.

    Nor one whose answer stage 1 takes for a complaint (`make bench-complaints` counts those): a round waits for all of its corrections.
    """
    rng = random.Random(seed)
    facts = untaught_facts()
    asked = [Question(fact.wordings[0], fact.answer, fact.language, fact.group, fact.unseen_wordings) for fact in facts]
    places = {fact.group: fact for fact in facts}
    asked += [question for group in sorted(places) for question in _more(places[group], rng)]
    rng.shuffle(asked)
    return [
        question
        for question in asked
        if not is_holdout(question.group, key=HOLDOUT_KEY.encode(), percent=HOLDOUT_PERCENT) and _taken(question)
    ]


def _taken(question: Question) -> bool:
    worth = weigh_correction(query=question.text, response=ANSWERED, correction=question.answer, language=question.language)
    return worth.left_out is None


def _more(place: Fact, rng: random.Random) -> Iterator[Question]:
    for wording, (least, most) in zip(_MORE[place.language], ((1900, 1999), (100, 999)), strict=True):
        text = wording.format(name=place.name)
        yield Question(text[:1].upper() + text[1:], str(rng.randint(least, most)), place.language, place.group, ())
