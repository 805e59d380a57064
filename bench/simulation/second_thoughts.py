"""Users who take back what a child has just begun to learn: drawn beforehand, that would hardly ever happen in time."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from random import Random
from typing import Any, Final

from bench.simulation.parts import Site
from bench.simulation.plan import Plan, Publication, at
from bench.simulation.simulated_workshop import Use
from schemas import topics
from schemas.events.feedback_submitted import FeedbackSubmitted
from schemas.events.user_erased import UserErased

_LOOK_EVERY_S: Final = 1.0
_WITHIN_S: Final = 8.0


class SecondThoughts:
    """Follows the uses of samples in training; with the seed's chance, one sample of each is taken back within seconds."""

    def __init__(self, site: Site, plan: Plan, uses: Sequence[Use], rng: Random, publish: Callable[[Publication], None]) -> None:
        self._site, self._plan, self._uses, self._rng, self._publish = site, plan, uses, rng, publish
        self._chance = rng.choice((0.0, 0.5, 1.0))
        # As in the plan: what such a user says after an erasure, of words from before it, leaves traces that depend on the order.
        self._erased = {one.event.user_hash for one in plan.publications if isinstance(one.event, UserErased)}

    async def follow(self) -> None:
        """To the end of the seed."""
        seen = 0
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            for use in self._uses[seen:]:
                if use.samples and self._rng.random() < self._chance:
                    self._site.loop.start(None, self._withdraw(use), "second thought")
            seen = len(self._uses)

    async def _withdraw(self, use: Use) -> None:
        await asyncio.sleep(self._rng.uniform(0.0, _WITHIN_S))
        now_s = self._site.loop.now
        last = self._last_words(self._rng.choice(use.samples))
        if last is None or last.at_s >= now_s or now_s >= self._plan.settings.calm_at_s:
            return
        said: Any = last.event
        if not said.retracted and said.user_hash not in self._erased:
            same = said.model_dump(include={"feedback_id", "revision", "model", "user_hash", "conversation_id", "language", "query"})
            self._publish(Publication(now_s, FeedbackSubmitted(**same, retracted=True), max(last.time, at(now_s))))

    def _last_words(self, sample_id: str) -> Publication | None:
        """The last publication of the feedback that became a sample; None for a document."""
        records = self._site.log.committed(self._site.connection.topic(topics.SAMPLE_COLLECTED))
        samples = (json.loads(record.value or b"{}") for _, _, record in records)
        query = next(sample["query"] for sample in samples if sample["sample_id"] == sample_id)
        said = [one for one in self._plan.publications if isinstance(one.event, FeedbackSubmitted) and one.event.query == query]
        return max(said, key=lambda one: (one.at_s, one.time), default=None)
