"""`abhyas shards`: the number of shards of a stage, shown or changed while nothing runs."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from ops.commands.options import Data
from ops.errors import OperationFailed, WrongUsage
from ops.stack.description import connection
from schemas import topics


def shards(
    stage: Annotated[str, typer.Argument(metavar="STAGE", help="stage1 or stage2.")],
    number: Annotated[
        int | None, typer.Argument(metavar="N", min=1, help="Change it to this, with every instance stopped.", show_default=False)
    ] = None,
    data: Data = None,
) -> None:
    """Shows or changes the number of shards of a stage."""
    from aiokafka.errors import KafkaError

    from consumers.engine.sharding import change_shards, recorded_shards
    from consumers.errors import FatalError

    if stage not in topics.CHANGELOGS:
        raise WrongUsage(f"stage {stage!r}: expected one of {', '.join(topics.CHANGELOGS)}")
    kafka = connection(data)
    try:
        if number is not None:
            asyncio.run(change_shards(kafka, stage, number))
        recorded = asyncio.run(recorded_shards(kafka, stage))
    except (FatalError, KafkaError, OSError) as error:
        raise OperationFailed(f"shards of {stage}: {error}") from None
    numbers = sorted(set().union(*recorded.values()))
    if number is not None:
        print(f"{stage} has {number} shards: start every instance with {stage.upper()}_SHARDS={number}")
    elif not numbers:
        print(f"{stage} has no shards yet: the first start fixes their number, as {stage.upper()}_SHARDS says")
    elif len(numbers) == 1:
        print(f"{stage} has {numbers[0]} shards")
    else:
        raise OperationFailed(
            f"{stage} is claimed under {' and '.join(map(str, numbers))} shards: run abhyas shards {stage} N with all stopped"
        )
