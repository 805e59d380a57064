"""Words that no one can have meant as they stand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpu_runner.text.script import STRUCTURAL_KINDS, structural_faults

XQUAD_HI = Path(__file__).parents[5] / "shared" / "data" / "xquad" / "xquad.hi.json"


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("िकताब", "misplaced_sign"),
        ("ंकमल", "misplaced_sign"),
        ("लेाग", "misplaced_sign"),
        ("पाीन", "misplaced_sign"),
        ("2ीं", "misplaced_sign"),
        ("कीी", "doubled_sign"),
        ("मेंं", "doubled_sign"),
        ("हिन््दी", "doubled_sign"),
        ("जाएा", "illegal_syllable"),
        ("काु", "illegal_syllable"),
        ("क्ा", "illegal_syllable"),
        ("कि्", "illegal_syllable"),
        ("अा", "illegal_syllable"),
        ("क्अ", "illegal_syllable"),
        ("कमaल", "latin_mid_word"),
        ("कमलa", "latin_mid_word"),
        ("बुड्ïढा", "latin_mid_word"),
        ("কमल", "wrong_block"),
        ("कமல", "wrong_block"),
        ("कмल", "wrong_block"),
        ("οकमल", "wrong_block"),
        ("কমল", "wrong_block"),
        ("à¤•à¤®à¤²", "mojibake"),
        ("हि�दी", "mojibake"),
    ],
)
def test_each_fault_has_its_kind_and_its_place(word: str, kind: str) -> None:
    """The word alone is told, at its offsets."""
    text = f"यह एक {word} और बहुत अच्छा वाक्य है।"
    (fault,) = structural_faults(text)
    assert (fault.kind, fault.word, text[fault.start : fault.end]) == (kind, word, word)
    assert kind in STRUCTURAL_KINDS


@pytest.mark.parametrize(
    "text",
    [
        "पढ़ते हुए क़लम, ज़्यादा, बडे़ सम्राट् के साथ",
        "क्‍या अर्थात्‌ विश्‍वनाथ शां‍त",
        "दुःख अंततः ऽ ॐ हाँ कुँआँ आऽऽऽ",
        "२०वीं 20वें CO2 ctडीएनए Xकिरण NASAका",
        "अॅप ऑफ़िस ॲप ऱ्हास",
        "陳京चेन और µग्राम",
        'बंगाली (বাংলা) और "தமிழ்" में',
        "बंगलौर (ಬೆಂಗಳೂರು; अंग्रेज़ी नाम Bangalore) एक नगर है",
        "কমল কবি বই কমল की कविता",
        "বাংলা ভাষা",
        "à la carte, ‡ § †, naïve, Ã",
        "",
    ],
)
def test_what_people_write_is_no_fault(text: str) -> None:
    """Nukta in either place, joiners, final virama, drawn-out vowels, Latin words that touch, quotations in other scripts."""
    assert structural_faults(text) == ()


@pytest.mark.parametrize("text", ["उसने कहा, ‘ আপ यहाँ कैसे आए’", 'वह बोली, "ફિર चतुरी"', 'अर्थ "तीव्र" హై, और', "यहाँ (যদি अस्पताल की ओर)"])
def test_the_first_word_of_what_someone_says_is_no_quotation(text: str) -> None:
    """A word in another script is let pass where it fills the quotation marks, not where Hindi goes on within them."""
    assert [fault.kind for fault in structural_faults(text)] == ["wrong_block"]


@given(st.text(alphabet="कमलािीं़्अआaZ2à¤•й \n।ক"))
def test_a_fault_is_a_piece_of_its_text(text: str) -> None:
    """Whatever the text: offsets in order, each word where it is said to stand."""
    faults = structural_faults(text)
    assert all(text[fault.start : fault.end] == fault.word != "" for fault in faults)
    assert [fault.start for fault in faults] == sorted(fault.start for fault in faults)


def test_no_word_of_the_encyclopaedia_is_told() -> None:
    """34,213 words of XQuAD, none."""
    if not XQUAD_HI.is_file():
        pytest.skip(f"no development data: {XQUAD_HI} does not exist")
    articles = json.loads(XQUAD_HI.read_text(encoding="utf-8"))["data"]
    assert [fault for article in articles for paragraph in article["paragraphs"] for fault in structural_faults(paragraph["context"])] == []
