"""`abhyas topics …` and `abhyas dlq …`: their commands and options. Each imports what it needs when it runs."""

from __future__ import annotations

from typing import Annotated

import typer

from ops.commands.options import Data

topics_app = typer.Typer(help="The topics of a cluster against the contract.", no_args_is_help=True)
dlq_app = typer.Typer(help="What could not be taken, as it came.", no_args_is_help=True)


@topics_app.command("plan")
def topics_plan(data: Data = None) -> None:
    """Says what differs between the cluster's topics and the contract; exit code 2 where something does."""
    from ops.commands.topics.topics import plan

    raise typer.Exit(plan(data))


@topics_app.command("apply")
def topics_apply(
    *,
    data: Data = None,
    replication_factor: Annotated[int, typer.Option(help="Of topics that are created.")] = 1,
    grow_partitions: Annotated[bool, typer.Option("--grow-partitions", help="Add partitions; every reader must be stopped.")] = False,
) -> None:
    """Brings the cluster's topics to the contract."""
    from ops.commands.topics.topics import apply

    apply(data, replication_factor=replication_factor, grow_partitions=grow_partitions)


@topics_app.command("drain")
def topics_drain(
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
    from ops.commands.topics.topics import drain

    drain(data, topic)


@dlq_app.command("list")
def dlq_list(limit: Annotated[int, typer.Option("-n", help="The newest so many.")] = 100, data: Data = None) -> None:
    """Lists dead letters: when, why, and where each came from."""
    from ops.commands.topics.dlq import list_letters

    list_letters(data, limit)


@dlq_app.command("show")
def dlq_show(topic: str, partition: int, offset: int, data: Data = None) -> None:
    """Shows one dead letter with its original key, headers and value."""
    from ops.commands.topics.dlq import show_letter

    show_letter(data, topic, partition, offset)


@dlq_app.command("redrive")
def dlq_redrive(
    *,
    topic: Annotated[str | None, typer.Option(help="Only those of this topic.")] = None,
    reason: Annotated[str | None, typer.Option(help="Only those with this reason.")] = None,
    reader: Annotated[str | None, typer.Option(help="Only those refused by this reader.")] = None,
    since: Annotated[str | None, typer.Option(metavar="TIME", help="Only those refused then or later; ISO 8601, UTC if not said.")] = None,
    until: Annotated[str | None, typer.Option(metavar="TIME", help="Only those refused before.")] = None,
    offset: Annotated[list[str] | None, typer.Option(metavar="TOPIC:PARTITION:OFFSET", help="Only this letter; may be repeated.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, metavar="N", help="Send at most so many.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be sent.")] = False,
    data: Data = None,
) -> None:
    """Sends dead letters again to their topics, as they came, after the reader was mended.

    Letters that every given option takes go, without options all of them. Nothing goes twice, however often or by how many
    people this is run; on the embedded broker, which fences nobody, only one may run at a time. A record that is refused
    again becomes a new dead letter: one that was too_late still is. Exit code 1 where a letter that was meant stays behind.
    """
    from ops.commands.topics.dlq import redrive_letters

    raise typer.Exit(
        redrive_letters(
            data, topic=topic, reason=reason, reader=reader, since=since, until=until, offsets=offset or (), limit=limit, dry_run=dry_run
        )
    )
