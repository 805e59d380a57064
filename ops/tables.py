"""Tables of commands: laid out on a terminal, a line a row with tabs between in a pipe. Nothing is cut, and no cell is markup."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text


def show_table(headers: Sequence[str], rows: Iterable[Sequence[str | Text]]) -> None:
    """Prints the rows under their headers on stdout."""
    if not sys.stdout.isatty():
        print("\t".join(headers))
        for row in rows:
            print("\t".join(plain(str(cell)) for cell in row))
        return
    table = Table(*headers, box=None)
    for column in table.columns:
        column.overflow = "fold"
    for row in rows:
        table.add_row(*(cell if isinstance(cell, Text) else Text(plain(cell)) for cell in row))
    Console().print(table)


def plain(text: str) -> str:
    r"""The text with control characters escaped: what comes from a topic must not end a row or move a terminal's cursor.

    >>> plain("a\tb\x1b[2J"), plain("नदी \u200b")
    ('a\\tb\\x1b[2J', 'नदी \u200b')
    """
    if text.isprintable():
        return text
    return "".join(_escaped(character) for character in text)


def _escaped(character: str) -> str:
    # Above the control characters: joiners and marks that print nothing belong to words.
    control = character < " " or "\x7f" <= character < "\xa0" or "\ud800" <= character <= "\udfff"
    return repr(character)[1:-1] if control else character
