"""In which script and language an answer is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gpu_runner.text.script import devanagari_share, dominant_script, examine, violates_script

XQUAD_HI = Path(__file__).parents[5] / "shared" / "data" / "xquad" / "xquad.hi.json"


@pytest.mark.parametrize(("text", "share"), [("कमल।", 1.0), ("NASA", 0.0), ("१९५०।", None), ("", None), ("कम ab", 0.5)])
def test_the_share_is_over_letters_and_marks(text: str, share: float | None) -> None:
    """Digits, dandas and spaces have no part in it."""
    assert devanagari_share(text) == share


def test_each_fault_has_its_own_report() -> None:
    """Mixed words, malformed words, romanised Hindi, Marathi and Nepali are told apart."""
    assert examine("cpडीएनए है").latin_mid_word == ("cpडीएनए",)
    assert examine("लेाग आए").malformed_words == ("लेाग",)
    assert examine("taj mahal kahan hai").romanised_hindi
    assert not examine("the main hall is in the old fort").romanised_hindi
    assert examine("हे संग्रहालय येथे आहे").other_language == "mr"
    assert examine("यो संग्रहालय काठमाडौंमा रहेको छ").other_language == "ne"
    assert examine("एम थियो किर्नी").other_language is None


@pytest.mark.parametrize("text", ["mujhe nahee pata vo kab aayega", "ye log kahaan ja rahe hain", "iska nirman 1653 mein hua thaa"])
def test_hindi_in_latin_letters_is_told_in_any_spelling(text: str) -> None:
    """Long vowels doubled or not, v or w; the same words in English are none."""
    assert examine(text).romanised_hindi
    for english in ("to us he is the main man in it", "Is it good or bad?", "[Jane M. Tholt]", "AP Photo/Nasser Nasser"):
        assert not examine(english).romanised_hindi


@pytest.mark.parametrize(
    ("answer", "references", "language", "violation"),
    [
        ("आगरा", ["आगरा"], "hi", False),
        ("Agra", ["आगरा"], "hi", True),
        ("NASA", ["NASA"], "hi", False),
        ("1950", ["1950"], "hi", None),
        ("", ["आगरा"], "hi", None),
        ("आगरा", ["Agra"], "en", True),
        ("Agra", ["1950"], "en", False),
        ("taj mahal agra mein hai", ["Taj Mahal"], "hi", True),
        ("हे संग्रहालय येथे आहे", ["यहाँ"], "hi", True),
        ("The museum is in Agra. " * 8, ["NASA"], "hi", True),
        ("संग्रहालय आगरा में है और ASI उसे चलाता है। " * 5, ["आगरा"], "hi", False),
        ("Le musée", ["1950"], "fr", None),
        ("Le musée", ["Musée"], "fr", False),
        ("संग्रहालय", ["Musée"], "fr", True),
        ("Музей стоит в Москве. " * 10, ["Москва"], "ru", False),
        ("Музей", ["1950"], "ru", None),
        ("The museum", ["Москва"], "ru", True),
    ],
)
def test_a_short_answer_is_held_against_its_references(answer: str, references: list[str], language: str, violation: bool | None) -> None:
    """A Latin name is fine where a reference is one; without letters an answer is exempt; a long one needs its own script.

    Of a language whose script is not known the references alone count.
    """
    assert violates_script(answer, references, language) is violation


def test_ties_go_to_devanagari() -> None:
    """One letter of each counts as Hindi, as the language guess does."""
    assert dominant_script("कa") == "devanagari"


def test_real_hindi_is_not_flagged() -> None:
    """Of 240 paragraphs and 1,190 answers none is flagged, beyond the words that mix scripts or carry Chinese."""
    if not XQUAD_HI.is_file():
        pytest.skip(f"no development data: {XQUAD_HI} does not exist")
    articles = json.loads(XQUAD_HI.read_text(encoding="utf-8"))["data"]
    paragraphs = [paragraph for article in articles for paragraph in article["paragraphs"]]
    reports = [examine(paragraph["context"]) for paragraph in paragraphs]
    assert not any(report.romanised_hindi or report.other_language for report in reports)
    assert [word for report in reports for word in report.malformed_words] == ["陳京चेन"]
    assert min(report.devanagari_share or 0 for report in reports) > 0.84
    answers = [answer["text"] for paragraph in paragraphs for qa in paragraph["qas"] for answer in qa["answers"]]
    assert not any(violates_script(answer, [answer], "hi") for answer in answers)
