"""Peers in processes of their own."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from bench.drift.peers import Method, PeerScores, peer_scores
from bench.peers.environments import Peer, PeerUnavailable

CHILD = "tests.bench.drift.length_child"
STANDIN = Peer("stand-in", ())


@pytest.fixture
def environments(tmp_path: Path) -> Path:
    """An environment that is already there: this interpreter."""
    folder = tmp_path / STANDIN.name
    (folder / "bin").mkdir(parents=True)
    python = folder / "bin" / "python"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    (folder / ".ready").write_text("")
    return tmp_path


def test_texts_and_rows_reach_the_peer_whole(environments: Path) -> None:
    """A peer of texts gets every text, Hindi included, one of features every row, and a score a document comes back."""
    found = peer_scores(Method("texts", STANDIN, CHILD, {}, texts=True), environments, ["a"], ["हिन्दी", "b\nc", ""])
    assert found.scores.tolist() == [6, 3, 0]
    assert (found.version, found.us_per_doc) == ("1.0", 2.0)
    rows = np.array([[1, 2], [3, 4]], np.float32)
    assert peer_scores(Method("rows", STANDIN, CHILD, {}), environments, rows, rows).scores.tolist() == [3, 7]


def test_a_peer_that_fails_is_unavailable_and_says_why(environments: Path) -> None:
    """What the peer's process said is in the error."""
    rows = np.zeros((2, 2), np.float32)
    with pytest.raises(PeerUnavailable, match="no such kernel"):
        peer_scores(Method("rows", STANDIN, CHILD, {"fail": True}), environments, rows, rows)


def test_the_first_alarm_is_above_the_threshold() -> None:
    """A score on the threshold is none; a stream that stays below has no alarm."""
    scores = PeerScores(np.array([0.0, 0.5, 0.7, 0.6]), "1.0", 1.0)
    assert scores.first_alarm(0.5) == 2
    assert scores.first_alarm(0.7) is None
