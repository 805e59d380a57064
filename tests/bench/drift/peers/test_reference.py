"""What methods know before a stream."""

from __future__ import annotations

import numpy as np
import pytest

from bench.drift.peers.reference import Reference
from bench.drift.streams.pools import EN, HI, Pool
from bench.drift.streams.population import population
from consumers.drift.features.layout import BINNED

pytestmark = pytest.mark.process


@pytest.fixture(scope="module")
def reference(small: Pool) -> Reference:
    """Of the whole small pool, with a baseline of 3,000 documents."""
    return Reference(population(small), np.random.default_rng(0), 3_000, calibration_streams=2)


def test_scalars_are_the_quantities_unbinned(reference: Reference, small: Pool) -> None:
    """Every scalar lies within 0 to 1; Hindi documents are Devanagari and English ones are not."""
    assert reference.scalars.shape == (len(small), len(BINNED))
    assert reference.scalars.min() >= 0
    assert reference.scalars.max() <= 1
    share = reference.scalars[:, BINNED.index("devanagari_share")]
    assert share[(small.language == HI) & (small.form == 0)].min() > 0.9
    assert share[(small.language == EN) & (small.form == 0)].max() == 0


def test_standard_scalars_are_those_of_what_was_seen(reference: Reference) -> None:
    """Over the documents seen the mean is 0 and the deviation 1, but where a quantity never moves."""
    seen = reference.standard[reference.seen.documents]
    assert np.abs(seen.mean(axis=0)).max() < 1e-6
    assert all(deviation == pytest.approx(1) or deviation < 1e-6 for deviation in seen.std(axis=0))


def test_wordings_have_unit_length(reference: Reference) -> None:
    """φ of every document with words, as the kernel methods want it."""
    assert np.linalg.norm(reference.phi, axis=1) == pytest.approx(1, abs=0.001)


def test_a_sample_is_drawn_beside_the_baseline(reference: Reference) -> None:
    """As many documents as asked, of those that were seen."""
    sample = reference.sample(200)
    assert len(sample) == 200
    assert {*sample.tolist()} <= {*reference.seen.documents.tolist()}
    assert len(reference.sample(10**6)) == len(reference.seen)
