"""The page's snapshot: the board, the consumers' state and the rates, or that a source is away. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ops.dashboard.board import Board
from ops.dashboard.rates import RateWindow


@dataclass(slots=True)
class FeedSource:
    """Whether a source answers, since when it does or does not, and what it said."""

    ok: bool = False
    since: datetime | None = None
    message: str = "not asked yet"

    def answered(self, now: datetime) -> None:
        """It answers."""
        if not self.ok or self.since is None:
            self.ok, self.since = True, now
        self.message = ""

    def failed(self, now: datetime, message: str) -> None:
        """It does not."""
        if self.ok or self.since is None:
            self.ok, self.since = False, now
        self.message = message

    def as_json(self) -> dict[str, Any]:
        """What the page takes."""
        return {"ok": self.ok, "since": None if self.since is None else self.since.isoformat(), "message": self.message}


@dataclass(slots=True)
class PageView:
    """Everything that the page shows, as its sources last said it."""

    board: Board = field(default_factory=Board)
    kafka: FeedSource = field(default_factory=FeedSource)
    consumers: FeedSource = field(default_factory=FeedSource)
    feedback: RateWindow = field(default_factory=RateWindow)
    turns: RateWindow = field(default_factory=RateWindow)
    documents: RateWindow = field(default_factory=RateWindow)
    # Full topic name to partition to the next offset that the broker will give.
    input_ends: dict[str, dict[int, int]] = field(default_factory=dict)
    state: Mapping[str, Any] | None = None

    def kafka_away(self, now: datetime, message: str) -> None:
        """Rates and lag are unknown from now on; what was decided stays, marked as of then."""
        self.kafka.failed(now, message)
        self.feedback.clear()
        self.turns.clear()
        self.documents.clear()
        self.input_ends.clear()

    def consumers_away(self, now: datetime, message: str) -> None:
        """Buffers and drift are unknown from now on: a stale number would look like a quiet system."""
        self.consumers.failed(now, message)
        self.state = None


def lag_records(state: Mapping[str, Any] | None, ends: Mapping[str, Mapping[int, int]]) -> int | None:
    """Input records that stage 1 has not taken yet; None where one side is unknown. `ends` by the contract's topic names.

    >>> lag_records({"stage1": {"positions": {"feedback.submitted.v1": {"0": 7}}}}, {"feedback.submitted.v1": {0: 10}})
    3
    """
    positions = (state or {}).get("stage1", {}).get("positions")
    if not positions or not ends:
        return None
    return sum(
        max(0, ends[topic][int(partition)] - int(position))
        for topic, partitions in positions.items()
        for partition, position in partitions.items()
        if int(partition) in ends.get(topic, {})
    )


def snapshot(view: PageView, now: datetime) -> dict[str, Any]:
    """What is sent to the browser. No user's words: of what people wrote, a drift shows excerpts of documents, and nothing else does."""
    board = view.board.as_json()
    live = (view.state or {}).get("models", {})
    models = {}
    for name in sorted({*board["models"], *live}):
        known = board["models"].get(name, {"serving": None, "job": None, "last_job": None, "drift": None, "happened": []})
        models[name] = known | {"live": live.get(name)}
    return {
        "now": now.isoformat(timespec="seconds"),
        "sources": {"kafka": view.kafka.as_json(), "consumers": view.consumers.as_json()},
        "inputs": {
            name: {"total": window.total, "per_s": window.per_second(), "history": window.history()}
            for name, window in (("feedback", view.feedback), ("turns", view.turns), ("documents", view.documents))
        },
        "stage1": {name: (view.state or {}).get("stage1", {}).get(name) for name in ("processed", "duplicates_ignored", "redactions")},
        "lag_records": lag_records(view.state, view.input_ends),
        "dead_letters": board["dead_letters"],
        "unreadable": board["unreadable"],
        "models": models,
    }
