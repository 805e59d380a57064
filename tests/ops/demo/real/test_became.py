"""What became of the feedback, counted from samples."""

from __future__ import annotations

from typing import Any

import pytest

from ops.demo.real.became import in_a_sentence, newest, what_became

pytestmark = pytest.mark.unit


def sample(name: str, **fields: Any) -> dict[str, Any]:
    """One sample.collected as JSON."""
    return {"sample_id": name, "kind": "feedback", "revision": 0, "negative": True} | fields


def test_each_negative_is_counted_once_by_its_class() -> None:
    """The last revision counts, what was retracted and documents do not; a complaint is told beside its class."""
    samples = [
        sample("a", negative_class="bare"),
        sample("a", revision=1, negative_class="correction", messages=[{"role": "user", "content": "?"}]),
        sample("b", negative_class="answerable", turn_id="t", response="No.", left_out="complaint"),
        sample("c", negative_class="answerable", turn_id="t", left_out="equals_response", quarantine="holdout"),
        sample("d", negative_class="preference"),
        sample("e", negative=False),
        sample("f"),
        sample("g", retracted=True),
        {"sample_id": "h", "kind": "document", "revision": 0},
    ]
    became = what_became(samples)
    assert [one["sample_id"] for one in newest(samples)] == ["a", "b", "c", "d", "e", "f"]
    assert became == {
        "feedback": 6, "negatives": 5, "correction": 1, "preference": 1, "answerable": 2, "bare": 0, "unclassed": 1, "complaints": 1,
        "left_out_equals_response": 1, "joined_turns": 1, "conversations": 1, "quarantined": 1,
    }  # fmt: skip
    sentence = in_a_sentence(became)
    assert "5 were bad: 1 with a correction, 1 with a preferred answer, 2 with passages alone, 0 bare; 1 complaints" in sentence
