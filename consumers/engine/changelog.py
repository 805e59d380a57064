"""What a task's changelog partition holds: state by key, next input offsets, their topics' ids, the number of shards, the version."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from consumers.engine.stage import InputPartition, OwnedTask
from consumers.kept_state import Migration, current_version, migrated
from consumers.state_keys import (
    MARK_1_KEY,
    POSITION_KEY,
    SHARDS_KEY,
    SHELL,
    TOPIC_ID_KEY,
    VERSION_KEY,
    position_key,
    topic_id_key,
)
from schemas.envelope import WireRecord

# The first bytes of the shell's keys. Keys of the tasks begin with others, but for those of version 1.
_SHELL_BYTES: Final = bytes(key[0] for key in (*SHELL, MARK_1_KEY))


def changelog_records(changes: Mapping[bytes, bytes | None], positions: Mapping[InputPartition, int]) -> list[WireRecord]:
    """The records of one transaction for one task: touched keys, then the positions that the outputs correspond to.

    Positions are by (topic without prefix, partition).
    """
    records = [WireRecord(key, value) for key, value in changes.items()]
    records += [WireRecord(position_key(topic, partition), str(next_).encode()) for (topic, partition), next_ in positions.items()]
    return records


def state_records(owned: OwnedTask) -> Iterator[tuple[bytes, bytes]]:
    """A task's state, positions and topic ids as changelog records."""
    yield from owned.task.save()
    for (topic, partition), next_ in owned.next.items():
        yield position_key(topic, partition), str(next_).encode()
    for topic, topic_id in owned.topic_ids.items():
        yield topic_id_key(topic), topic_id.encode()


def migration_records(owned: OwnedTask, version: int) -> list[WireRecord]:
    """What brings a changelog partition to `version`: tombstones of the older form, the version, the state in its new form.

    In this order: a release that knows only the older form can read the tombstones, and then sees the version.
    """
    if not owned.outdated:
        return [WireRecord(VERSION_KEY, str(version).encode())]
    state = dict(state_records(owned))
    records = [WireRecord(key, None) for key in sorted(owned.outdated - state.keys())]
    records.append(WireRecord(VERSION_KEY, str(version).encode()))
    return records + [WireRecord(key, value) for key, value in state.items()]


def apply_all(owned: OwnedTask, records: Iterable[Any], migrations: Sequence[Migration]) -> None:
    """Takes changelog records (objects with `key` and `value`) back into a task, in order; raises ValueError as `apply_changelog`.

    Written for speed: a key of the current version goes straight to the task.
    """
    load, newest = owned.task.load, current_version(migrations)
    current = owned.version == newest
    for record in records:
        key = record.key
        if current and key and key[0] not in _SHELL_BYTES:
            load(key, record.value)
        else:
            apply_changelog(owned, key, record.value, migrations)
            current = owned.version == newest


def apply_changelog(owned: OwnedTask, key: bytes | None, value: bytes | None, migrations: Sequence[Migration] = ()) -> None:
    """Takes one changelog record back into a task; raises ValueError for a key that nothing of ours wrote, or a newer version.

    `migrations` are those of the changelog; without any, records are taken as they are.
    """
    if key is None:
        raise ValueError("a changelog record has no key: expected a state key; is something else writing to this topic?")
    if key == SHARDS_KEY:
        owned.shards = owned.shards | {int(value)} if value is not None else set()
    elif key == VERSION_KEY:
        owned.version = None if value is None else int(value)
        if migrations and (owned.version or 1) > current_version(migrations):
            raise ValueError(
                f"state version {owned.version} is newer than this release knows ({current_version(migrations)}): "
                "start the release that wrote it, or a later one"
            )
        if owned.version == current_version(migrations):
            owned.outdated.clear()
    elif key[:2] in (POSITION_KEY, TOPIC_ID_KEY):
        _apply_input(owned, key, value)
    elif not migrations or (owned.version or 1) > len(migrations):
        owned.task.load(key, value)
    else:
        _apply_older(owned, key, value, migrations)


def _apply_input(owned: OwnedTask, key: bytes, value: bytes | None) -> None:
    kind, topic, *place = key.decode().split("|")
    if kind == "i" and value is None:
        owned.topic_ids.pop(topic, None)
    elif kind == "i":
        owned.topic_ids[topic] = (value or b"").decode()
    elif value is None:
        owned.next.pop((topic, int(place[0])), None)
    else:
        owned.next[topic, int(place[0])] = int(value)


def _apply_older(owned: OwnedTask, key: bytes, value: bytes | None, migrations: Sequence[Migration]) -> None:
    if value is None:
        owned.outdated.discard(key)
    else:
        owned.outdated.add(key)
    for newer, content in migrated(migrations, owned.version or 1, key, value):
        owned.task.load(newer, content)
