"""`abhyas export feedback`: the feedback folder of the data folder, made from the topics."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from ops.errors import OperationFailed
from ops.running import connection


def run(data_dir: Path | None) -> None:
    """Writes DATA_DIR/feedback and says what changed."""
    from aiokafka.errors import KafkaError

    from ops.export_feedback import export_feedback
    from producers.errors import PublishError

    kafka = connection(data_dir)
    folder = data_dir or Path(os.environ.get("DATA_DIR") or "data")
    try:
        report = asyncio.run(export_feedback(kafka, folder))
    except (KafkaError, PublishError) as error:
        raise OperationFailed(f"Kafka at {kafka.bootstrap_servers} does not answer: {error}") from None
    except OSError as error:
        raise OperationFailed(f"{folder / 'feedback'} could not be written: {error}") from None
    print(
        f"{report.folder}: {report.records} records, {report.written} files written, {report.unchanged} unchanged, {report.removed} removed"
    )
