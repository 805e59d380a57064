"""Question-answer pairs from documents: literal spans, or refused with a reason."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gpu_runner.dataset.formats.squad import SquadParagraph
from gpu_runner.dataset.questions.extract import extract_pairs
from gpu_runner.dataset.rows import Document

Xquad = Callable[[str], tuple[SquadParagraph, ...]]


def pairs(text: str, title: str | None = None) -> dict[str, str]:
    """Questions and answers of a text."""
    return {pair.question: pair.answer for pair in extract_pairs(Document("d", text, None, title)).pairs}


@pytest.mark.parametrize(
    ("text", "question", "answer"),
    [
        ("ताज महल एक मकबरा है।", "ताज महल क्या है?", "एक मकबरा"),
        ("ताज महल का निर्माण 1653 में हुआ था।", "ताज महल का निर्माण कब हुआ था?", "1653"),
        ("ताज महल का निर्माण सन् १६५३ में शाहजहाँ ने करवाया था।", "ताज महल का निर्माण किसने करवाया था?", "शाहजहाँ"),
        ("कुतुब मीनार की ऊँचाई 73 मीटर है।", "कुतुब मीनार की ऊँचाई कितनी है?", "73 मीटर"),
        ("इस राज्य के पास भारत है। भारत की राजधानी नई दिल्ली है।", "भारत की राजधानी क्या है?", "नई दिल्ली"),
        ("संग्रहालय में 12 दीर्घाएँ हैं।", "संग्रहालय में कितनी दीर्घाएँ हैं?", "12"),
        ("The Indian Museum was founded in 1814.", "When was the Indian Museum founded?", "1814"),
        ("The Indian Museum was founded by Nathaniel Wallich.", "By whom was the Indian Museum founded?", "Nathaniel Wallich"),
        ("The Qutb Minar is located in Delhi.", "Where is the Qutb Minar located?", "Delhi"),
        ("The Qutb Minar is 73 metres tall.", "How tall is the Qutb Minar?", "73 metres"),
        ("The capital of India is New Delhi.", "What is the capital of India?", "New Delhi"),
        ("The Victoria Memorial has 25 galleries.", "How many galleries does the Victoria Memorial have?", "25"),
        ("The sitar is no match. Ashoka was a ruler of Magadha.", "What was Ashoka?", "a ruler of Magadha"),
    ],
)
def test_a_plain_sentence_gives_its_question(text: str, question: str, answer: str) -> None:
    """Definitions, places, years, makers, sizes and counts are asked as the sentence says them."""
    assert pairs(text)[question] == answer


def test_a_place_in_hindi_needs_a_known_subject() -> None:
    """Without a title the border between subject and place is unknown, so nothing is asked."""
    text = "ताज महल आगरा में स्थित है।"
    assert pairs(text, "ताज महल") == {"ताज महल कहाँ स्थित है?": "आगरा"}
    assert pairs(text) == {}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("यह एक मकबरा है।", "points back"),
        ("It was founded in 1814.", "points back"),
        ("In some cases the heat source is a nuclear reactor.", "no name"),
        ("The hall is a big room. The hall is a small room.", "in two ways"),
        (f"Ashoka was a {'very ' * 20}old king.", "more than 18"),
    ],
)
def test_a_doubtful_pair_is_refused_with_its_reason(text: str, reason: str) -> None:
    """What would make a bad question is set aside, not learnt."""
    extraction = extract_pairs(Document("d", text))
    assert extraction.pairs == ()
    assert any(reason in refused.reason for refused in extraction.refused)


def test_the_cap_is_kept_and_told() -> None:
    """Pairs over the cap are refused, not forgotten."""
    text = " ".join(f"The Museum {letter} was founded in 18{number}." for number, letter in enumerate("ABCDEFG", 10))
    extraction = extract_pairs(Document("d", text), cap=3)
    assert len(extraction.pairs) == 3
    assert sum("cap of 3" in refused.reason for refused in extraction.refused) == 4


@pytest.mark.parametrize("language", ["hi", "en"])
def test_every_answer_is_a_literal_span(language: str, xquad: Xquad) -> None:
    """On 240 encyclopaedic paragraphs no answer is made up."""
    for paragraph in xquad(language):
        text = " ".join(paragraph.text.split())
        for pair in extract_pairs(paragraph.document()).pairs:
            assert pair.answer in text
            assert pair.sentence in text
