"""Samples on their way to the stage behind, a former model told of those that left it; and what is counted of their events."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import msgspec

from consumers.collect.arrival import Arrival
from consumers.collect.decode import Received
from consumers.collect.deduplication import Freshness
from consumers.collect.sample import Collected
from consumers.collect.totals import RETRACTED_UNMET
from consumers.records import Effects, Refusal
from consumers.wire import SampleOut
from schemas import dead_letter, topics
from schemas.envelope import Encoded, Envelope, RecordEncoder

SOURCE: Final = "abhyas/stage1"


class Emission:
    """Puts samples among a step's effects."""

    def __init__(self) -> None:
        self._samples = RecordEncoder(topics.SAMPLE_COLLECTED, SOURCE)

    def emit(self, sample: SampleOut, collected: Collected, left: Collection[str], envelope: Envelope, effects: Effects) -> None:
        """The sample as it is now of what was collected; `left` are the models at which samples of it were before."""
        effects.redactions += collected.redactions
        effects.redacted_corrections += sample.correction_redactions > 0
        if left:
            for model in sorted({*left} - {sample.model}):
                # The former model's buffer is in another hand: it hears of the move as a retraction.
                effects.encoded.append(self._encoded(without_text(sample, model), envelope))
        effects.encoded.append(self._encoded(sample, envelope))

    def _encoded(self, sample: SampleOut, envelope: Envelope) -> Encoded:
        event_id = f"{sample.sample_id}:{sample.revision}:{sample.content}"
        return self._samples.encode(sample, sample.model, event_id, sample.occurred_at, envelope.traceparent, history=envelope.history)


def without_text(sample: SampleOut, model: str) -> SampleOut:
    """The sample as a retraction at another model; the user's own retraction is one there too."""
    return msgspec.structs.replace(
        sample, model=model, retracted=True, moved=not sample.retracted, negative=False, query="", response="", correction=None,
        correction_redactions=0, title=None, text=None, negative_class=None, left_out=None, messages=(), passages=(), preferred=None,
        reasons=(), comment=None,
    )  # fmt: skip


def outcome_of(arrival: Arrival, fresh: Freshness, collected: Collected) -> str | Refusal:
    """What is counted of an event whose words are in use now."""
    if fresh == "prevails":
        return conflict(arrival.received, "this record's is in use, and what came before it is not")
    if arrival.received.retracted:
        return RETRACTED_UNMET if arrival.known is None else "retracted"
    if collected.sample.quarantine is not None:
        return "quarantined"
    return "collected" if fresh == "new" else "revised"


def conflict(received: Received, in_use: str) -> Refusal:
    """Other words at the same revision and moment, and which of them are in use."""
    detail = (
        f"other content of revision {received.revision} was said at the same moment: {in_use} (content {received.content.hex()} is here)"
    )
    return Refusal(dead_letter.CONFLICT, detail)
