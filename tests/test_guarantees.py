"""Every line of docs/guarantees.md names a check that exists."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "guarantees.md").read_text(encoding="utf-8")


def test_every_promise_names_its_check() -> None:
    """No row of the tables is without a command."""
    rows = [row for row in PAGE.splitlines() if row.startswith("| ") and not row.startswith("| promise")]
    assert len(rows) >= 15
    assert [row for row in rows if not re.search(r"`(?:pytest|make) [^`]+`", row.rsplit("|", 2)[1])] == []


def test_every_check_exists() -> None:
    """Each path after `pytest` is there, and each `make` target is in the Makefile."""
    paths = [path for command in re.findall(r"`pytest ([^`]+)`", PAGE) for path in command.split()]
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert paths
    assert [path for path in paths if not (ROOT / path).exists()] == []
    assert set(re.findall(r"`make ([a-z-]+)", PAGE)) <= targets
