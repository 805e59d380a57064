"""`abhyas topics plan|apply` for a cluster that exists."""

from __future__ import annotations

from pathlib import Path

from ops.errors import OperationFailed
from ops.running import connection


def plan(data_dir: Path | None) -> int:
    """Prints what differs; 0 when nothing does, else 2."""
    from ops import topics
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
    from ops import topics
    from schemas.topics import specs

    kafka = connection(data_dir)
    try:
        changes = topics.apply(kafka, specs(kafka.topic_prefix), replication_factor=replication_factor, grow_partitions=grow_partitions)
    except topics.TopicsError as error:
        raise OperationFailed(str(error)) from None
    for change in changes:
        print(change)
    print(f"{len(changes)} changes made")
