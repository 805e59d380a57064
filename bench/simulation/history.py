"""A seed's history as the checks read it: plain JSON of committed records. The log forgets nothing of it, so the end shows every step."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Final, NamedTuple

from bench.simulation.plan import Publication
from bench.simulation.reference_samples import Origin, erasures
from bench.simulation.simulated_log import StoredRecord, Transaction
from bench.simulation.world import CONNECTION, COUNTS, World
from schemas import topics

# What people write to.
PEOPLES: Final = (topics.FEEDBACK_SUBMITTED, topics.TURN_COMPLETED, topics.DOCUMENT_INGESTED, topics.USER_ERASED, topics.OPERATOR_REQUESTED)


@dataclass(frozen=True, slots=True)
class Committed:
    """One committed record; `headers` by name, `made` how often its topic had been made anew."""

    partition: int
    made: int
    offset: int
    key: bytes | None
    value: dict[str, Any]
    raw: bytes | None
    headers: dict[str, bytes | None]
    transaction: Transaction | None
    at_s: float

    @property
    def decided(self) -> int:
        """The number of its transaction's decision in the whole log; -1 for plain producers."""
        return -1 if self.transaction is None else self.transaction.commit_number


class Published(NamedTuple):
    """What somebody said, where it lies, and the broker's time of it."""

    origin: Origin
    said: Publication
    broker_ms: int


class History:
    """Reads each topic once."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._read: dict[str, list[Committed]] = {}

    def of(self, name: str, model: str | None = None) -> list[Committed]:
        """The committed records of a topic (without prefix), of one model where it is named, by partition and offset."""
        if name not in self._read:
            self._read[name] = [_read(*found) for found in self.world.log.committed(CONNECTION.topic(name))]
        found = self._read[name]
        return found if model is None else [record for record in found if record.value.get("model") == model]

    def visible_at(self, name: str) -> dict[tuple[int, int], float]:
        """When each committed record of a topic could be read: not before every transaction that began under it has its marker."""
        found: dict[tuple[int, int], float] = {}
        for number, partition in enumerate(self.world.log.topics[CONNECTION.topic(name)]):
            marked = {id(record.transaction): record.at_s for record in partition.history if record.control}
            latest_s = 0.0
            for record in partition.history:
                if record.transaction is not None:
                    latest_s = max(latest_s, marked.get(id(record.transaction), math.inf))
                found[number, record.offset] = max(latest_s, record.at_s)
        return found

    @cached_property
    def published(self) -> list[Published]:
        """What people said as it lies in the partitions in use, each in the order of its log."""
        found: list[Published] = []
        for name in PEOPLES:
            topic = CONNECTION.topic(name)
            for partition, _, record in self.world.log.committed(topic):
                said = self.world.said.get((topic, record.key, record.value, tuple(record.headers)))
                if said is not None and partition < COUNTS[topic]:
                    found.append(Published(Origin(name, partition, record.offset), said, record.wall_ms))
        return found

    @cached_property
    def erased(self) -> dict[str, int]:
        """Until when each user's words are taken back."""
        return erasures([(published.origin, published.said) for published in self.published])

    @cached_property
    def ends(self) -> dict[tuple[str, int], Committed]:
        """The terminal state of each (job, attempt)."""
        found: dict[tuple[str, int], Committed] = {}
        for record in sorted(self.of(topics.TRAINING_STATE), key=lambda record: (record.decided, record.offset)):
            if record.value.get("outcome") is not None:
                # It may be said again, when samples that it trained on are taken back.
                found.setdefault((record.value["job_id"], record.value["attempt"]), record)
        return found


def _read(partition: int, made: int, record: StoredRecord) -> Committed:
    try:
        value = json.loads(record.value or b"{}")
    except ValueError:
        value = {}
    value = value if isinstance(value, dict) else {}
    return Committed(
        partition, made, record.offset, record.key, value, record.value, dict(record.headers), record.transaction, record.at_s
    )  # fmt: skip


def milliseconds(moment: str) -> int:
    """Milliseconds since 1970 of an ISO time."""
    return round(datetime.fromisoformat(moment).timestamp() * 1000)


def seconds(moment: str) -> int:
    """Whole seconds since 1970 of an ISO time, rounded down."""
    return math.floor(datetime.fromisoformat(moment).timestamp())


def contributor(value: dict[str, Any]) -> str:
    """Whose a sample is: a user's, else a conversation's, else nobody's."""
    if value.get("user_hash") is not None:
        return f"u:{value['user_hash']}"
    return f"c:{value['conversation_id']}" if value.get("conversation_id") is not None else ""
