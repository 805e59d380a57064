"""The explanation's bench judges what is told when the monitor alarms and fires."""

from __future__ import annotations

import pytest

from bench.drift.explanation import Explained, Judged, figures, judged_streams
from bench.drift.streams.pools import Pool

pytestmark = pytest.mark.process


def test_a_topic_is_explained_when_it_fires(small: Pool) -> None:
    """One world with a small baseline: the novel topic of 30 % fires, and what is told is the topic's."""
    (found,) = judged_streams(small, worlds=1, documents=3_000, streams=2, names=("novel topic 30 %", "weekly cycle"))
    topic = found["novel topic 30 %"]
    assert topic.streams == len(topic.fire) == 2
    assert topic.fire[0].terms > 0
    assert topic.fire[0].of_told >= topic.fire[0].strictly > 0
    assert "weekly cycle" not in found


def test_figures_are_of_what_was_found() -> None:
    """The fire has the goal, of the terms told; a shift that nothing was found of has no figure, and what was missed is said."""
    fire = [Judged(900, 20, 1.0, 1.0), Judged(1_100, 10, 0.8, 0.4)]
    told, strictly = figures({"a": Explained(3, [], fire), "b": Explained(3)})
    assert (told.value, strictly.value) == (0.9, 0.7)
    assert (told.met, strictly.met) == (True, None)
    assert "2 of 3 streams" in told.how
