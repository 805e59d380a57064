"""Draws of a population."""

from __future__ import annotations

from itertools import groupby

import numpy as np
import pytest

from bench.drift.streams.pools import EN, HI, HINGLISH, Pool
from bench.drift.streams.population import MIX, PER_DAY, population


def test_a_seed_gives_a_stream(small: Pool) -> None:
    """The same seed gives the same stream, another one another."""
    world = population(small)
    one, same, other = (world.draw(np.random.default_rng(seed), 3_000) for seed in (1, 1, 2))
    assert (one.documents == same.documents).all()
    assert (one.documents != other.documents).any()


@pytest.mark.parametrize("burst", [1, 6])
def test_shares_are_as_asked_and_every_document_is_as_likely(small: Pool, burst: int) -> None:
    """In bursts or alone, languages come in their shares and the documents of a language equally often."""
    stream = population(small, burst=burst).draw(np.random.default_rng(5), 400_000)
    assert np.bincount(small.language[stream.documents], minlength=3) / len(stream) == pytest.approx(MIX, abs=0.004)
    for language in (HI, EN, HINGLISH):
        mine = np.flatnonzero(small.language[small.published()] == language)
        seen = np.bincount(stream.documents, minlength=len(small))[small.published()[mine]]
        # Counts of a Poisson draw scatter by their root; bursts do not add to it, for a document is at most once in a run.
        assert np.abs(seen - seen.mean()).max() < 5 * np.sqrt(seen.mean())


def test_bursts_are_runs_of_one_source_in_order(pool: Pool) -> None:
    """Runs have up to six sentences of one source, one after the other as published; drawn alone, neighbours are strangers."""
    bursty = population(pool).draw(np.random.default_rng(0), 60_000)
    runs = [len([*run]) for _, run in groupby(bursty.documents - np.arange(len(bursty)))]
    assert max(runs) <= 7  # two runs may meet by chance, hardly ever twice
    assert 2.5 < np.mean(runs) < 3.5
    alone = population(pool, burst=1).draw(np.random.default_rng(0), 60_000)
    assert np.mean(np.diff(bursty.sources) == 0) > 0.55
    assert np.mean(np.diff(alone.sources) == 0) < 0.02


def test_the_independent_population_differs_in_nothing_but_its_runs(pool: Pool) -> None:
    """Its documents are as likely as the bursty population's, its neighbours strangers; a cycle stays."""
    bursty = population(pool, cycle=0.3)
    alone = bursty.independent()
    assert (alone.weights() == bursty.weights()).all()
    assert (alone.shares == bursty.shares).all()
    stream = alone.draw(np.random.default_rng(0), 20_000)
    assert np.mean(np.diff(stream.sources) == 0) < 0.02


def test_groups_left_out_never_come(small: Pool) -> None:
    """A population has no document of the groups that it lacks, and none but of those that it is given."""
    world = population(small, without={0, 1})
    assert not np.isin(small.group[world.draw(np.random.default_rng(0), 20_000).documents], [0, 1]).any()
    only = population(small, groups={2, 3})
    assert {*small.group[only.draw(np.random.default_rng(0), 5_000).documents].tolist()} == {2, 3}


def test_a_language_without_documents_is_refused(small: Pool) -> None:
    """A mix that the groups cannot give is an error, not another mix."""
    with pytest.raises(ValueError, match="no hi documents"):
        population(small, groups=small.groups_named("genre/"))


def test_times_go_evenly_through_the_days(small: Pool) -> None:
    """5,000 documents a day in order of time; a baseline of any size spans four whole weeks."""
    world = population(small)
    stream = world.draw(np.random.default_rng(0), 12_000, start=2 * PER_DAY)
    assert np.bincount(stream.days).tolist() == [0, 0, 5_000, 5_000, 2_000]
    assert (np.diff(stream.seconds) > 0).all()
    for size in (20_000, 50_000):
        assert {*world.baseline(np.random.default_rng(0), size).days.tolist()} == {*range(28)}


def test_a_week_comes_back(pool: Pool) -> None:
    """In a weekly cycle languages and corpora change from day to day, the mean mix stays, a weekday looks like itself weeks later."""
    world = population(pool, cycle=0.3, burst=1)
    stream = world.draw(np.random.default_rng(0), 28 * PER_DAY)
    kinds = len(pool.corpora) * pool.language + pool.corpus
    counts = [np.bincount(kinds[stream.documents[stream.days == day]], minlength=3 * len(pool.corpora)) for day in range(28)]
    days = np.array(counts) / PER_DAY
    assert np.abs(days[:7] - days[:7].mean(axis=0)).sum(axis=1).max() > 0.2
    assert np.abs(days[:7] - days[21:]).sum(axis=1).max() < 0.1
    english = np.array([(pool.language[stream.documents[stream.days == day]] == EN).mean() for day in range(7)])
    assert np.ptp(english) > 0.05
    assert np.bincount(pool.language[stream.documents]) / len(stream) == pytest.approx(MIX, abs=0.005)
