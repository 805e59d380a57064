"""The deduplication window: the last revision of a sample wins, and a revision seen before changes nothing.

An id is remembered until the newest event time of its partition has passed its own by the allowed lateness. Whatever comes for
it afterwards with its old event time is too late to be accepted, so forgetting it cannot double anything.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, Generic, Literal, Protocol, TypeVar

import msgspec

# `conflict`: other words at the same revision and moment, which lose; `prevails`: which win.
Freshness = Literal["new", "revised", "duplicate", "again", "stale", "conflict", "prevails"]

ID_BYTES: Final = 16
USER_BYTES: Final = 16
CONTENT_BYTES: Final = 8
# Contents that lost at one revision and moment, and are known as duplicates when they come again; whoever sends more is told once more.
_LOST_CONTENTS: Final = 8
_HOUR_S: Final = 3600
# MessagePack writes these seconds since 1970 in five bytes, so their place in a mark is fixed; a time beyond is held at the end.
_FIRST_S: Final = 1 << 16
_LAST_S: Final = (1 << 32) - 1


class Mark(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """What is remembered of a sample, without its text.

    `time_s` is the newest event time of its revisions (seconds since 1970 UTC), `user` the first 16 bytes of the user hash (empty:
    none), `contribution` what the newest revision added to the counts of its event-day (proleptic Gregorian ordinal), `row` what it
    added to the day's sketch (`drift.features.sketch.packed_row`; None: nothing, and a byte). `said_ms` is the newest event time of
    what it says (milliseconds since 1970 UTC), `content` the hash of that (8 bytes; none in marks of the release before), `lost` the
    hashes of what was said otherwise at the same revision and moment, `former` whether stage 2 may hold it under a former id.
    """

    time_s: int
    revision: int
    retracted: bool
    model: str
    user: bytes
    day: int
    contribution: tuple[int, ...]
    row: bytes | None = None
    said_ms: int = 0
    content: bytes = b""
    lost: bytes = b""
    former: bool = False


def freshness(known: Mark | None, revision: int, retracted: bool, said_ms: int, content: bytes) -> Freshness:
    """How an arriving revision stands to the known one: by (revision, retracted, time, content hash), whatever came first.

    A retraction wins over its own revision: it can have no later one. The same content is a duplicate whatever its time (`again`: of a
    later time, which whatever is said in between has to beat).

    >>> said = Mark(0, 0, False, "m", b"", 1, (1, 1, 0, 1), said_ms=5, content=b"b")
    >>> freshness(None, 0, False, 5, b"b"), freshness(said, 0, True, 4, b""), freshness(said, 0, False, 6, b"a")
    ('new', 'revised', 'revised')
    >>> freshness(said, 0, False, 5, b"b"), freshness(said, 0, False, 9, b"b"), freshness(said, 0, False, 5, b"c")
    ('duplicate', 'again', 'prevails')
    """
    if known is None:
        return "new"
    if revision != known.revision or retracted != known.retracted:
        return "revised" if (revision, retracted) > (known.revision, known.retracted) else "stale"
    if content == known.content:
        return "again" if said_ms > known.said_ms else "duplicate"
    if said_ms != known.said_ms:
        return "revised" if said_ms > known.said_ms else "stale"
    if content in _contents(known.lost):
        return "duplicate"
    return "prevails" if content > known.content else "conflict"


def freshness_of_former(known: Mark, revision: int, retracted: bool, time_s: int, contribution: tuple[int, ...]) -> Freshness:
    """How an arriving revision stands to one that the release before remembered: without its content, and to the second.

    What adds the same to the counts is taken for a duplicate, as that release took it; anything else is other content.
    """
    if revision != known.revision or retracted != known.retracted:
        return "revised" if (revision, retracted) > (known.revision, known.retracted) else "stale"
    if contribution == known.contribution:
        return "duplicate"
    return "revised" if time_s >= known.time_s else "stale"


def lost_with(known: Mark, content: bytes) -> bytes:
    """`Mark.lost` of a mark with one more content that lost against it."""
    return (known.lost + content)[-_LOST_CONTENTS * CONTENT_BYTES :]


def _contents(lost: bytes) -> list[bytes]:
    return [lost[start : start + CONTENT_BYTES] for start in range(0, len(lost), CONTENT_BYTES)]


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Mark).decode


class Remembered(Protocol):
    """What is remembered of an id: whose it is, and the time that it is forgotten by, its first field (seconds since 1970 UTC)."""

    @property
    def time_s(self) -> int: ...
    @property
    def user(self) -> bytes: ...


RememberedT = TypeVar("RememberedT", bound=Remembered)


class Marks(Generic[RememberedT]):
    """The marks of one input partition by their state key, packed: about 220 bytes an id in all, 150 more for a document with a row.

    The state key of a sample is its input's letter and the first 16 bytes of its id. `form` is the struct of a mark, an array.
    """

    def __init__(self, form: type[RememberedT]) -> None:
        self._decode = msgspec.msgpack.Decoder(form).decode
        self._packed: dict[bytes, bytes] = {}
        self._changes: dict[bytes, bytes | None] = {}
        # Ids by the hour of their mark's time; an id may stand in the hour of a former revision too. None: not built yet.
        self._by_hour: dict[int, list[bytes]] | None = None

    def __len__(self) -> int:
        return len(self._packed)

    def newest(self, key: bytes) -> RememberedT:
        """The mark that lies under a key; raises KeyError."""
        return self._decode(self._packed[key])

    def get(self, key: bytes, forgotten_before_s: int) -> RememberedT | None:
        """The mark of a sample; None for one never seen, or forgotten by its time, whether it has been dropped already or not."""
        packed = self._packed.get(key)
        if packed is None:
            return None
        mark = self._decode(packed)
        return None if mark.time_s < forgotten_before_s else mark

    def put(self, key: bytes, mark: RememberedT) -> None:
        """Remembers the newest revision of a sample."""
        if not _FIRST_S <= mark.time_s <= _LAST_S:
            mark = _held(mark)
        self._packed[key] = self._changes[key] = _encode(mark)
        if self._by_hour is not None:
            hour = mark.time_s // _HOUR_S
            waiting = self._by_hour.get(hour)
            if waiting is None:
                waiting = self._by_hour[hour] = []
            waiting.append(key)

    def amend(self, key: bytes, mark: RememberedT) -> None:
        """Replaces a mark that was put by one of the same time."""
        self._packed[key] = self._changes[key] = pack(mark)

    def forget(self, before_s: int, limit: int) -> None:
        """Drops up to `limit` marks of hours before a time. When, is seen by nobody: `get` knows them no longer anyway."""
        if self._by_hour is None:
            self._by_hour = {}
            for key, packed in self._packed.items():
                self._by_hour.setdefault(_time_s(packed) // _HOUR_S, []).append(key)
        for hour in sorted(hour for hour in self._by_hour if (hour + 1) * _HOUR_S <= before_s):
            waiting = self._by_hour[hour]
            while waiting and limit > 0:
                limit -= 1
                key = waiting.pop()
                found = self._packed.get(key)
                if found is not None and _time_s(found) // _HOUR_S == hour:
                    del self._packed[key]
                    self._changes[key] = None
            if waiting:
                return
            del self._by_hour[hour]

    def of_user(self, user: bytes, *, until_s: int, forgotten_before_s: int) -> list[tuple[bytes, RememberedT]]:
        """The marks of a user's samples with event times up to `until_s`, in a stated order. O(marks of the partition)."""
        found = [(key, self._decode(packed)) for key, packed in self._packed.items() if user in packed]
        return sorted((key, mark) for key, mark in found if mark.user == user and forgotten_before_s <= mark.time_s <= until_s)

    def drop(self, key: bytes) -> None:
        """Takes a mark out."""
        del self._packed[key]
        self._changes[key] = None

    def save(self) -> Iterable[tuple[bytes, bytes]]:
        """Every mark as a changelog record."""
        return self._packed.items()

    def take_changes(self) -> dict[bytes, bytes | None]:
        """The changelog records since the last call, in the order of the first change."""
        changes, self._changes = self._changes, {}
        return changes

    def load(self, key: bytes, value: bytes | None) -> None:
        """Takes one changelog record back. O(1): marks stay packed until they are asked for."""
        if value is None:
            self._packed.pop(key, None)
        else:
            self._packed[key] = value


def _time_s(packed: bytes) -> int:
    # An array's header, the marker of a 32-bit integer, then the integer.
    return int.from_bytes(packed[2:6], "big")


def pack(mark: RememberedT) -> bytes:
    """The value of a mark's changelog record; a time that its place cannot hold is held at the end."""
    return _encode(_held(mark))


def _held(mark: Any) -> Any:
    # Every form of a mark is a struct, which no protocol can say.
    return msgspec.structs.replace(mark, time_s=min(max(mark.time_s, _FIRST_S), _LAST_S))


def unpack(value: bytes) -> Mark:
    """The mark of a changelog record; raises msgspec.DecodeError for other bytes."""
    return _decode(value)
