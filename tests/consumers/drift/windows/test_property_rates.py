"""Rare properties: two documents that have one where none had it are evidence, one is not; what one source made never fires."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from consumers.drift.features.layout import BLOCKS, MOSTLY_DEVANAGARI, UNKNOWN_IN_DEVANAGARI, WIDTH
from consumers.drift.features.sketch import GROUPS, sketched
from consumers.drift.rates.rate_monitor import RateDecision
from consumers.drift.windows.history import History
from consumers.drift.windows.property_rates import Rate, WatchedRate, fit_rate, fit_rates


def rows(having: NDArray[np.bool_], hindi: bool | NDArray[np.bool_] = True) -> NDArray[np.int64]:
    found = np.zeros((len(having), WIDTH), np.int64)
    found[:, 0] = 1
    found[:, BLOCKS["mojibake"].first] = having
    found[:, BLOCKS[MOSTLY_DEVANAGARI].first] = hindi
    found[:, BLOCKS["unknown_word"].first] = having
    found[:, BLOCKS[UNKNOWN_IN_DEVANAGARI].first] = having & hindi
    return found


def history(documents: NDArray[np.int64], groups: NDArray[np.int64]) -> History:
    """Documents that are a block each."""
    each = np.zeros(len(documents), np.int64)
    return History(documents, np.arange(len(documents) + 1), each, groups, np.zeros(len(documents), np.bool_))


def fitted(documents: NDArray[np.int64], groups: NDArray[np.int64], language: str | None = None) -> Rate:
    return fit_rate("mojibake", history(documents, groups), arl=4e6, language=language)


def dealt(count: int) -> NDArray[np.int64]:
    return np.arange(count) % GROUPS


def watched(rate: WatchedRate, documents: NDArray[np.int64], groups: NDArray[np.int64]) -> list[RateDecision]:
    found = []
    for first in range(0, len(documents), 50):
        decision = rate.update(sketched(documents[first : first + 50], groups[first : first + 50]))
        found += [] if decision is None else [decision]
    return found


def test_runs_of_one_source_count_for_less() -> None:
    """Documents that have it one by one count each for themselves; where it comes in fours, four carry the evidence of one."""
    alone = np.random.default_rng(1).random(8_000) < 0.02
    single = fitted(rows(alone), dealt(8_000))
    fours = fitted(rows(np.repeat(alone[:2_000], 4)), dealt(8_000))
    assert (single.documents, single.having) == (8_000, int(alone.sum()))
    assert sum(having for _, having in single.without) == 3 * single.having
    assert single.design_effect == 1.0
    assert 2.5 < fours.design_effect < 6


def test_a_rate_of_none_alarms_at_one_in_a_hundred() -> None:
    """Over a baseline without any, one document in a hundred is found within a few hundred, a single one in 10,000 is not."""
    rate = fitted(rows(np.zeros(20_000, np.bool_)), dealt(20_000))
    found = watched(WatchedRate(rate), rows(np.arange(4_000) % 100 == 7), dealt(4_000) // 2)
    assert found[0].kind == "alarm"
    assert found[0].n <= 700
    assert watched(WatchedRate(rate), rows(np.arange(10_000) == 5_000), dealt(10_000)) == []


@pytest.mark.parametrize("seed", range(5))
def test_what_one_group_made_alarms_and_never_fires(seed: int) -> None:
    """All of a rise in one group of sources: alarms, no fire; the same rise in all groups fires."""
    rng = np.random.default_rng(seed)
    before = rng.random(20_000) < 0.1
    rate = fitted(rows(before), rng.integers(0, GROUPS, 20_000))
    groups = rng.integers(0, GROUPS, 20_000)
    flood = watched(WatchedRate(rate), rows(rng.random(20_000) < np.where(groups == 1, 0.5, 0.1)), groups)
    world = watched(WatchedRate(rate), rows(rng.random(20_000) < 0.2), groups)
    assert "alarm" in {decision.kind for decision in flood}
    assert "fired" not in {decision.kind for decision in flood}
    assert [decision.kind for decision in world][:2] == ["alarm", "fired"]


def test_a_world_of_one_publisher_may_fire() -> None:
    """A group that has nearly the whole baseline is never left out: nothing would be left to see a change in."""
    rng = np.random.default_rng(3)
    one = np.full(20_000, 2)
    rate = fitted(rows(rng.random(20_000) < 0.1), one)
    found = watched(WatchedRate(rate), rows(rng.random(6_000) < 0.2), one[:6_000])
    assert [decision.kind for decision in found][:2] == ["alarm", "fired"]


def test_a_rise_of_one_language_is_found_in_it_first() -> None:
    """Where English is a quarter of the documents its own rate needs fewer of them, and the Hindi one's says nothing; it fires, but not
    for what one group of sources made."""
    rng = np.random.default_rng(4)
    english, groups = np.arange(40_000) % 4 == 0, rng.integers(0, GROUPS, 40_000)
    before = history(rows(rng.random(40_000) < 0.1, ~english), groups)
    whole, mine, other = (WatchedRate(fit_rate("unknown_word", before, arl=4e6, language=language)) for language in (None, "en", "hi"))
    documents = rows(rng.random(40_000) < np.where(english, 0.22, 0.1), ~english)
    found = watched(mine, documents, groups)
    assert [decision.kind for decision in found][:2] == ["alarm", "fired"]
    assert 4 * found[0].n < watched(whole, documents, groups)[0].n
    assert watched(other, documents, groups) == []
    flood = rows(rng.random(40_000) < np.where(english & (groups == 1), 0.6, 0.1), ~english)
    mine = WatchedRate(mine.rate)
    assert {decision.kind for decision in watched(mine, flood, groups)} >= {"alarm"}
    assert "fired" not in {decision.kind for decision in watched(WatchedRate(mine.rate), flood, groups)}


def test_all_rates_share_the_asked_rate_of_alarms() -> None:
    """The run lengths of all together are what was asked, with the languages' rates and without."""
    measured = history(rows(np.arange(4_000) % 40 == 0, np.arange(4_000) % 2 == 0), dealt(4_000))
    for languages, count in (((), 3), (("hi", "en"), 5)):
        found = fit_rates(measured, languages, alarms_per_100k=0.1)
        assert len(found) == count
        assert sum(100_000 / rate.arl for rate in found) == pytest.approx(0.1)


def test_a_share_of_uncertain_error_counts_as_that_of_fewer_documents() -> None:
    """An error of twice the variance is that of half the documents: a rise needs more of them to be surely none of the baseline's own."""
    rng = np.random.default_rng(5)
    sure = fitted(rows(rng.random(8_000) < 0.1), rng.integers(0, GROUPS, 8_000))
    unsure = sure.with_excess(2.0)
    assert (unsure.documents, unsure.without[1][0]) == (4_000, round(sure.without[1][0] / 2))
    documents, groups = rows(rng.random(40_000) < 0.14), rng.integers(0, GROUPS, 40_000)
    assert watched(WatchedRate(sure), documents, groups)[0].n < watched(WatchedRate(unsure), documents, groups)[0].n
