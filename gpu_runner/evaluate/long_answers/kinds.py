"""The kinds of answers and the rule of each for "fixed": what a short answer, a long one and a preference have to do.

An answer is long where it is more than a phrase: a sentence of its own, or more words than a phrase has.
"""

from __future__ import annotations

from typing import Final, Literal, Protocol

from gpu_runner.evaluate.long_answers.spelling import spelled
from gpu_runner.text.normalise import words

AnswerKind = Literal["short", "long"]

# Shorter ones are phrases however they end ("He built it in 1653." has five words): exact match is fair to them.
LEAST_OF_A_SENTENCE: Final = 6
# No phrase of XQuAD's answers that is a name or a noun phrase is longer; beyond it nobody says the same in the same words.
MOST_OF_A_PHRASE: Final = 20
_FINITE: Final = frozenset(
    map(
        spelled,
        [
            "is",
            "are",
            "was",
            "were",
            "am",
            "be",
            "been",
            "has",
            "have",
            "had",
            "do",
            "does",
            "did",
            "can",
            "could",
            "will",
            "would",
            "shall",
            "should",
            "may",
            "might",
            "must",
            "isn't",
            "aren't",
            "wasn't",
            "weren't",
            "है",
            "हैं",
            "था",
            "थी",
            "थे",
            "थीं",
            "हूं",
            "हो",
            "होगा",
            "होगी",
            "होंगे",
            "गया",
            "गई",
            "गए",
            "किया",
            "दिया",
            "लिया",
            "कीजिए",
            "चाहिए",
            "करें",
        ],
    )
)
RULES: Final = {
    "short": "equals a reference by MLQA's normalisation, with the same numbers and marks of meaning (em_guarded)",
    "long": "equals a reference so, or its facts against the references both ways, and above all what was corrected, score 0.5 or more",
    "preference": "the mean log-probability of a token is higher for the chosen answer than for the rejected one",
}


class AskedItem(Protocol):
    """What of an item decides its kind; `gpu_runner.dataset.rows.EvaluationItem`."""

    @property
    def answers(self) -> tuple[str, ...]: ...


def kind_of(item: AskedItem) -> AnswerKind:
    """Long where every reference is; where one of them is a phrase, the phrase is asked for."""
    return "long" if all(map(is_long, item.answers)) else "short"


def is_long(text: str) -> bool:
    """Whether a text is more than a phrase: a finite sentence of six words or more, or more than twenty words.

    A finite sentence ends with its mark, or has a finite verb among the common ones of English and Hindi.

    >>> is_long("Shah Jahan"), is_long("The Taj Mahal was built by Shah Jahan."), is_long("ताज महल शाहजहाँ ने सत्रहवीं सदी में बनवाया।")
    (False, True, True)
    """
    found = words(text)
    if len(found) > MOST_OF_A_PHRASE:
        return True
    if len(found) < LEAST_OF_A_SENTENCE:
        return False
    ends = text.rstrip("\"'”’)] \n\t").endswith((".", "।", "॥", "!", "?"))
    return ends or any(spelled(word) in _FINITE for word in found)


def preference_fixed(margin: float) -> bool:
    """Whether the chosen answer is the likelier by token (`engine.protocol.preference_margin`); a tie is not, and neither is NaN."""
    return margin > 0
