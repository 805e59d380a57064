"""The baseline: what it is sure of."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from consumers.drift.baseline import fit_baseline
from tests.consumers.drift.conftest import made_documents


def test_what_the_vocabulary_does_not_say_for_sure_counts_as_less() -> None:
    """With rare words the heads and the rate of unknown words are those of fewer documents than were measured, the others of all."""
    rng = np.random.default_rng(7)
    documents = [replace(document, text=f"{document.text} w{rng.zipf(1.4) % 1_000_003}") for document in made_documents(3_000, 7)]
    found = fit_baseline(documents, streams=4, documents_a_day=1_000)
    (measured,) = {head.baseline_documents for head in found.heads if head.block != "unknown_word_share"}
    (unsure,) = {head.baseline_documents for head in found.heads if head.block == "unknown_word_share"}
    assert unsure < 0.9 * measured
    assert {rate.key: rate.documents for rate in found.rates} == {"mojibake": measured, "script_error": measured, "unknown_word": unsure}
