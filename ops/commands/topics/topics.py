"""`abhyas topics plan|apply|drain` for a cluster that exists."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from ops.commands.options import Data
from ops.errors import OperationFailed
from ops.stack.description import connection


def plan(data: Data = None) -> int:
    """Says what differs between the cluster's topics and the contract; exit code 2 where something does."""
    from ops import topic_contract as topics
    from schemas.topics import specs

    kafka = connection(data)
    try:
        changes = topics.plan(kafka, specs(kafka.topic_prefix))
    except topics.TopicsError as error:
        raise OperationFailed(str(error)) from None
    for change in changes:
        print(change)
    if not changes:
        print("the cluster's topics are those of the contract")
    return 2 if changes else 0


def apply(
    *,
    data: Data = None,
    replication_factor: Annotated[int, typer.Option(help="Of topics that are created.")] = 1,
    grow_partitions: Annotated[bool, typer.Option("--grow-partitions", help="Add partitions; every reader must be stopped.")] = False,
) -> None:
    """Brings the cluster's topics to the contract."""
    from ops import topic_contract as topics
    from schemas.topics import specs

    kafka = connection(data)
    try:
        changes = topics.apply(kafka, specs(kafka.topic_prefix), replication_factor=replication_factor, grow_partitions=grow_partitions)
    except topics.TopicsError as error:
        raise OperationFailed(str(error)) from None
    for change in changes:
        print(change)
    print(f"{len(changes)} changes made")


def drain(
    topic: Annotated[
        str,
        typer.Argument(
            metavar="TOPIC", help="An input of a stage, as feedback.submitted (version and prefix are added), or its full name."
        ),
    ],
    data: Data = None,
) -> None:
    """Brings records out of partitions that somebody added to an input, where nobody reads them, to those that are read.

    Each goes as it came, key, headers and value, to the partition of its key; then it is deleted where it lay. Stop whoever writes
    there first. Interrupted, run it again: what went twice is known by its id.
    """
    from ops.commands.topics.drain import drain as drained_of
    from ops.topic_reader import full_name

    kafka = connection(data)
    name = full_name(topic, kafka.topic_prefix)
    drained = asyncio.run(drained_of(kafka, name))
    if not drained.added:
        print(f"{name} has {drained.used} partitions, and all of them are read")
    else:
        added = len(drained.added)
        print(f"{drained.records} records of {added} added partitions of {name} sent to the first {drained.used}, and deleted")
