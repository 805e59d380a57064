"""What is remembered of turns and of the feedback that waits for them: where their records lie, never their words. Pure.

A turn and feedback belong together by whose they are and the turn's id (`schemas.identity.turn_digest`). Feedback waits until its turn can
come no more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec

from consumers.collect.deduplication import ID_BYTES
from consumers.collect.watermark import DAY_S
from consumers.state_keys import JOINS_KEY, WAITING_KEY


class Turn(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """Where a turn lies, the first of its id in its partition's log; about 60 bytes in the changelog with its key.

    `time_s` is its event time in seconds since 1970 UTC (of an imported history: when the broker took it), `user` the first 16 bytes of
    the user hash (empty: none), `content` the hash of what it says.
    """

    time_s: int
    offset: int
    user: bytes
    content: bytes
    history: bool = False


class Waiting(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """Feedback that waits for its turn: its newest revision, and what that adds meanwhile to the counts of `model` and `day`.

    `time_s`, `user`, `content` and `history` are as a turn has them; `correcting` says that it holds more than a rating.
    """

    time_s: int
    offset: int
    turn: bytes
    user: bytes
    content: bytes
    model: str
    day: int
    contribution: tuple[int, ...]
    correcting: bool
    history: bool = False


class Link(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """Feedback that got its turn's words, until its mark is forgotten: what it was while it waited, and the turn's time.

    Words that are erased leave a rating that was said after the erasure: it is again what it was before.
    """

    time_s: int
    user: bytes
    turn_s: int
    before: Waiting


def are_of_one_time(waiting: Waiting, turn: Turn, lateness_s: int) -> bool:
    """Whether feedback and turn are close enough to be joined, whichever comes first: decided by what they say alone.

    So it makes no difference how far one topic is read while the other is: what is forgotten, nothing that can still come would ask for.

    >>> said = Waiting(5 * DAY_S, 0, b"", b"", b"", "m", 1, (), False)
    >>> [are_of_one_time(said, Turn(day * DAY_S, 0, b"", b""), 3 * DAY_S) for day in (1, 2, 5, 6, 7)]
    [False, True, True, True, False]
    """
    return waiting.history or turn.history or waiting.time_s - lateness_s <= turn.time_s <= waiting.time_s + SLACK_S


# How much later than its feedback a turn may be dated: some clocks have no zone, and are off by up to 14 hours.
SLACK_S: Final = DAY_S
# Two days less than Kafka keeps turns and feedback: as long as an original can be read, with time to do it.
KEPT_S: Final = 28 * DAY_S

_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(Waiting).decode


class WaitingFeedback:
    """The feedback of one partition that waits, by the first 16 bytes of its sample's id: about 140 bytes each in the changelog."""

    def __init__(self) -> None:
        self._waiting: dict[bytes, Waiting] = {}
        self._of_turn: dict[bytes, list[bytes]] = {}
        # How many of them count in each day, and the time that none is older than.
        self._days: Counter[int] = Counter()
        self._oldest_s: int | None = None
        self._changes: dict[bytes, bytes | None] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def get(self, sample: bytes) -> Waiting | None:
        """The newest revision of a sample that waits."""
        return self._waiting.get(sample)

    def put(self, sample: bytes, waiting: Waiting) -> None:
        """This revision waits, whichever did before."""
        self._take_out(sample)
        self._take_in(sample, waiting)
        self._changes[WAITING_KEY + sample] = _encode(waiting)

    def pop(self, sample: bytes) -> Waiting | None:
        """It waits no more; what it was, None where it did not."""
        found = self._take_out(sample)
        if found is not None:
            self._changes[WAITING_KEY + sample] = None
        return found

    def of_turn(self, turn: bytes) -> tuple[bytes, ...]:
        """The samples that wait for a turn, in the order of their coming."""
        return tuple(self._of_turn.get(turn, ()))

    def of_user(self, user: bytes, until_s: int) -> list[bytes]:
        """The samples of a user said up to a time. O(what waits)."""
        return sorted(sample for sample, waiting in self._waiting.items() if waiting.user == user and waiting.time_s <= until_s)

    def expired(self, before_s: int, limit: int) -> list[tuple[bytes, Waiting]]:
        """Up to `limit` of those said before a time, in a stated order. O(1) where there are none."""
        if self._oldest_s is None:
            self._oldest_s = min((waiting.time_s for waiting in self._waiting.values()), default=before_s)
        if self._oldest_s >= before_s:
            return []
        found = sorted((sample for sample, waiting in self._waiting.items() if waiting.time_s < before_s))[:limit]
        if not found:
            # Until something older comes: what was the oldest has gone.
            self._oldest_s = before_s
        return [(sample, self._waiting[sample]) for sample in found]

    def first_day(self, otherwise: int) -> int:
        """The first day that one of them counts in; `otherwise` where that is before it, or there is none."""
        return min(self._days, default=otherwise) if self._days else otherwise

    def save(self) -> Iterator[tuple[bytes, bytes]]:
        """Each as a changelog record."""
        return ((WAITING_KEY + sample, _encode(waiting)) for sample, waiting in self._waiting.items())

    def load(self, key: bytes, value: bytes | None) -> None:
        """Takes one changelog record back."""
        sample = key[len(WAITING_KEY) :]
        self._take_out(sample)
        if value is not None:
            self._take_in(sample, unpack_waiting(value))

    def take_changes(self) -> dict[bytes, bytes | None]:
        """The changelog records since the last call."""
        changes, self._changes = self._changes, {}
        return changes

    def _take_in(self, sample: bytes, waiting: Waiting) -> None:
        self._waiting[sample] = waiting
        self._of_turn.setdefault(waiting.turn, []).append(sample)
        if waiting.contribution:
            self._days[waiting.day] += 1
        if self._oldest_s is not None:
            self._oldest_s = min(self._oldest_s, waiting.time_s)

    def _take_out(self, sample: bytes) -> Waiting | None:
        waiting = self._waiting.pop(sample, None)
        if waiting is None:
            return None
        others = self._of_turn[waiting.turn]
        others.remove(sample)
        if not others:
            del self._of_turn[waiting.turn]
        if waiting.contribution:
            self._days[waiting.day] -= 1
            if not self._days[waiting.day]:
                del self._days[waiting.day]
        return waiting


def unpack_waiting(value: bytes) -> Waiting:
    """What a changelog record says of feedback that waits; raises msgspec.DecodeError for other bytes."""
    return _decode(value)


class JoinTotals(msgspec.Struct, array_like=True, tag=1):
    """How many pairs were joined, how much feedback is not joined any more, and of that how much because an original had left the log."""

    joined: int = 0
    unjoined: int = 0
    originals_gone: int = 0


class Joins:
    """The totals of joins as a part of the state."""

    def __init__(self) -> None:
        self.totals = JoinTotals()
        self._changed = False

    def add(self, *, joined: int = 0, unjoined: int = 0, originals_gone: int = 0) -> None:
        """Counts on."""
        self.totals.joined += joined
        self.totals.unjoined += unjoined
        self.totals.originals_gone += originals_gone
        self._changed = True

    def save(self) -> Iterable[tuple[bytes, bytes]]:
        """One record, where anything was counted."""
        return [(JOINS_KEY, msgspec.json.encode(self.totals))] if self.totals != JoinTotals() else []

    def load(self, key: bytes, value: bytes | None) -> None:
        """Takes the record back."""
        if key != JOINS_KEY:
            raise ValueError(f"changelog key {key!r}: expected {JOINS_KEY!r}")
        self.totals = JoinTotals() if value is None else msgspec.json.decode(value, type=JoinTotals)

    def take_changes(self) -> dict[bytes, bytes | None]:
        """The record, where it changed since the last call."""
        changed, self._changed = self._changed, False
        return {JOINS_KEY: msgspec.json.encode(self.totals)} if changed else {}

    def status(self, *, remembered: int = 0, waiting: int = 0) -> dict[str, Any]:
        """As `GET /state` has them, beside how many turns are remembered and how much feedback waits for one."""
        return {"remembered": remembered, "waiting": waiting, **msgspec.structs.asdict(self.totals)}


def sample_of(mark_key: bytes) -> bytes:
    """What of a sample's id the state key of its mark holds."""
    return mark_key[-ID_BYTES:]
