"""What the monitor keeps does not grow with the stream; `make bench-drift-state` goes to ten million documents."""

from __future__ import annotations

import pytest

from bench.drift.state import WINDOW_DAYS, measured

pytestmark = pytest.mark.process


def test_the_state_is_flat() -> None:
    """Four times as many documents keep hardly more bytes, no more days than the window has, and no day over 2 KB."""
    first, second = measured((150_000, 600_000))
    assert second["monitor_bytes"] < 1.1 * first["monitor_bytes"]
    assert (first["days"], second["days"]) == (WINDOW_DAYS, WINDOW_DAYS)
    assert max(first["largest_day_bytes"], second["largest_day_bytes"]) <= 2_048
