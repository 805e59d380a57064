"""What a detector says now: the row that `/state`, `abhyas status` and the live page show of it."""

from __future__ import annotations

import msgspec


class Standing(msgspec.Struct, frozen=True):
    """A statistic against its threshold; `alarm`: it said so and nothing has answered it, `since_ms` (since 1970 UTC).

    `learning` is set while a baseline is gathered: its events so far and those needed.
    """

    signal: str
    detector: str
    language: str | None
    statistic: float
    threshold: float
    alarm: bool = False
    since_ms: int | None = None
    learning: tuple[int, int] | None = None
