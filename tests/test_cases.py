"""Every row of docs/cases.md names tests that exist, and no test of a kind is left out of it."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "cases.md"
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
DEFINED = re.compile(r"^\s*(?:async )?def (test_k\d+_\w+)\(", re.MULTILINE)


def rows() -> list[str]:
    """The rows of the page's tables, without their heads."""
    return [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ") and not line.startswith("| what broke")]


def test_every_row_names_a_test_that_exists() -> None:
    """A row without a test, or with one that is not there, would be a promise that nobody keeps."""
    assert len(rows()) >= 30
    assert [row for row in rows() if not NAMED.search(row)] == []
    missing = [
        f"{path}::{name}"
        for row in rows()
        for path, name in NAMED.findall(row)
        if not (ROOT / path).is_file() or not re.search(rf"def {name}\(", (ROOT / path).read_text(encoding="utf-8"))
    ]
    assert missing == []


def test_every_test_of_a_kind_has_its_row() -> None:
    """A test that is named after a kind stands in the table."""
    named = {name for row in rows() for _, name in NAMED.findall(row)}
    defined = {name for path in (ROOT / "tests").rglob("test_*.py") for name in DEFINED.findall(path.read_text(encoding="utf-8"))}
    assert sorted(defined - named) == []
