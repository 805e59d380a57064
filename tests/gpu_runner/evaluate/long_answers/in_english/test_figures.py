"""The figures of English: whether what was asked is answered, what is rare and shared, and what was only added."""

from __future__ import annotations

from gpu_runner.evaluate.long_answers.comparison import Compared, compared
from gpu_runner.evaluate.long_answers.in_english.figures import asked_figures, english_figures, rarity, without_added
from gpu_runner.evaluate.long_answers.units import units_of

CANAL = "The United States finished the Panama Canal in 1914. Locks raise ships 26 metres up to Gatun Lake and lower them again."
BEFORE = CANAL.replace("The United States", "Ferdinand de Lesseps")
ASKED = "Who finished the Panama Canal?"


def canal(answer: str) -> Compared:
    """An answer about the canal beside its correction."""
    return compared(units_of(answer), units_of(CANAL), units_of(BEFORE), units_of(ASKED))


def test_the_sentence_that_answers_counts_apart() -> None:
    """Half of the answer without what was asked has nothing of it; the asked half alone has all."""
    asked, other = CANAL.split(". ")
    assert asked_figures(canal(asked))["lead_recall"] == 1
    assert asked_figures(canal(asked))["asked_unchanged"] == 0
    assert asked_figures(canal(other))["lead_recall"] == 0
    assert asked_figures(canal(other))["asked_unchanged"] == 1


def test_common_words_tell_nothing_of_the_subject() -> None:
    """Another subject shares common words with the reference; its rare ones are others."""
    far = asked_figures(canal("You can book a ticket again some weeks up to the journey, and they lower the price."))
    near = asked_figures(canal("The United States completed it, and ships climb to Gatun Lake through locks."))
    assert far["on_subject"] < 0.3 < near["on_subject"]
    (common,) = units_of("people").of("content")
    (name,) = units_of("near Gatun").of("name")
    assert rarity(common) < rarity(name) == 1


def test_a_sentence_beside_a_whole_copy_is_left_out() -> None:
    """Unless it denies what the copy says; without a whole copy nothing is."""
    whole = canal(f"{CANAL} Tolls of 1999 paid for a museum in Colon.")
    assert "museum" not in without_added(whole).answer.words
    assert without_added(whole).answer.words == units_of(CANAL).words
    assert without_added(canal("Locks raise ships. Tolls paid for a museum.")).answer.words[-1] == "museum"


def test_a_number_in_the_place_of_another_is_told_wherever_it_stands() -> None:
    """Though the reference has it in another place; a question back is told too; no figure is without bounds."""
    changed = CANAL.replace("26 metres", "1914 metres")
    assert asked_figures(canal(changed))["put_any_number"] > 0
    assert asked_figures(canal(CANAL))["put_any_number"] == 0
    asks = english_figures(canal("Which canal?"), "Which canal?", chrf=10.0, chrf_of_rejected=10.0)
    assert asks["asks_back*close"] + asks["asks_back*far"] == 1
    assert english_figures(canal(CANAL), CANAL, chrf=100.0, chrf_of_rejected=80.0)["copy"] == 1
