"""What pages that open offline share: the style sheet, and the hash by which a page's own policy allows its one style and script."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import Final

_STYLE: Final = Path(__file__).with_name("page.css")


@cache
def report_style() -> str:
    """The style sheet of the reports: colours for light and dark, type for Hindi, tables that scroll in themselves, print."""
    return _STYLE.read_text(encoding="utf-8")


def allowed_hash(text: str) -> str:
    """The source expression of a Content-Security-Policy for a style or script with this very text."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
