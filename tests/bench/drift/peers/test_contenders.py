"""The knobs of methods that run in this process."""

from __future__ import annotations

import doctest

import numpy as np
import pytest

import bench.drift.peers.contenders
from bench.drift.peers.compare import in_process
from bench.drift.peers.contenders import Ours, River, loosest
from bench.drift.peers.reference import Reference
from bench.drift.streams.pools import EN, Pool
from bench.drift.streams.population import population

pytestmark = pytest.mark.process


def test_the_examples_of_the_docstrings_hold() -> None:
    """The module has examples, and they are true."""
    found = doctest.testmod(bench.drift.peers.contenders)
    assert found.attempted
    assert not found.failed


@pytest.mark.parametrize("quiet_from", range(7))
def test_the_loosest_quiet_knob_is_found(quiet_from: int) -> None:
    """Wherever the quiet knobs begin, the first of them is chosen, with no alarm."""
    assert loosest(range(7), lambda knob: int(knob < quiet_from)) == (quiet_from, 0)


def test_a_method_that_is_never_quiet_says_how_loud_it_is() -> None:
    """The strictest knob and its alarms, so that nobody takes the rate for matched."""
    assert loosest((10.0, 1.0), lambda knob: int(knob) + 4) == (1.0, 5)


def test_both_kinds_hear_another_language(small: Pool) -> None:
    """Where every document is English from one on, each method alarms after it and soon, ours fires, and a copy hears the same."""
    world = population(small)
    reference = Reference(world, np.random.default_rng(0), 3_000, calibration_streams=2)
    stream = world.draw(np.random.default_rng(1), 2_000)
    stream.documents[500:] = np.flatnonzero((small.language == EN) & (small.form == 0))[np.arange(1_500) % 100]
    for contender in in_process():
        if isinstance(contender, River):
            one, other = contender.hear(reference, [stream, stream], contender.knobs[0])
            assert 500 < next(n for n in one.alarms if n > 500) < 1_000
            assert one == other
    (heard,) = Ours("ours", (0.1,)).hear(reference, [stream], 0.1)
    assert 500 < next(n for n in heard.alarms if n > 500) < 1_000
    assert heard.fired[0] > 500
