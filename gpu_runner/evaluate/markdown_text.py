"""Text in Markdown that says what it is and nothing else: a name, a reason or a note can't become markup, a link or a table's border."""

from __future__ import annotations

import re
from typing import Final

# What GitHub's Markdown reads as markup anywhere in a line; a backslash before it makes it plain.
_MARKUP: Final = re.compile(r"[\\`*\[\]<>|~$&]|(?<![^\W_])_|_(?![^\W_])|:(?=//)|(?<=www)\.|@")
# And what only the beginning of a line may be: a heading, a quote, a list, a rule.
_LINE_START: Final = re.compile(r"^(?:#|[-+](?=\s|$)|[-=]+$|\d+(?=[.)](?:\s|$)))")
_RUNS: Final = re.compile(r"`+")


def plain(text: str) -> str:
    """The text as one line of Markdown that shows it as it is; white space collapsed, so that no line of it can begin a block.

    >>> plain("a|b `c` <i>d</i>"), plain("# x_y _z_"), plain("see http://host [here](u)")
    ('a\\\\|b \\\\`c\\\\` \\\\<i\\\\>d\\\\</i\\\\>', '\\\\# x_y \\\\_z\\\\_', 'see http\\\\://host \\\\[here\\\\](u)')
    """
    line = _MARKUP.sub(lambda found: "\\" + found.group(), " ".join(text.split()))
    start = _LINE_START.match(line)
    if start is None:
        return line
    # "1." begins a list by its point, the other marks by themselves.
    at = start.end() if start.group().isdigit() else 0
    return f"{line[:at]}\\{line[at:]}"


def code(text: str) -> str:
    """The text as a code span, whatever backticks it holds.

    >>> code("a"), code("a`b``c")
    ('`a`', '``` a`b``c ```')
    """
    line = " ".join(text.split())
    longest = max((len(run) for run in _RUNS.findall(line)), default=0)
    if not longest:
        return f"`{line}`"
    fence = "`" * (longest + 1)
    return f"{fence} {line} {fence}"
