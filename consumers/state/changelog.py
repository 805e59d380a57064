"""What a task's changelog partition holds: its state by key, the next input offset of each place it reads, its number of shards."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from consumers.core.records import position_key
from consumers.stage import OwnedTask, Place
from consumers.transaction import Outgoing

# The number of shards that the task's stage was divided into when this partition was first written.
SHARDS_KEY: Final = b"shards"


def changelog_records(changes: Mapping[bytes, bytes | None], positions: Mapping[Place, int]) -> list[Outgoing]:
    """The records of one transaction for one task: touched keys, then the positions that the outputs correspond to.

    Positions are by (topic without prefix, partition).
    """
    records = [Outgoing(key, value) for key, value in changes.items()]
    records += [Outgoing(position_key(topic, partition), str(next_).encode()) for (topic, partition), next_ in positions.items()]
    return records


def apply_changelog(owned: OwnedTask, key: bytes | None, value: bytes | None) -> None:
    """Takes one changelog record back into a task; raises ValueError for a key that nothing of ours wrote."""
    if key is None:
        raise ValueError("a changelog record has no key: expected a state key; is something else writing to this topic?")
    if key == SHARDS_KEY:
        owned.shards = owned.shards | {int(value)} if value is not None else set()
        return
    if not key.startswith(b"p|"):
        owned.task.restore(key, value)
        return
    _, topic, partition = key.decode().split("|")
    if value is None:
        owned.next.pop((topic, int(partition)), None)
    else:
        owned.next[topic, int(partition)] = int(value)
