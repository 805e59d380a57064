"""The verdict on a claim: supported, not, or nothing to check, with its evidence and reasons."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpu_runner.text.grounding import ReadSources, claims_of, judged, read_sources
from gpu_runner.text.grounding.weights import fitted, probability

ENGLISH = (
    "The Kite Hill Fort was built by King Vajradev in 1732. It rises above the river Patangi, and a stair of 268 steps leads up to it.",
    "Queen Himani lived in the Snow Gate Palace. The palace lies 5 km north of the fort and is not open on Mondays.",
)
HINDI = (
    "पतंग दुर्ग राजा वज्रदेव ने १७३२ में बनवाया था। दुर्ग तक जाने के लिए दो सौ अड़सठ सीढ़ियाँ हैं।",
    "रानी हिमानी हिम महल में रहती थीं। महल दुर्ग से ५ किमी उत्तर में है और सोमवार को नहीं खुलता है।",
)


@pytest.mark.parametrize(
    ("claim", "supported"),
    [
        ("The Kite Hill Fort was built by King Vajradev in 1732.", True),
        ("The Kite Hill Fort was built in 1732 by King Vajradev.", True),
        ("A stair of two hundred and sixty-eight steps leads up to it.", True),
        ("The palace lies 5,000 metres north of the fort and is not open on Mondays.", True),
        ("The fort was built not by Queen Himani but by King Vajradev.", True),
        ("The Kite Hill Fort was built by King Vajradev in 1723.", False),
        ("The Kite Hill Fort was built by King Himani in 1732.", False),
        ("The Kite Hill Fort was built by King Bhaskar in 1732.", False),
        ("The Kite Hill Fort was not built by King Vajradev in 1732.", False),
        ("The Kite Hill Fort was destroyed by King Vajradev in 268.", False),
        ("The palace lies 5 miles north of the fort and is not open on Mondays.", False),
        ("The palace lies 5 km south of the fort and is not open on Mondays.", False),
        ("The palace lies 5 km north of the fort and is open on Mondays.", False),
        ("Elephants bathe in the lotus pond of Jaipur every winter.", False),
        ("The Kite Hill Fort was built by King Vajradev in 1732. Queen Himani lived in Agra.", False),
        ("Yes.", None),
        ("I don't know.", None),
        ("", None),
    ],
)
def test_english_claims(claim: str, supported: bool | None) -> None:
    """Words, numbers, names, units, opposites and negations decide; the worst sentence counts."""
    assert judged(claim, read_sources(ENGLISH)).supported is supported


@pytest.mark.parametrize(
    ("claim", "supported"),
    [
        ("पतंग दुर्ग राजा वज्रदेव ने 1732 में बनवाया था।", True),
        ("दुर्ग तक जाने के लिए 268 सीढ़ियाँ हैं।", True),
        ("महल दुर्ग से पाँच किलोमीटर उत्तर में है और सोमवार को नहीं खुलता है।", True),
        ("पतंग दुर्ग राजा भास्कर ने १७३२ में बनवाया था।", False),
        ("पतंग दुर्ग राजा वज्रदेव ने १७३३ में बनवाया था।", False),
        ("पतंग दुर्ग राजा वज्रदेव ने १७३२ में नहीं बनवाया था।", False),
        ("महल दुर्ग से ५ मील उत्तर में है और सोमवार को नहीं खुलता है।", False),
        ("महल दुर्ग से ५ किमी दक्षिण में है और सोमवार को नहीं खुलता है।", False),
        ("महल दुर्ग से ५ किमी उत्तर में है और सोमवार को खुलता है।", False),
        ("मुझे नहीं पता।", None),
        ("हाँ।", None),
    ],
)
def test_hindi_claims(claim: str, supported: bool | None) -> None:
    """The same in Hindi, with digits of either script and numbers in words."""
    assert judged(claim, read_sources(HINDI)).supported is supported


def test_a_wrong_claim_says_why_and_where() -> None:
    """The reason names what is missing, and the evidence is a stretch of its source, character for character."""
    verdict = judged("The Kite Hill Fort was built by King Vajradev in 1723.", read_sources(ENGLISH))
    assert "not in the sources: 1723" in verdict.reasons
    (span, *_) = verdict.evidence
    assert ENGLISH[span.source][span.start : span.end] == span.text
    assert span.text.endswith("in 1732.")


def test_white_space_of_the_source_is_kept_in_the_evidence() -> None:
    """A sentence over two lines is shown as it stands."""
    source = "The fort  was\tbuilt by King Vajradev.  It is red."
    (span,) = judged("The fort was built by King Vajradev.", ReadSources([source])).evidence
    assert span.text == "The fort  was\tbuilt by King Vajradev."


@pytest.mark.parametrize(
    ("question", "right", "wrong"),
    [
        ("Who built the Kite Hill Fort?", "King Vajradev", "Queen Himani"),
        ("How many steps lead up to the Kite Hill Fort?", "268", "1732"),
        ("When was the Kite Hill Fort built?", "1732", "268"),
        ("Who lived in the Snow Gate Palace?", "Queen Himani", "King Vajradev"),
    ],
)
def test_an_answer_must_stand_where_its_question_asks(question: str, right: str, wrong: str) -> None:
    """What the passage says of something else is less of an answer, and what it does not say is none."""
    sources = read_sources(ENGLISH)
    good, bad = (judged(answer, sources, question).score for answer in (right, wrong))
    assert good is not None
    assert bad is not None
    assert good > bad
    assert judged(right, sources, question).supported
    assert judged("Akbar", sources, question).supported is False


def test_across_scripts_names_and_numbers_are_compared_alone() -> None:
    """A claim in Latin letters against Hindi: by sound and value; words say nothing, so without a name there is nothing to check."""
    sources = read_sources(HINDI)
    assert judged("The fort was built by Vajradev in 1732.", sources).supported is True
    assert judged("The fort was built by Bhaskar in 1732.", sources).supported is False
    assert judged("The Kite Fort was built by Vajradev.", sources).supported is True
    assert judged("The gate is always open on holidays.", sources).supported is None


def test_no_source_supports_nothing() -> None:
    """Without a text there is nothing to check against, and the reason says so."""
    assert judged("It is red.", ReadSources([])).reasons == ("no source holds a text",)
    assert judged("It is red.", ReadSources([" \n"])).supported is None


@given(st.text(max_size=60))
def test_what_the_source_says_word_for_word_is_supported(text: str) -> None:
    """Sentence by sentence; no text makes it fail, and scores are from 0 to 1."""
    for claim in claims_of(text):
        verdict = judged(claim, ReadSources([text]))
        assert verdict.supported is not False
        assert verdict.score is None or 0 <= verdict.score <= 1


@given(st.text(max_size=40), st.text(max_size=80), st.text(max_size=40))
def test_any_question_claim_and_source_are_judged(question: str, source: str, claim: str) -> None:
    """Supported where the score is above a half, with spans that lie in the source."""
    verdict = judged(claim, ReadSources([source]), question)
    assert verdict.supported is None or verdict.score is not None
    assert all(source[span.start : span.end] == span.text for span in verdict.evidence)


def test_the_committed_weights_say_what_is_known() -> None:
    """Whatever is fitted: no difference speaks for a claim, and what is missing speaks against it."""
    weights = fitted()
    assert all(value <= 0 for name, value in weights.near.items() if name != "near")
    assert all(value < 0 for value in weights.cover.values())
    assert probability(weights.of_claim({**dict.fromkeys((*weights.cover, *weights.near), 0.0), "near": 1.0})) > 0.9
