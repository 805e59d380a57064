"""Stage 1 that says what a negative is worth, by what came with it: a correction, passages, or neither."""

from __future__ import annotations

import msgspec

from consumers.collect.arrival import Arrival
from consumers.collect.collector import Collector
from consumers.collect.sample import Collected
from consumers.records import Effects
from consumers.wire import FeedbackIn
from schemas.events.sample_collected import NegativeClass


class ClassingCollector(Collector):
    """A negative that stage 1 itself has put in no class gets the one that its event speaks for."""

    def _put(self, arrival: Arrival, fresh: str, collected: Collected, effects: Effects) -> None:
        event, sample = arrival.received.event, collected.sample
        if isinstance(event, FeedbackIn) and sample.negative and sample.negative_class is None:
            sample = msgspec.structs.replace(sample, negative_class=_class_of(event))
            collected = msgspec.structs.replace(collected, sample=sample)
        super()._put(arrival, fresh, collected, effects)


def _class_of(event: FeedbackIn) -> NegativeClass:
    if event.correction:
        return "correction"
    return "answerable" if event.passages else "bare"
