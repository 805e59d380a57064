"""Near-duplicates are told from questions of one form by the words that tell them apart."""

from __future__ import annotations

import pytest

from gpu_runner.dataset.firewall.lexical import LexicalIndex
from gpu_runner.dataset.firewall.questions import NEAR, SAME, VARIANT, HeldOut, TrainingQuestion

CITIES = ("Jaipur", "Raipur", "Rampur", "Agra", "Bhopal", "Nagpur")
KNOWN = [(f"What is the height of the {city} Fort?", f"{number}0 metres") for number, city in enumerate(CITIES, 3)]
HELD = HeldOut("h", "What is the height of the Kanpur Fort?", ("91 metres",))
OPEN = HeldOut("o", "Which ruler had the stepwell at Patan constructed in memory of her husband?", ("Udayamati",))


def reason(question: str, answer: str = "?", *, context: str = "", held: HeldOut = HELD) -> str | None:
    """Why a question is set aside."""
    hit = LexicalIndex([held], KNOWN).hits([TrainingQuestion(question, answer, context)])[0]
    return None if hit is None else hit.reason


def test_every_other_filler_of_a_template_passes() -> None:
    """The same form about another thing is no duplicate, whatever the answer: names one letter apart, numbers, the same answer."""
    index = LexicalIndex([HELD], KNOWN)
    assert index.hits([TrainingQuestion(question, answer) for question, answer in KNOWN]) == [None] * len(KNOWN)
    assert index.hits([TrainingQuestion("What is the height of the Kalpur Fort?", "91 metres")]) == [None]
    numbered = LexicalIndex([HeldOut("n", "Who won the prize in 1950?", ("Asha",))], [("Who won the prize in 1951?", "Omkar")])
    assert numbered.hits([TrainingQuestion("Who won the prize in 1951?", "Asha")]) == [None]


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("What is the height of the Kanpur Fort?", SAME),
        ("what is the height of the kanpur fort", SAME),
        ("What is the height of the KanpurFort?", VARIANT),
        ("What is the height of the Kanpur\u200b Fort ?", SAME),
        ("What is the hieght of the Kanpur Fort?", NEAR),
        ("the height of the Kanpur Fort is what", NEAR),
        ("Please tell me, what is the height of the old Kanpur Fort?", NEAR),
        ("What is the height of Kanpur Fort?", NEAR),
        ("Who built the Kanpur Fort?", None),
    ],
)
def test_the_same_question_in_nearly_the_same_words_is_found(question: str, expected: str | None) -> None:
    """Spelling, order, a word more or less are found without its answer; another question about the thing is not."""
    assert reason(question) == expected


def test_an_answer_that_many_questions_have_says_nothing() -> None:
    """A rare answer makes a changed word a duplicate, a common one does not."""
    question = "Which ruler had the stepwell at Patan constructed in memory of her spouse?"
    assert reason(question, "Udayamati", held=OPEN) == NEAR
    common = [(f"Is number {number} open?", "Udayamati") for number in range(60)]
    assert LexicalIndex([OPEN], common).hits([TrainingQuestion(question, "Udayamati")]) == [None]


def test_a_question_of_another_conversation_passes() -> None:
    """What means something only after the turns before it is compared with those turns; alone it is compared as it stands."""
    held = HeldOut("h", "And when was it built?", ("1814",), context="where is the museum")
    assert reason("And when was it built?", context="where is the fort", held=held) is None
    assert reason("And when was it built?", context="where is the museum", held=held) == SAME
    assert reason("And when was it built?", held=held) == SAME


def test_nothing_held_out_finds_nothing() -> None:
    """Without held-out questions everything passes."""
    assert LexicalIndex([], KNOWN).hits([TrainingQuestion("Where?", "here")]) == [None]
