"""The documents that streams are drawn from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bench.drift.streams.broken_text import from_mojibake
from bench.drift.streams.corpora import LONGEST, SHORTEST
from bench.drift.streams.pools import EN, HI, HINGLISH, DataAbsent, Pool, load


def test_absent_data_is_said(tmp_path: Path) -> None:
    """Without the data the error says where it is looked for."""
    with pytest.raises(DataAbsent, match=r"\.\./shared/data"):
        load(folder=tmp_path)


def test_every_form_of_a_document_leads_back_to_it(small: Pool) -> None:
    """Mojibake reads back to its original, Hinglish and matra-less documents belong to a Hindi one, and groups and corpora go with them."""
    broken = small.in_form("mojibake")
    changed = np.flatnonzero(broken != np.arange(len(small)))
    assert {int(small.language[i]) for i in changed} == {HI, EN}
    for document in changed:
        assert from_mojibake(small.texts[broken[document]]) == small.texts[document]
    for document in np.flatnonzero(small.original != np.arange(len(small))):
        of = small.original[document]
        assert (small.group[of], small.corpus[of]) == (small.group[document], small.corpus[document])
    hinglish = np.flatnonzero(small.language == HINGLISH)
    assert len(hinglish) == (small.language[small.published()] == HI).sum()
    assert not {*small.source[hinglish].tolist()} & {*small.source[small.original[hinglish]].tolist()}


def test_the_data_gives_a_pool(pool: Pool) -> None:
    """Tens of thousands of distinct documents of the right length in three languages, the same for the same seed."""
    published = pool.published()
    counts = np.bincount(pool.language[published])
    assert counts[HI] > 10_000
    assert counts[EN] > 30_000
    originals = [pool.texts[i] for i in published if pool.language[i] != HINGLISH]
    assert len({*originals}) == len(originals)
    assert all(SHORTEST <= len(text) <= LONGEST for text in originals)
    assert len(pool.groups_named("article/")) == 48
    assert load().texts == pool.texts
    assert load(seed=1).texts != pool.texts


def test_sources_lie_together(pool: Pool) -> None:
    """The published documents of a source follow each other, which is what bursts are drawn from."""
    sources = pool.source[pool.published()]
    assert (np.diff(sources) >= 0).all()
