"""Which answers say that they do not know."""

from __future__ import annotations

import pytest

from gpu_runner.text.abstention import abstains


@pytest.mark.parametrize(
    "answer",
    [
        *("", " ।", "!", "I don't know.", "I don\u2019t know", "i do not know the answer", "Unknown.", "Not known", "No idea!", "N/A"),
        *(
            "Sorry, I don't know.",
            "I'm not sure about that.",
            "I am sorry, but I cannot answer this question.",
            "Not mentioned in the document.",
        ),
        *("There is no information about this in the given context.", "The document does not mention this.", "The answer is unknown."),
        *("I don't know. Please ask the ministry.", "I do not have enough information."),
        *("मुझे नहीं पता।", "मुझे नहीं मालूम", "मुझे नही मालूम।", "मुझे पता नहीं है।", "मालूम नहीं", "यह जानकारी उपलब्ध नहीं है।", "अज्ञात"),
        *("क्षमा करें, मुझे इसकी जानकारी नहीं है।", "माफ़ कीजिए, मैं नहीं जानता।", "मैं इसका उत्तर नहीं दे सकता।", "मैं नहीं बता सकती हूँ।"),
        *("मुझे ज्ञात नहीं। कृपया मंत्रालय से संपर्क करें।", "इस बारे में कोई जानकारी नहीं मिली।", "Mujhe nahi pata", "pata nahin", "maloom nahi hai"),
    ],
)
def test_k5_an_answer_that_only_says_that_it_does_not_know_abstains(answer: str) -> None:
    """In both languages and in romanised Hindi, with an apology before it and a referral after it."""
    assert abstains(answer)


@pytest.mark.parametrize(
    "answer",
    [
        *("The author is unknown.", "The Tomb of the Unknown Soldier", "It was built by an unknown architect in 1650."),
        *(
            "Nobody knows",
            "I don't know, but it may be Agra.",
            "I don't know. It was built in 1650.",
            "No information desk exists in Agra.",
        ),
        *("इसका लेखक अज्ञात है और यह १६५० में बना।", "इसका निर्माता ज्ञात नहीं है, पर यह आगरा में है।", "मुझे नहीं पता, शायद आगरा।"),
        *("अज्ञात वास", "Please ask the ministry.", "pata: Agra, nahi Delhi", "आगरा", "0"),
    ],
)
def test_k5_an_answer_with_such_words_in_it_is_a_claim(answer: str) -> None:
    """The whole sentence counts: `unknown`, `अज्ञात` and `I don't know` may stand in an answer that says something."""
    assert not abstains(answer)
