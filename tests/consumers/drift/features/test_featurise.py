"""Feature rows: the same for a document in any company, and blind to no script."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from consumers.drift.baseline.fit import Baseline
from consumers.drift.features.featurise import Quantities
from consumers.drift.features.layout import BINNED, BLOCKS, CLUSTERS, MOSTLY_DEVANAGARI, UNKNOWN_IN_DEVANAGARI
from consumers.drift.text.code_points import LONGEST, code_points
from consumers.drift.text.ngrams import WORD_BITS, ngram_rows, word_hashes

TEXTS = st.lists(st.text(max_size=60) | st.sampled_from(["नदी के पास किला", "the old fort", "", "👍🏽", "à¤•à¤¿"]), min_size=1, max_size=8)
UNKNOWN = np.zeros(1 << WORD_BITS, np.bool_)


def indicator(text: str, name: str) -> int:
    return int(Quantities.of(code_points([text]), UNKNOWN).indicators[name][0])


@settings(max_examples=60, deadline=None)
@given(TEXTS, st.integers(0, 7))
def test_a_row_is_the_same_in_any_batch(small_baseline: Baseline, texts: list[str], cut: int) -> None:
    """However documents are batched, each has its own row, to the last bit; any text has one."""
    rows = small_baseline.featuriser.rows
    whole = rows(texts)
    parts = [rows(part) for part in (texts[:cut], texts[cut:]) if part]
    assert np.array_equal(whole, np.concatenate(parts))
    assert np.array_equal(whole[::-1], rows(texts[::-1]))
    assert np.array_equal(whole, rows(code_points(texts)))


@settings(max_examples=60, deadline=None)
@given(TEXTS)
def test_each_document_is_in_one_bin_of_each_quantity(small_baseline: Baseline, texts: list[str]) -> None:
    """Bins and clusters are shares: each document counts once in each."""
    rows = small_baseline.featuriser.rows(texts)
    for name in (*BINNED, "cluster"):
        assert (rows[:, BLOCKS[name].columns].sum(axis=1) == 1).all()
    assert BLOCKS["cluster"].width == CLUSTERS


def test_hindi_words_stay_whole() -> None:
    """A word with vowel signs and a virama is one word, and the composed and the decomposed form are the same word."""
    hashes, bounds = word_hashes(code_points(["विद्यालय में हैं", "क़िला", "क\u093cिला", "KING king"]))
    assert bounds.tolist() == [0, 3, 4, 5, 7]
    assert hashes[3] == hashes[4]
    assert hashes[5] == hashes[6]


def test_a_long_document_is_cut_between_words(small_baseline: Baseline) -> None:
    """What lies beyond LONGEST changes nothing, and half a word is none."""
    beginning = "किला " * (LONGEST // 5)
    rows = small_baseline.featuriser.rows([beginning[:-2] + "नदियाँ और पहाड़", beginning[:-5]])
    assert np.array_equal(rows[0], rows[1])


def test_ngrams_do_not_cross_words_or_documents() -> None:
    """2-grams lie inside a word; a document's neighbours change none of its n-grams."""
    alone = ngram_rows(code_points(["ab cd"])).toarray()
    between = ngram_rows(code_points(["xy", "ab cd", "zz"])).toarray()
    assert np.array_equal(alone[0], between[1])
    # ab, cd; _ab, ab_, _cd, cd_ of three; _ab_, _cd_ of four.
    assert alone.sum() == 8


def test_script_errors_and_mojibake_are_seen() -> None:
    """A vowel sign behind another or behind no letter is an error; UTF-8 read as an 8-bit code page is mojibake; plain text is neither."""
    broken = "किताब".encode().decode("cp1252", "ignore")
    assert [indicator(text, "script_error") for text in ("किताब", "किि", "ि अ", "a\u093f", "काँच")] == [0, 1, 1, 1, 0]
    assert [indicator(text, "mojibake") for text in (broken, "किताब", "café à la crème", "naïve")] == [1, 0, 0, 0]


def test_unknown_words_are_those_the_vocabulary_lacks() -> None:
    """A document's share of them is of its words; one without words has none. Those in Devanagari are counted by themselves too."""
    known = UNKNOWN.copy()
    known[word_hashes(code_points(["नदी का किला"]))[0]] = True
    found = Quantities.of(code_points(["नदी का पुल", "नदी", "", "the bridge"]), known)
    assert found.binned[BINNED.index("unknown_word_share")].tolist() == [1 / 3, 0, 0, 1]
    assert found.indicators["unknown_word"].tolist() == [1, 0, 0, 1]
    assert found.indicators[UNKNOWN_IN_DEVANAGARI].tolist() == [1, 0, 0, 0]


def test_a_document_is_of_the_script_that_most_of_its_letters_have() -> None:
    """Hindi with an English word is mostly Devanagari; English with a Hindi one, Hinglish and no letters at all are not."""
    texts = ["यह school पुराना है", "the old किला", "yah kila purana hai", "1857!", ""]
    assert [indicator(text, MOSTLY_DEVANAGARI) for text in texts] == [1, 0, 0, 0, 0]
