"""`abhyas state [KEY]`: what the stages remember, read from their changelogs and never written."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from ops.commands.options import Data, Json
from ops.errors import WrongUsage
from ops.stack.description import connection
from schemas import topics

if TYPE_CHECKING:
    from runtime.kafka.connection import KafkaConnection

STAGES: Final = tuple(topics.CHANGELOGS)


@dataclass(slots=True)
class HeldState:
    """One changelog partition, compacted: its newest value by key."""

    stage: str
    partition: int
    records: dict[bytes, bytes] = field(default_factory=dict)

    def take(self, key: bytes, value: bytes | None) -> None:
        """The next record of the partition."""
        if value is None:
            self.records.pop(key, None)
        else:
            self.records[key] = value


def state(
    key: Annotated[
        str | None,
        typer.Argument(metavar="KEY", help="sample:ID, user:HASH, model:SLUG, or how a raw key begins.", show_default=False),
    ] = None,
    *,
    stage: Annotated[str | None, typer.Option(metavar="1|2", help="Only this stage.")] = None,
    as_json: Json = False,
    data: Data = None,
) -> int:
    """Shows what the stages remember, from their changelogs: an overview, or with a key the values. Nothing is written."""
    if stage is not None and stage not in ("1", "2"):
        raise WrongUsage(f"--stage {stage}: expected 1 or 2")
    stages = STAGES if stage is None else (f"stage{stage}",)
    held = asyncio.run(read(connection(data), stages))
    if key is None:
        found = [overview(partition) for partition in held]
        print(json.dumps(found, indent=1)) if as_json else _show(found)
        return 0
    matching = matches(held, key)
    if not matching and not as_json:
        print(f"nothing is kept under {key!r}: expected sample:<id>, user:<hash>, model:<slug>, or how a key begins")
    elif as_json:
        print(json.dumps(matching, indent=1, ensure_ascii=False))
    for record in () if as_json else matching:
        print(json.dumps(record, ensure_ascii=False))
    return 0 if matching else 1


async def read(kafka: KafkaConnection, stages: tuple[str, ...]) -> list[HeldState]:
    """Every changelog partition of the stages that has records, compacted. Costs what a restore costs."""
    from ops.topic_reader import records

    held: dict[tuple[str, int], HeldState] = {}
    by_topic = {kafka.topic(topics.CHANGELOGS[stage]): stage for stage in stages}
    async for record in records(kafka, list(by_topic)):
        stage = by_topic[record.topic]
        place = held.setdefault((stage, record.partition), HeldState(stage, record.partition))
        place.take(record.key or b"", record.value)
    return [held[place] for place in sorted(held)]


def overview(held: HeldState) -> dict[str, Any]:
    """Counts and bytes by kind of state, positions, number of shards and version of one partition, as JSON takes it."""
    from consumers.state_keys import SHARDS_KEY, VERSION_KEY, kind_of

    counts: Counter[str] = Counter()
    sizes: Counter[str] = Counter()
    positions: dict[str, int] = {}
    for key, value in held.records.items():
        position = _position(key, value)
        if position is not None:
            positions[position[0]] = position[1]
        elif key not in (SHARDS_KEY, VERSION_KEY):
            kind = kind_of(held.stage, key)
            counts[kind] += 1
            sizes[kind] += len(key) + len(value)
    shards, version = held.records.get(SHARDS_KEY), held.records.get(VERSION_KEY)
    return {
        "stage": held.stage,
        "partition": held.partition,
        "version": 1 if version is None else _number(version),
        "shards": None if shards is None else _number(shards),
        "kinds": {kind: {"count": counts[kind], "bytes": sizes[kind]} for kind in sorted(counts)},
        "positions": dict(sorted(positions.items())),
    }


def _position(key: bytes, value: bytes) -> tuple[str, int] | None:
    """The input and its next offset; None for a record that is no position, or somebody else's."""
    from consumers.state_keys import POSITION_KEY

    place = key.removeprefix(POSITION_KEY).split(b"|")
    if not key.startswith(POSITION_KEY) or len(place) != 2 or not value.isdigit():
        return None
    topic, partition = (part.decode(errors="backslashreplace") for part in place)
    return f"{topic} {partition}", int(value[:20])


def _number(value: bytes) -> int | None:
    return int(value) if value.isdigit() and len(value) < 20 else None


def matches(held: list[HeldState], wanted: str) -> list[dict[str, Any]]:
    """The records that a key means, decoded, as JSON takes them."""
    import msgspec

    from consumers.describe_state import describe

    found = []
    for partition in held:
        for key in sorted(partition.records):
            described = describe(partition.stage, key, partition.records[key])
            if described.matches(wanted):
                place = {"stage": partition.stage, "partition": partition.partition, "key": described.name, "kind": described.kind}
                found.append(place | {"value": msgspec.to_builtins(described.value)})
    return found


def _show(found: list[dict[str, Any]]) -> None:
    if not found:
        print("no state: nothing was processed yet")
        return
    from ops.tables import show_table

    kinds, shell = [], []
    for partition in found:
        place = (partition["stage"], str(partition["partition"]))
        kinds += [(*place, kind, str(held["count"]), str(held["bytes"])) for kind, held in partition["kinds"].items()]
        positions = ", ".join(f"{name}: {offset}" for name, offset in partition["positions"].items())
        shell.append((*place, str(partition["version"]), str(partition["shards"] or "-"), positions or "-"))
    show_table(("stage", "partition", "kind", "count", "bytes"), kinds)
    show_table(("stage", "partition", "version", "shards", "next offsets"), shell)
