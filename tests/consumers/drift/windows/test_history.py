"""What is measured on, and what is resampled from it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from consumers.drift.features.layout import BLOCKS, MOSTLY_DEVANAGARI, WIDTH
from consumers.drift.windows.history import History, drawn_stream

BLOCK = 4


def history(blocks: int, hindi: float = 0.5) -> History:
    """Blocks of four documents, each with its number in column 1 and its block's weekday; the first so many of each hundred are Hindi."""
    rows = np.zeros((blocks * BLOCK, WIDTH), np.int64)
    numbers = np.arange(len(rows))
    rows[:, 0], rows[:, 1] = 1, numbers
    rows[:, BLOCKS[MOSTLY_DEVANAGARI].first] = numbers % 100 < 100 * hindi
    rows[:, BLOCKS["unknown_word"].first] = numbers % 10 == 0
    each = np.arange(blocks)
    return History(rows, np.arange(blocks + 1) * BLOCK, each % 7, each % 4, numbers % 5 == 0)


@pytest.mark.parametrize("by_weekday", [True, False])
def test_a_stream_is_of_whole_blocks_and_of_its_weekdays(by_weekday: bool) -> None:
    """Documents come in their blocks' order; a day has blocks of one weekday where asked, of all else."""
    measured = history(700)
    order = drawn_stream(measured, 2_800, 400, np.random.default_rng(1), by_weekday=by_weekday)
    assert len(order) == 2_800
    assert (np.diff(order.reshape(-1, BLOCK), axis=1) == 1).all()
    assert (order.reshape(-1, BLOCK)[:, 0] % BLOCK == 0).all()
    of_day = [set((day // BLOCK % 7).tolist()) for day in order.reshape(7, 400)]
    assert [len(weekdays) for weekdays in of_day] == [1 if by_weekday else 7] * 7
    if by_weekday:
        assert len(set.union(*of_day)) == 7


def test_a_world_may_be_drawn_anew_or_as_it_is() -> None:
    """A stream of a redrawn world lacks a third of the blocks, however long it is."""
    rng = np.random.default_rng(2)
    seen = [
        len(np.unique(drawn_stream(history(200), 40_000, 1_000, rng, by_weekday=False, redrawn=redrawn) // BLOCK))
        for redrawn in (False, True)
    ]
    assert seen[0] == 200
    assert 110 < seen[1] < 145


def test_languages_are_watched_where_both_have_documents_enough() -> None:
    """A handful of English documents has no covariance of its own, and Hindi is then the whole."""
    assert history(2_000).languages == ("hi", "en")
    assert history(2_000, hindi=0.99).languages == ()
    assert history(100).languages == ()


def test_a_language_is_a_part_of_each_block() -> None:
    """The sums of the languages' blocks are those of all."""
    measured = history(60, hindi=0.3)
    by_language = [measured.block_sums(language) for language in ("hi", "en")]
    assert np.array_equal(sum(by_language), measured.block_sums())
    assert [int(sums[:, 0].sum()) for sums in by_language] == [int(measured.of(language).sum()) for language in ("hi", "en")]


def test_the_excess_is_that_of_words_that_came_once_more() -> None:
    """A tenth has a word of its own, a fifth one that at most one other block has: the error counts twice. Never less than once."""
    measured = history(500)
    assert measured.excess(None) == 2.0
    assert replace(measured, nearly_unknown=np.zeros(2_000, np.bool_)).excess(None) == 1.0


def test_a_part_has_its_blocks_alone() -> None:
    """Rows, bounds, weekdays and groups of the chosen blocks."""
    chosen = np.arange(50) % 3 == 0
    found = history(50).part(chosen)
    assert found.rows[:, 1].tolist() == [number for number in range(200) if chosen[number // BLOCK]]
    assert found.blocks.tolist() == list(range(0, len(found.rows) + 1, BLOCK))
    assert found.groups.tolist() == (np.arange(50) % 4)[chosen].tolist()
    assert len(found.nearly_unknown) == len(found.rows)
    assert np.array_equal(found.document_groups(), np.repeat(found.groups, BLOCK))
