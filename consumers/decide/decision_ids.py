"""Ids of what stage 2 decides: the same inputs give the same ids, so that nothing decided twice is done twice. Pure."""

from __future__ import annotations

import hashlib

from schemas.events.retrain_requested import LeasedBatch


def command_id(model: str, batch: LeasedBatch) -> str:
    """The id of a batch's command, where no person's request names it."""
    return "cmd-" + _digest(model, str(batch.number), batch.sha256)


def drift_id(model: str, now_ms: int) -> str:
    """The id of a model's drift that is told at a tick."""
    return "drift-" + _digest(model, str(now_ms))


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:24]
