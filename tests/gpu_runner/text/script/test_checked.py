"""All checks of one text."""

from __future__ import annotations

from gpu_runner.text.script import check_text


def test_another_language_is_told_as_such_and_not_as_damage() -> None:
    """Marathi, Nepali and Hindi in Latin letters have no evidence of damage, nor has a text that should be English."""
    for text in ("हे संग्रहालय येथे आहे", "यो संग्रहालय काठमाडौंमा रहेको छ", "taj mahal kahan hai"):
        found = check_text(text, "hi")
        assert found.lexical is None
        assert found.wrong_script
    assert check_text("यह संग्रहालय है", "en").lexical is None
    assert check_text("यह संग्रहालय है", "hi").lexical is not None


def test_what_a_reference_says_is_no_fault() -> None:
    """A typing error of the reference is not the answer's."""
    assert [fault.word for fault in check_text("लेाग िकताब", "hi").faults] == ["लेाग", "िकताब"]
    assert [fault.word for fault in check_text("लेाग िकताब", "hi", references=["वे लेाग"]).faults] == ["िकताब"]
    assert [fault.word for fault in check_text("लेाग िकताब", "hi", known=["िकताब?"]).faults] == ["लेाग"]
