"""What the shell needs to know of a stage: its topics, and how to make the task of one partition."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from consumers.errors import FatalError
from consumers.kept_state import Migration, current_version
from consumers.records import Effects, InputRecord, LogPlace, Originals
from schemas.catalogue import Event

InputPartition = tuple[str, int]


class Task(Protocol):
    """The pure state of one partition, kept as `consumers.kept_state.KeptState` says; what `process` changed is in its effects.

    `status` is what is told of it, as JSON takes it.
    """

    @property
    def partition(self) -> int: ...
    @property
    def state_keys(self) -> int: ...
    def load(self, key: bytes, value: bytes | None) -> None: ...
    def save(self) -> Iterable[tuple[bytes, bytes]]: ...
    def process(self, records: Iterable[InputRecord]) -> Effects: ...
    def status(self) -> Mapping[str, Any]: ...


class JoiningTask(Task, Protocol):
    """A task that needs records again that it remembers the places of: asked after each step until it wants none, in one transaction."""

    def wanted(self) -> Sequence[LogPlace]: ...
    def join(self, originals: Originals) -> Effects: ...


# What the log says of an event that is published: its line and the fields beside it; None where it says nothing.
LogLine = tuple[str, Mapping[str, Any]]


def no_line(event: Event) -> LogLine | None:
    """The log says nothing of any event."""
    return None


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage: task p reads partition p of each keyed topic, and every partition of the whole ones; topics without prefix.

    The keyed topics and the changelog have equal partition counts, so a task's inputs and state move together. `migrations` bring state of
    former forms to this release's. `may_lose` are the inputs of which records may leave the log unread. The tasks of one that `joins`
    are `JoiningTask`s.
    """

    name: str
    changelog: str
    keyed: tuple[str, ...]
    whole: tuple[str, ...]
    new_task: Callable[[int], Task]
    migrations: tuple[Migration, ...] = ()
    may_lose: frozenset[str] = frozenset()
    log_line: Callable[[Event], LogLine | None] = no_line
    joins: bool = False

    @property
    def version(self) -> int:
        """The version of the state's form that this release writes."""
        return current_version(self.migrations)


@dataclass(slots=True)
class OwnedTask:
    """A task as its changelog has it: its next input offsets, the number of shards that it belongs under, the version of its state.

    `shards` is empty before the first claim; two are a mistake that `consumers.engine.sharding.check_shards` refuses. `version` is None
    where the changelog names none, and `outdated` are the keys read under an older one. `changelog_next` is the changelog offset
    that the committed state reaches up to (0 before the restore). `topic_ids` are those of the inputs, by topic without prefix, that the
    offsets are of.
    """

    task: Task
    next: dict[InputPartition, int] = field(default_factory=dict)
    shards: set[int] = field(default_factory=set)
    version: int | None = None
    outdated: set[bytes] = field(default_factory=set)
    changelog_next: int = 0
    topic_ids: dict[str, str] = field(default_factory=dict)

    def wanted(self, place: InputPartition, records: Sequence[InputRecord]) -> Sequence[InputRecord]:
        """Those of a place's records, in their order, that have not been processed yet."""
        expected = self.next.get(place, 0)
        if not records or records[0].offset >= expected:
            return records
        return [record for record in records if record.offset >= expected]


def shard_partitions(partitions: int, shards: int) -> list[list[int]]:
    """The fixed groups of partitions: partition p belongs to shard p modulo the number of shards.

    >>> shard_partitions(4, 3)
    [[0, 3], [1], [2]]
    """
    if shards > partitions:
        raise FatalError(
            f"{shards} shards for {partitions} partitions: expected at most one shard a partition, set the number of shards lower"
        )
    return [list(range(shard, partitions, shards)) for shard in range(shards)]
