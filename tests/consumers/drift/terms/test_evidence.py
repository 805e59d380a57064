"""How much two shares differ."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from consumers.drift.terms.evidence import least_lift, signed_root


@given(st.integers(0, 1000), st.integers(0, 50_000))
def test_evidence_has_the_sign_of_the_change(after: int, before: int) -> None:
    """More documents than before are a rise, fewer are none."""
    z = float(signed_root(np.array([after]), 1000, np.array([before]), 50_000)[0])
    rise = after / 1000 - (before + 0.5) / 50_001
    assert z * rise >= 0
    assert np.isfinite(z)


def test_the_least_rise_grows_with_the_documents() -> None:
    """The same ratio is a surer rise of a frequent term, and no rise is below none."""
    rare, frequent, same = least_lift(np.array([4, 400, 10]), 1000, np.array([100, 10_000, 500]), 50_000)
    assert same < rare < frequent < np.log(2)
