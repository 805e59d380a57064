"""BLEU and chrF with their signatures."""

from __future__ import annotations

import pytest

from gpu_runner.evaluate.bleu import NAMES, corpus_scores, sentence_chrf, signatures


def test_identical_answers_score_a_hundred() -> None:
    """On every metric, in Hindi and English, short answers included."""
    texts = ["ताज महल आगरा में स्थित है।", "1950", "the Red Fort"]
    scores = corpus_scores(texts, [[text] for text in texts])
    assert {name: round(value, 2) for name, value in scores.items()} == dict.fromkeys(NAMES, 100.0)


def test_the_headline_forgives_danda_spacing() -> None:
    """`intl` sees no difference in a space before a danda, `13a` does: so it is not the headline."""
    scores = corpus_scores(["ताज महल आगरा में है।"], [["ताज महल आगरा में है ।"]])
    assert scores["bleu"] == pytest.approx(100)
    assert scores["bleu_13a"] < 90


def test_a_missing_answer_is_empty() -> None:
    """None scores as "" and drags the corpus down."""
    assert corpus_scores([None], [["आगरा"]])["chrf"] == 0
    assert sentence_chrf(None, ["आगरा"]) == 0
    assert corpus_scores(["आगरा", None], [["आगरा"], ["दिल्ली"]])["bleu"] < 100


def test_any_of_several_references_counts() -> None:
    """Items may have different numbers of references."""
    answers = ["in the city of Agra", "Delhi"]
    assert corpus_scores(answers, [["the town", "in the city of Agra"], ["Delhi"]])["bleu"] == pytest.approx(100)


def test_bleu_is_sacrebleus_own_and_knows_no_answer_of_fewer_than_four_words() -> None:
    """Its signature is the default one (`eff:no`), so that figures are comparable; chrF is there for short answers."""
    scores = corpus_scores(["Agra"], [["Agra"]])
    assert (scores["bleu"], scores["chrf"]) == (0, pytest.approx(100))
    assert "eff:no" in signatures([["Agra"]])["bleu"]


def test_signatures_name_tokeniser_and_version() -> None:
    """What was computed can be computed again."""
    told = signatures([["a"], ["b"]])
    assert set(told) == set(NAMES)
    assert "tok:intl" in told["bleu"]
    assert "tok:13a" in told["bleu_13a"]
    assert "nw:2" in told["chrf++"]
    assert all("version:" in text for text in told.values())


def test_nothing_to_score_is_refused() -> None:
    """An empty corpus has no score."""
    with pytest.raises(ValueError, match="at least one"):
        corpus_scores([], [])


def test_k5_one_text_in_two_normal_forms_is_one_text() -> None:
    """A nukta letter precomposed in the reference and decomposed in the answer costs nothing."""
    answer, reference = "आगरा की सब\u091c\u093cी मंडी", "आगरा की सब\u095bी मंडी"
    assert corpus_scores([answer], [[reference]], ("bleu", "chrf")) == {"bleu": pytest.approx(100), "chrf": pytest.approx(100)}
    assert sentence_chrf(answer, [reference]) == pytest.approx(100)
