"""`abhyas shards`: the number of shards of a stage, shown or changed while nothing runs."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final

from aiokafka.errors import KafkaError

from consumers.engine.sharding import change_shards, recorded_shards
from consumers.errors import FatalError
from ops.errors import OperationFailed, WrongUsage
from ops.stack.description import connection
from schemas import topics

STAGES: Final = tuple(topics.CHANGELOGS)


def run(stage: str, shards: int | None, data_dir: Path | None) -> None:
    """Prints the number, or changes it and says what to set; raises OperationFailed with what to do."""
    if stage not in STAGES:
        raise WrongUsage(f"stage {stage!r}: expected one of {', '.join(STAGES)}")
    kafka = connection(data_dir)
    try:
        if shards is not None:
            asyncio.run(change_shards(kafka, stage, shards))
        recorded = asyncio.run(recorded_shards(kafka, stage))
    except (FatalError, KafkaError, OSError) as error:
        raise OperationFailed(f"shards of {stage}: {error}") from None
    numbers = sorted(set().union(*recorded.values()))
    if shards is not None:
        print(f"{stage} has {shards} shards: start every instance with {stage.upper()}_SHARDS={shards}")
    elif not numbers:
        print(f"{stage} has no shards yet: the first start fixes their number, as {stage.upper()}_SHARDS says")
    elif len(numbers) == 1:
        print(f"{stage} has {numbers[0]} shards")
    else:
        raise OperationFailed(
            f"{stage} is claimed under {' and '.join(map(str, numbers))} shards: run abhyas shards {stage} N with all stopped"
        )
