"""Peers in processes of their own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bench.drift.peers.peers import Method, peer_scores
from bench.peers.environments import PeerUnavailable
from tests.bench.drift.conftest import CHILD, STANDIN


def test_texts_and_rows_reach_the_peer_whole(environments: Path) -> None:
    """A peer of texts gets every text, Hindi included, one of features every row, and a score a document comes back for each stream."""
    found = peer_scores(Method("texts", STANDIN, CHILD, {}, "texts"), environments, ["a"], [["हिन्दी", "b\nc"], [""]])
    assert [scores.tolist() for scores in found.scores] == [[6, 3], [0]]
    assert (found.version, found.us_per_doc, found.state_bytes) == ("1.0", 2.0, 8)
    rows = np.array([[1, 2], [3, 4]], np.float32)
    found = peer_scores(Method("rows", STANDIN, CHILD, {}), environments, rows, [rows, rows[:1]])
    assert [scores.tolist() for scores in found.scores] == [[3, 7], [3]]


def test_a_peer_that_fails_is_unavailable_and_says_why(environments: Path) -> None:
    """What the peer's process said is in the error."""
    rows = np.zeros((2, 2), np.float32)
    with pytest.raises(PeerUnavailable, match="no such kernel"):
        peer_scores(Method("rows", STANDIN, CHILD, {"fail": True}), environments, rows, [rows])
