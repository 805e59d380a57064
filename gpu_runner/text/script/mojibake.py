"""Hindi that was written as UTF-8 and read as a single-byte code page, once or twice.

Each letter of Devanagari is the bytes E0 A4 or E0 A5 and a third one, so every letter of such a word begins with one of two pairs of
characters that no language writes: `à¤` and `à¥` where the page was cp1252 or Latin-1, `αñ` and `αÑ` for cp437, `а¤` and `аҐ` for cp1251.
The third byte is not looked at: cp1252 has no character for five of them (the virama's among them), so readers lose it in many ways.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

from gpu_runner.text.script.letters import PlacedWord

CODE_PAGES: Final = (
    *("cp1252", "latin-1", "cp437", "cp1251", "mac_roman", "cp850", "cp1250", "cp1254", "iso8859-15", "koi8-r"),
)  # fmt: skip
# Those that double reading is looked for in: what a browser, an editor and a console take text for.
_TWICE: Final = ("cp1252", "latin-1", "cp437", "cp1251", "mac_roman")
_FIRST_BYTES: Final = (b"\xe0\xa4", b"\xe0\xa5")
_CONTINUATION: Final = bytes(range(0x80, 0xC0))
# In this page the first bytes are footnote marks (`‡§`, `‡•`), so the third one has to be there.
_AMBIGUOUS: Final = "mac_roman"


def misread(text: bytes, page: str) -> str:
    """Bytes as a reader of the code page shows them; bytes without a character become the C1 controls, as in browsers.

    >>> misread("क".encode(), "cp1252"), misread("म".encode(), "cp437")
    ('à¤•', 'αñ«')
    """
    return "".join(_character(byte, page) for byte in text)


def _character(byte: int, page: str) -> str:
    try:
        return bytes([byte]).decode(page)
    except UnicodeDecodeError:
        return chr(byte)


def _beginnings() -> re.Pattern[str]:
    found: set[str] = set()
    for page in CODE_PAGES:
        third = f"[{re.escape(misread(_CONTINUATION, page))}]" if page == _AMBIGUOUS else ""
        found |= {re.escape(misread(first, page)) + third for first in _FIRST_BYTES}
    for page in _TWICE:
        for first in _FIRST_BYTES:
            again = misread(first, page).encode()
            for second in _TWICE:
                shown = misread(again, second)
                # A no-break space that was made a plain one, or lost.
                found |= {re.escape(shown), re.escape(shown.replace("\xa0", " ")), re.escape(shown.replace("\xa0", ""))}
    found |= {re.escape(unicodedata.normalize("NFD", misread(first, "latin-1"))) for first in _FIRST_BYTES}
    return re.compile("|".join(sorted(found, key=len, reverse=True)) + "|\ufffd")


_BEGINNING: Final = _beginnings()
# A misread word may hold a no-break space or the control NEL, which `\s` would end it at.
_RUN: Final = re.compile(r"[^ \t\r\n]+")
_BORDER: Final = "।,.;:!?()[]{}\"'-"


def misread_words(text: str) -> Iterator[PlacedWord]:
    """The runs between white space that hold a misread letter of Devanagari or a replacement character, without the stops around them."""
    if text.isascii():
        return
    end = 0
    for beginning in _BEGINNING.finditer(text):
        if beginning.start() < end:
            continue
        start = max(text.rfind(mark, 0, beginning.start()) for mark in " \t\r\n") + 1
        end = beginning.end()
        while (run := _RUN.match(text, end)) is not None and run.end() > end:
            end = run.end()
        word = text[start:end]
        start += len(word) - len(word.lstrip(_BORDER))
        yield PlacedWord(word.strip(_BORDER), start, start + len(word.strip(_BORDER)))
