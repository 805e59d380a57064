"""How long an answer may get: room for the longest right answer and a quarter more, and never less than the configured number."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Final

ROOM: Final = 1.25
# Of a reference that is no answer but a document: more would be asked for an hour, and be wrong by then. It is told as cut.
MOST_TOKENS: Final = 4096


def token_limits(references: Sequence[Sequence[str]], count_tokens: Callable[[Sequence[str]], list[int]], *, least: int) -> list[int]:
    """The limit of each item: 1.25 times the tokens of its longest reference, at least `least`, at most 4,096.

    So a short answer costs what it cost before, and no right answer is cut: at a flat 64 all Hindi answers of 30 to 80 words were.

    >>> token_limits([["Agra"], ["a " * 99 + "b", "c"]], lambda texts: [len(text.split()) for text in texts], least=64)
    [64, 125]
    """
    distinct = list(dict.fromkeys(text for texts in references for text in texts))
    tokens = dict(zip(distinct, count_tokens(distinct), strict=True))
    longest = (max((tokens[text] for text in texts), default=0) for texts in references)
    return [max(least, min(MOST_TOKENS, math.ceil(ROOM * length))) for length in longest]
