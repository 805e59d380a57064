"""The depth of JSON, bounded: whether a value is too deep, and a text without its too deep parts, for readers that recurse."""

from __future__ import annotations

import json
import re
from typing import Any, Final

# Deeper than any event, any dataset file and any report by far; every reader behind this one recurses.
MAX_DEPTH: Final = 64
# Stands for what is nested too deeply: a text that no string can hold and be taken.
CUT_OUT: Final = "\udc64 nested"
_CUT_OUT_TEXT: Final = json.dumps(CUT_OUT)
# Strings whole (an unfinished one to the end of the text), so that no bracket inside one counts. Possessive: one pass, whatever comes.
_BRACKETS: Final = re.compile(r'"[^"\\]*+(?:\\.?[^"\\]*+)*+"?|[\[{]++|[\]}]++', re.DOTALL)

# Where in the shorter text something was cut out, and the characters that it is shorter by.
Cut = tuple[int, int]


def is_too_deep(value: Any) -> bool:
    """Whether a value has more levels than MAX_DEPTH; O(values)."""
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            child
            for one in level
            if type(one) is dict or type(one) is list
            for child in (one.values() if type(one) is dict else one)
            if type(child) is dict or type(child) is list
        ]
        if not level:
            return False
    return True


def without_deep_parts(text: str, most_cuts: int) -> tuple[str, list[Cut]]:
    """The text with CUT_OUT for each part below MAX_DEPTH, and its cuts; after more than `most_cuts` the rest stays as it is.

    >>> without_deep_parts("[" * 65 + "]" * 65, 10)[0].count("[")
    64
    """
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return text, []
    kept: list[str] = []
    cuts: list[Cut] = []
    depth = at = length = begun = 0

    def cut(end: int) -> None:
        nonlocal at, length
        kept.extend((text[at:begun], _CUT_OUT_TEXT))
        cuts.append((length + begun - at, end - begun - len(_CUT_OUT_TEXT)))
        length += begun - at + len(_CUT_OUT_TEXT)
        at = end

    for found in _BRACKETS.finditer(text):
        start, count = found.start(), found.end() - found.start()
        if text[start] in "[{":
            if depth <= MAX_DEPTH < depth + count:
                begun = start + MAX_DEPTH - depth
            depth += count
        elif text[start] in "]}":
            if depth > MAX_DEPTH >= depth - count:
                cut(start + depth - MAX_DEPTH)
            depth -= count
            if depth < 0 or len(cuts) > most_cuts:
                break  # no JSON, or too many: the reader says so
    if depth > MAX_DEPTH:  # never closed
        cut(len(text))
    return "".join((*kept, text[at:])), cuts
