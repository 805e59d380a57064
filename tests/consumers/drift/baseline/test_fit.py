"""The baseline: what it is sure of."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from consumers.drift.baseline.fit import BaselineTooSmall, fit_baseline
from tests.consumers.drift.conftest import made_documents


@pytest.mark.process
def test_what_the_vocabulary_does_not_say_for_sure_counts_as_less() -> None:
    """With rare words the statistics and the rate of unknown words are those of fewer documents than were measured."""
    rng = np.random.default_rng(7)
    documents = [replace(document, text=f"{document.text} w{rng.zipf(1.4) % 1_000_003}") for document in made_documents(3_000, 7)]
    found = fit_baseline(documents, streams=4, documents_a_day=1_000)
    (measured,) = {stat.baseline_documents for stat in found.window_statistics if stat.block != "unknown_word_share"}
    (unsure,) = {stat.baseline_documents for stat in found.window_statistics if stat.block == "unknown_word_share"}
    assert unsure < 0.9 * measured
    assert {rate.key: rate.documents for rate in found.rates} == {"mojibake": measured, "script_error": measured, "unknown_word": unsure}


@pytest.mark.parametrize(
    ("texts", "different", "empty"),
    [
        ([""], 0, 2_500),
        (["the same"], 1, 0),
        (["the same", "the  same ", "the\nsame"], 1, 0),
        (["।", " \u200b", "!?", "नदी"], 1, 1_875),
        ([f"नदी {number}" for number in range(99)], 99, 0),
        (["x" * 4_000 + str(number) for number in range(2_500)], 1, 0),  # alike as far as is looked at
    ],
)
def test_k4_empty_or_equal_texts_give_no_baseline(texts: list[str], different: int, empty: int) -> None:
    """2,500 documents that say nothing of their own are refused, and it is said how many differ and how many are needed."""
    days = made_documents(2_500, 1)
    documents = [replace(document, text=texts[number % len(texts)]) for number, document in enumerate(days)]
    expected = f"2500 documents with {different} different texts \\({empty} have no letter or digit\\): expected at least 100 different"
    with pytest.raises(BaselineTooSmall, match=expected):
        fit_baseline(documents, streams=2)
