"""Names anew: each run's own, of the same kinds of letters, and of nothing that two sources say."""

from __future__ import annotations

import numpy as np
import pytest

from bench.drift.streams.corpora import Passage
from bench.drift.streams.open_vocabulary import OpenVocabulary, runs_of
from bench.drift.streams.pools import Pool, pool_of
from bench.drift.sweep import World
from consumers.drift.features.vocabulary import fit_vocabulary


def named() -> Pool:
    """Two sources of Hindi and one of a topic, each with a name that no other has."""
    texts = [("अ", "लखनपुर में रात हुई।"), ("अ", "रात को लखनपुर चुप था।"), ("आ", "फिर सोनगढ़ में रात हुई।"), ("विषय", "मंगल पर रात हुई।")]
    return pool_of([Passage(text, "hi", "hda", source, f"mode/{source}") for source, text in texts], seed=0)


def test_a_run_has_its_own_names_and_keeps_all_else() -> None:
    """In a run a name is one name, in the next another; words of two sources and those of a topic stay."""
    pool = named()
    vocabulary = OpenVocabulary(pool, pool.groups_named("mode/विषय"))
    drawn = np.array([0, 1, 2, 0, 3], np.int32)
    found = vocabulary.texts(drawn, runs_of(pool.source[drawn]), np.random.default_rng(1))
    first, second, _, again, topic = (text.split() for text in found)
    assert first[1:] == ["में", "रात", "हुई।"]
    assert first[0] == second[2]
    assert len({first[0], again[0], "लखनपुर"}) == 3
    assert [len(name) for name in (first[0], again[0])] == [len("लखनपुर")] * 2
    assert topic == pool.texts[3].split()


@pytest.mark.process
def test_a_quiet_stream_has_as_many_unknown_words_as_its_baseline(pool: Pool) -> None:
    """The baseline knows of itself how many documents have an unknown word, whether names are the pool's or new."""
    found = {}
    for opened in (False, True):
        world = World(pool, 100, documents=4_000, open_vocabulary=opened)
        baseline, rows = world.fitted(world.scenario.world)
        stream = world.scenario.world.draw(world.rng, 20_000)
        rate = next(rate for rate in baseline.rates if rate.key == "unknown_word")
        events, having = rate.counted(rows[stream.documents].astype(np.int64)).sum(axis=0).tolist()
        found[opened] = (rate.having / rate.documents, having / events)
    assert found[True][1] > found[False][1] + 0.03
    for expected, seen in found.values():
        assert abs(expected - seen) < 0.04


def test_names_are_unknown_to_other_runs(pool: Pool) -> None:
    """Of two draws of the same documents hardly a new name is in both."""
    vocabulary = OpenVocabulary(pool, ())
    documents = pool.published()[:2_000]
    one, other = (vocabulary.texts(documents, pool.source[documents], np.random.default_rng(seed)) for seed in (1, 2))
    kept = np.zeros(len(documents), np.int64)
    words = [fit_vocabulary(texts, kept).known for texts in ([pool.texts[at] for at in documents.tolist()], one, other)]
    new = words[1] & ~words[0]
    assert new.sum() > 1_000
    assert (new & words[2]).sum() < 0.1 * new.sum()
