"""Scores and their threshold."""

from __future__ import annotations

import doctest
from pathlib import Path

import numpy as np
import pytest

import bench.drift.peers.scored
from bench.drift.peers.peers import Method
from bench.drift.peers.reference import Reference
from bench.drift.peers.scored import Kswin, Scored
from bench.drift.streams.pools import Pool
from bench.drift.streams.population import population
from tests.bench.drift.conftest import CHILD, STANDIN

pytestmark = pytest.mark.process


def test_the_examples_of_the_docstrings_hold() -> None:
    """The module has examples, and they are true."""
    found = doctest.testmod(bench.drift.peers.scored)
    assert found.attempted
    assert not found.failed


def test_a_peer_is_quiet_where_it_was_matched(small: Pool, environments: Path) -> None:
    """The threshold is the largest null score: the same stream alarms nowhere, one with a longer document there alone."""
    world = population(small)
    reference = Reference(world, np.random.default_rng(0), 3_000, calibration_streams=2)
    peer = Scored(Method("length", STANDIN, CHILD, {}, "texts"), environments)
    stream = world.draw(np.random.default_rng(1), 500)
    match = peer.match(reference, [stream])
    assert match.knob == max(len(small.texts[i]) for i in stream.documents.tolist())
    assert peer.hear(reference, [stream], match.knob)[0].alarms == []
    longest = max(range(len(small)), key=lambda i: len(small.texts[i]))
    stream.documents[400] = longest
    assert peer.hear(reference, [stream], len(small.texts[longest]) - 1)[0].alarms == [401]


def test_kswin_scores_full_windows_alone(small: Pool) -> None:
    """Before its window of a hundred is full there is no alarm at any threshold; then a jump of every document is the largest score."""
    world = population(small)
    reference = Reference(world, np.random.default_rng(0), 3_000, calibration_streams=2)
    stream = world.draw(np.random.default_rng(1), 300)
    hindi, english = (int(np.flatnonzero(small.language == language)[0]) for language in (0, 1))
    stream.documents[:200], stream.documents[200:] = hindi, english
    (heard,) = Kswin().hear(reference, [stream], 6.0)
    assert 200 < heard.alarms[0] < 230
    (every,) = Kswin().hear(reference, [stream], -1.0)
    assert every.alarms == [*range(1, 301)]
