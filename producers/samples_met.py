"""How many samples an erasure meets: asked of the stream processor before the erasure is published."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import httpx

TIMEOUT_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class SamplesMet:
    """How many samples stage 1 remembers of a user, and how many stage 2 holds; None where nobody can say, and then why not."""

    remembered: int | None = None
    buffered: int | None = None
    unknown_because: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """As an answer has it."""
        told: dict[str, Any] = {"samples_met": None}
        if self.unknown_because is not None:
            return told | {"samples_met_unknown_because": self.unknown_because}
        return {"samples_met": {"remembered": self.remembered, "buffered": self.buffered}}

    def sentence(self) -> str:
        """For people."""
        if self.unknown_because is not None:
            return f"how many samples that meets is not known: {self.unknown_because}"
        return f"that meets {self.buffered} samples in the buffers, and {self.remembered} in the window of what is remembered"


async def nobody_asked(hashes: Sequence[str]) -> SamplesMet:
    """For whoever knows no stream processor."""
    return SamplesMet(unknown_because="no stream processor is known here: set CONSUMERS_URL")


async def samples_met(consumers_url: str, hashes: Sequence[str]) -> SamplesMet:
    """What the stream processor at an address holds of a user with these hashes; it never raises."""
    remembered = buffered = 0
    try:
        async with httpx.AsyncClient(timeout=TIMEOUT_S) as client:
            for user_hash in hashes:
                answer = await client.get(f"{consumers_url}/users/{user_hash}")
                answer.raise_for_status()
                found = answer.json()
                if not found["complete"]:
                    return SamplesMet(unknown_because=f"the stream processor at {consumers_url} runs a part of the shards alone")
                remembered, buffered = remembered + int(found["remembered"]), buffered + int(found["buffered"])
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError):
        return SamplesMet(unknown_because=f"the stream processor at {consumers_url} does not answer")
    return SamplesMet(remembered, buffered)
