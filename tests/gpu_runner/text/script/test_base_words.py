"""The vocabulary that comes with the project."""

from __future__ import annotations

import json

import pytest

from bench.script.learn import OUT, vocabulary
from bench.script.material import DATA


def test_it_is_small_and_says_where_it_is_from() -> None:
    """Less than 400 kB, with its source and licence."""
    told = json.loads(OUT.read_text(encoding="utf-8"))
    assert OUT.stat().st_size < 400_000
    assert "HDA" in told["source"]
    assert told["licence"].startswith("MIT, Copyright")


@pytest.mark.process
def test_the_command_makes_it_again() -> None:
    """Word for word, from the stories."""
    if not DATA.is_dir():
        pytest.skip(f"no development data: {DATA} does not exist")
    assert vocabulary() == json.loads(OUT.read_text(encoding="utf-8"))
