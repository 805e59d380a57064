"""`abhyas topics plan|apply` for a cluster that exists."""

from __future__ import annotations

from pathlib import Path

from ops.errors import OperationFailed
from ops.stack.description import connection


def plan(data_dir: Path | None) -> int:
    """Prints what differs; 0 when nothing does, else 2."""
    from ops import topic_contract as topics
    from schemas.topics import specs

    kafka = connection(data_dir)
    try:
        changes = topics.plan(kafka, specs(kafka.topic_prefix))
    except topics.TopicsError as error:
        raise OperationFailed(str(error)) from None
    for change in changes:
        print(change)
    if not changes:
        print("the cluster's topics are those of the contract")
    return 2 if changes else 0


def apply(data_dir: Path | None, *, replication_factor: int, grow_partitions: bool) -> None:
    """Makes the changes and prints each."""
    from ops import topic_contract as topics
    from schemas.topics import specs

    kafka = connection(data_dir)
    try:
        changes = topics.apply(kafka, specs(kafka.topic_prefix), replication_factor=replication_factor, grow_partitions=grow_partitions)
    except topics.TopicsError as error:
        raise OperationFailed(str(error)) from None
    for change in changes:
        print(change)
    print(f"{len(changes)} changes made")


def drain(data_dir: Path | None, topic: str) -> None:
    """Brings the records of added partitions to where they are read, and says how many there were."""
    import asyncio

    from ops.commands.topics.drain import drain
    from ops.topic_reader import full_name

    kafka = connection(data_dir)
    name = full_name(topic, kafka.topic_prefix)
    drained = asyncio.run(drain(kafka, name))
    if not drained.added:
        print(f"{name} has {drained.used} partitions, and all of them are read")
    else:
        added = len(drained.added)
        print(f"{drained.records} records of {added} added partitions of {name} sent to the first {drained.used}, and deleted")
