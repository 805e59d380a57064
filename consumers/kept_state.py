"""What a stage keeps in its changelog: parts of state as records by key, and how those of an older form become records of the next. Pure.

A changelog partition names the version of its state's form; one that names none is of version 1. A migration takes one record and gives
those that stand for it. Three rules keep it right in a log that holds both forms: what has another form gets another key; a record
that is already of a newer form, or did not change, passes unchanged; a tombstone becomes tombstones of every key it could stand for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol, TypeVar

ValueT = TypeVar("ValueT", bytes, bytes | None)
KeyedValue = tuple[bytes, bytes | None]
# The one at index n takes version n + 1 to n + 2.
Migration = Callable[[bytes, bytes | None], Iterable[KeyedValue]]


class KeptState(Protocol):
    """A part of a stage's state, as records of its changelog: `consumers.state_keys` says which.

    A part that several models have calls its records by the end of their keys, and whoever holds it puts the beginning in front.
    """

    def save(self) -> Iterable[tuple[bytes, bytes]]:
        """The whole state."""
        ...

    def load(self, key: bytes, value: bytes | None) -> None:
        """Takes one record back (None: a tombstone); raises ValueError for one that it does not write."""
        ...

    def take_changes(self) -> dict[bytes, bytes | None]:
        """What changed since the last call; what was loaded did not."""
        ...


def current_version(migrations: Sequence[Migration]) -> int:
    """The version that this release writes where these are the migrations."""
    return len(migrations) + 1


def migrated(migrations: Sequence[Migration], version: int, key: bytes, value: bytes | None) -> list[KeyedValue]:
    """The records of the newest version that stand for a record of `version`."""
    records: list[KeyedValue] = [(key, value)]
    for migration in migrations[version - 1 :]:
        records = [newer for old in records for newer in migration(*old)]
    return records


def under(begin: bytes, records: Iterable[tuple[bytes, ValueT]]) -> Iterator[tuple[bytes, ValueT]]:
    """The records of a part with the beginning of their keys in front."""
    return ((begin + key, value) for key, value in records)
