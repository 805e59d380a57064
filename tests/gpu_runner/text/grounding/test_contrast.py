"""What "A, not B" says."""

from __future__ import annotations

import pytest

from gpu_runner.text.grounding import judged, read_sources
from gpu_runner.text.grounding.contrast import readings

SOURCES = (
    "The fort was built by King Hemraj in 1732. Queen Himani lived there in 1751.",
    "किला राजा हेमराज ने १७३२ में बनवाया था। रानी हिमानी १७५१ में वहाँ रहीं।",
)


@pytest.mark.parametrize(
    ("form", "right", "other"),
    [
        ("The fort was built by {} and not {} in 1732.", "King Hemraj", "Queen Himani"),
        ("The fort was built by King Hemraj not in {1} but in {0}.", "1732", "1751"),
        ("किला राजा हेमराज ने {1} नहीं बल्कि {0} में बनवाया था।", "१७३२", "१७५१"),
        ("किला राजा हेमराज ने {1} के बजाय {0} में बनवाया था।", "१७३२", "१७५१"),
    ],
)
def test_what_is_set_against_another_is_not_claimed(form: str, right: str, other: str) -> None:
    """The same words with A and B in each other's place are told apart."""
    for language in SOURCES:
        if language.isascii() == form.isascii():
            sources = read_sources((language,))
            assert judged(form.format(right, other), sources).supported is True
            assert judged(form.format(other, right), sources).supported is False


@pytest.mark.parametrize("text", ["It is not open.", "Not only the fort but also the gate is red.", "यह नहीं खुलता है।"])
def test_a_denial_without_its_other_side_stays(text: str) -> None:
    """Nothing is taken out of a plain negation, nor of "not only"."""
    assert list(readings(text)) == []
