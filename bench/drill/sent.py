"""A record as the drill publishes it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from schemas import envelope
from schemas.catalogue import Event

# The frontend's name of everything that people say.
SOURCE: Final = "drill"
# Which a bad record carries beside whatever else it has, so that the judge knows it again.
POISON_HEADER: Final = "drill-poison"


@dataclass(frozen=True, slots=True)
class Sent:
    """A record to publish; the topic is without prefix."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]

    @classmethod
    def of(cls, event: Event, time: datetime) -> Sent:
        """An event said at a time."""
        wire = envelope.encode(event, source=SOURCE, time=time)
        return cls(event.TOPIC, wire.key, wire.value, wire.headers)

    @property
    def poison(self) -> bool:
        """Whether it is bad, and must end among the dead letters."""
        return any(name == POISON_HEADER for name, _ in self.headers)
