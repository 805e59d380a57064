"""`abhyas export feedback`: the feedback folder of the data folder, or another one, made from the topics."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Annotated

import typer

from ops.commands.options import Data
from ops.errors import OperationFailed
from ops.stack.description import connection


def feedback(
    data: Data = None,
    to: Annotated[Path | None, typer.Option("--to", metavar="FOLDER", help="Instead of DATA_DIR/feedback.", show_default=False)] = None,
) -> None:
    """Writes DATA_DIR/feedback, or another folder, from the topics."""
    from aiokafka.errors import KafkaError

    from ops.commands.feedback.export_files import export_feedback
    from producers.errors import PublishError

    kafka = connection(data)
    data = data or Path(os.environ.get("DATA_DIR") or "data")
    try:
        report = asyncio.run(export_feedback(kafka, data, to))
    except (KafkaError, PublishError) as error:
        raise OperationFailed(f"Kafka at {kafka.bootstrap_servers} does not answer: {error}") from None
    except OSError as error:
        folder = to or data / "feedback"
        raise OperationFailed(f"{folder} could not be written ({error.strerror}): expected a folder of this user's in --to") from None
    print(
        f"{report.folder}: {report.records} records, {report.written} files written, {report.unchanged} unchanged, {report.removed} removed"
    )
