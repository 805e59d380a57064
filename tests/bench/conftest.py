"""What the tests of several pages share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bench.report_page.chromium import Chromium, chromium_path
from bench.report_page.tools import ToolMissing, devanagari_fonts


@pytest.fixture(scope="module")
def browser() -> Iterator[Chromium]:
    """One Chromium for all tests of a module; with a Devanagari font where npm has one."""
    if chromium_path() is None:
        pytest.skip("no Chromium on PATH")
    try:
        fonts = devanagari_fonts()
    except ToolMissing:
        fonts = None  # boxes for letters are as wide as letters
    with Chromium(fonts=fonts) as chromium:
        yield chromium
