"""The cases of the development data, where it lies beside the checkout."""

from __future__ import annotations

import pytest

from bench.drift.streams.pools import DataAbsent
from bench.grounding.cases import GroundingCase, cases


@pytest.fixture(scope="session")
def of_the_data() -> list[GroundingCase]:
    """All cases of seed 0; skips where the data is absent."""
    try:
        return cases()
    except DataAbsent as absent:
        pytest.skip(str(absent))
