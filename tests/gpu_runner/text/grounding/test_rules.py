"""Whether a source says what an answer says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpu_runner.text.grounding import Grounding, Source, ground, hallucination_rate, supported

ENGLISH = Source("The Indian Museum in Kolkata was founded in 1814 by Nathaniel Wallich. It has 35 galleries and 1,00,000 objects.")
HINDI = Source("भारतीय संग्रहालय कोलकाता में है। इसकी स्थापना १८१४ में हुई थी। संग्रहालय में ३५ दीर्घाएँ हैं और प्रवेश निःशुल्क नहीं है।")
XQUAD = Path(__file__).parents[5] / "shared" / "data" / "xquad"


@pytest.mark.parametrize(
    ("claim", "source", "verdict"),
    [
        ("It was founded in 1814.", ENGLISH, True),
        ("It was founded in 1841.", ENGLISH, False),
        ("100000 objects", ENGLISH, True),
        ("Nathaniel Wallich", ENGLISH, True),
        ("James Prinsep", ENGLISH, False),
        ("-35 galleries", ENGLISH, False),
        ("The Indian Museum in Kolkata was not founded in 1814 by Nathaniel Wallich.", ENGLISH, False),
        ("1814", HINDI, True),
        ("कोलकाता", HINDI, True),
        ("दिल्ली", HINDI, False),
        ("संग्रहालयों में 35 दीर्घा", HINDI, True),
        ("संग्रहालय में ३५ दीर्घाएँ हैं और प्रवेश निःशुल्क है।", HINDI, False),
        ("है और था", HINDI, None),
    ],
)
def test_numbers_names_words_and_negation_are_checked(claim: str, source: Source, verdict: bool | None) -> None:
    """Digits of any script and forms of a word agree; what is not there, or is denied, is unsupported."""
    assert supported(claim, source) is verdict


@pytest.mark.parametrize("answer", ["", " ।", "I don't know.", "I don’t know", "मुझे नहीं पता।", "यह जानकारी उपलब्ध नहीं है।"])
def test_an_abstention_makes_no_claim(answer: str) -> None:
    """Saying that one does not know is no hallucination, and is counted by itself."""
    assert ground(answer, ENGLISH) == Grounding(0, 0, 0, True, True)


def test_k5_a_claim_beside_an_abstention_is_still_checked() -> None:
    """ "I don't know" is no claim; what is said beside it is one, and only that."""
    assert ground("I don't know. It was founded in 1841.", ENGLISH) == Grounding(1, 1, 1, False, True)
    assert ground("The founder is unknown in Kolkata.", ENGLISH).claims == 1


def test_without_a_source_nothing_is_checkable() -> None:
    """The claims are counted, so the coverage shows it."""
    assert ground("Agra. 1950!", None) == Grounding(2, 0, 0, False, False)


def test_the_rate_has_its_coverage_beside_it() -> None:
    """Two of three checkable claims are unsupported; one answer abstained, one had no source."""
    rate = hallucination_rate([ground("In 1814. In 1841.", ENGLISH), ground("दिल्ली", HINDI), ground("", HINDI), ground("Agra", None)])
    assert rate.rate == pytest.approx(2 / 3)
    assert rate.coverage == pytest.approx(3 / 4)
    assert (rate.abstentions, rate.without_source) == (1, 1)


def test_the_rate_of_nothing_is_zero_with_no_coverage() -> None:
    """Never NaN."""
    assert hallucination_rate([]).rate == 0.0
    assert hallucination_rate([ground("x", None)]).coverage == 0.0


@given(st.text(max_size=60))
def test_a_source_supports_itself(text: str) -> None:
    """No text is found to contradict itself, sentence by sentence, unless it says a thing and its opposite."""
    grounding = ground(text, Source(text))
    assert grounding.unsupported == 0 or any(word in text.casefold() for word in ("n't", "not", "no", "नहीं", "न", "मत"))


@pytest.mark.parametrize("language", ["hi", "en"])
def test_gold_answers_are_told_from_those_of_another_paragraph(language: str) -> None:
    """At least 0.95 balanced accuracy on 1,190 answers; a wrong answer from the same paragraph is not what this finds."""
    path = XQUAD / f"xquad.{language}.json"
    if not path.is_file():
        pytest.skip(f"no development data: {path} does not exist")
    paragraphs = [paragraph for article in json.loads(path.read_text(encoding="utf-8"))["data"] for paragraph in article["paragraphs"]]
    sources = [Source(paragraph["context"]) for paragraph in paragraphs]
    answers = [(number, qa["answers"][0]["text"]) for number, paragraph in enumerate(paragraphs) for qa in paragraph["qas"]]
    kept = sum(supported(answer, sources[number]) is not False for number, answer in answers)
    caught = sum(supported(answer, sources[(number + 40) % len(sources)]) is False for number, answer in answers)
    assert (kept + caught) / (2 * len(answers)) >= 0.95
