"""The half that nobody tuned on."""

from __future__ import annotations

import numpy as np

from bench.drift.streams.heldout import KINDS, halves
from bench.drift.streams.pools import Pool
from bench.drift.streams.scenarios import scenario


def test_halves_share_no_group_and_leave_none_out(pool: Pool) -> None:
    """Every article, genre and mode is in exactly one half, each half has some of each kind, the same for a seed."""
    tuning, held_out = halves(pool)
    assert not tuning.groups & held_out.groups
    assert tuning.groups | held_out.groups == {*range(len(pool.groups))}
    for kind in KINDS:
        assert {*pool.groups_named(kind)} & tuning.groups
        assert {*pool.groups_named(kind)} & held_out.groups
    assert (tuning, held_out) == halves(pool)
    assert halves(pool) != halves(pool, seed=1)


def test_streams_of_the_halves_have_no_document_in_common(pool: Pool) -> None:
    """Populations and topics of one half are drawn from its groups alone, in every shift."""
    for half in halves(pool):
        for shift in scenario(pool, np.random.default_rng(0), groups=half.groups).shifts:
            stream = shift.draw(np.random.default_rng(1), 3_000, 6_000)
            assert {*pool.group[stream.documents].tolist()} <= half.groups


def test_each_half_is_large_enough_to_draw_from(pool: Pool) -> None:
    """Neither half has less than a quarter of the documents of any language."""
    published = pool.published()
    total = np.bincount(pool.language[published])
    for half in halves(pool):
        mine = published[np.isin(pool.group[published], [*half.groups])]
        assert (np.bincount(pool.language[mine], minlength=3) > total / 4).all()
