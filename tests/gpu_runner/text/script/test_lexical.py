"""Texts whose words are damaged, each of them a legal sequence of letters."""

from __future__ import annotations

from gpu_runner.text.script.base_words import base_model
from gpu_runner.text.script.letters import folded

WHOLE = "उस दिन सुबह जब मोहन घर से निकला तो बारिश हो रही थी और सड़क पर पानी भर गया था।"
HURT = "उस दन सबह जब महन घर से नकला तो बारश हो रह थ और सडक पर पन भर गय थ।"
NAMES = "वोल्टेयर, मॉन्टेस्क्यू और रोबेस्पियरे फ़्रांस के थे।"


def test_signs_that_were_dropped_make_a_text_suspect() -> None:
    """And the whole text is none, nor is one of names that no vocabulary has."""
    model = base_model()
    assert model.report(HURT).suspect
    assert not model.report(WHOLE).suspect
    assert not model.report(NAMES).suspect
    assert not model.report("").suspect


def test_a_suspect_word_is_told_with_what_was_meant() -> None:
    """With its place and its damage."""
    found = {suspect.word: suspect for suspect in base_model().report(HURT, suspects=True).suspects}
    assert (found["सबह"].meant, found["सबह"].damage) == ("सुबह", "dropped_sign")
    assert HURT[found["सबह"].start : found["सबह"].end] == "सबह"
    assert base_model().report(HURT).suspects == ()


def test_a_word_that_comes_again_counts_once() -> None:
    """Who repeats a name did not mistype it."""
    assert base_model().report("सबह " * 9).evidence == base_model().report("सबह").evidence


def test_words_of_the_question_and_of_documents_are_meant() -> None:
    """Those of `known` give no evidence; those of learnt documents little."""
    model = base_model()
    known = frozenset(folded(word) for word in HURT.rstrip("।").split())
    assert model.report(HURT, known=known).evidence == 0
    learnt = model.with_texts([HURT] * 5)
    assert "सबह" in learnt
    assert "सबह" not in model
    assert model.report(HURT).suspect
    assert not learnt.report(HURT).suspect


def test_spellings_of_one_word_are_one() -> None:
    """Nukta, chandrabindu and joiners are no damage."""
    model = base_model()
    assert model.odds("हाँ") == model.odds("हां")
    assert model.odds("ज़्यादा") == model.odds("ज्यादा") == model.odds("ज्\u200dयादा")
