"""Reads a model's recorded history and runs it through other policies: the I/O of `abhyas whatif`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from aiokafka.errors import KafkaError

from consumers.decide.whatif import JournalReader, RecordedHistory, Scenario, Simulation
from consumers.drift.baseline.artifact import UnreadableBaseline, load_baseline
from consumers.drift.baseline.fit import Baseline
from ops.errors import OperationFailed
from ops.topic_reader import Ends, ends_with_open, records
from runtime.kafka.connection import KafkaConnection
from schemas import topics
from schemas.envelope import MalformedEvent, decode
from schemas.events.retrain_requested import RetrainRequested
from schemas.events.trigger_journal import TriggerJournal


class CachedBaselines:
    """Baselines by the sha256 of their arrays, out of folders of that name. What is missing or damaged is not known."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._found: dict[str, Baseline | None] = {}

    def __call__(self, sha256: str) -> Baseline | None:
        """The baseline, read once."""
        if sha256 not in self._found:
            try:
                self._found[sha256] = load_baseline(self._folder / sha256)
            except UnreadableBaseline:
                self._found[sha256] = None
        return self._found[sha256]


EventT = TypeVar("EventT", TriggerJournal, RetrainRequested)

# Stage 2 writes in transactions; one that was left open is ended by the broker after a minute.
OPEN_TRANSACTION_S: Final = 90.0


@dataclass(frozen=True, slots=True)
class WhatIfAnswer:
    """What was recorded of a model, and what each scenario would have made of it."""

    model: str
    history: RecordedHistory
    simulations: tuple[Simulation, ...]


async def what_if(connection: KafkaConnection, model: str, scenarios: Sequence[Scenario]) -> WhatIfAnswer:
    """Runs the model's history, up to now, through the scenarios.

    Reads the journal twice and holds none of it. Raises OperationFailed where the broker does not answer, the model has no
    journal, or the journal can't be read or has a gap.
    """
    try:
        ends = await ends_with_open(connection, [connection.topic(topics.TRIGGER_JOURNAL)])
        history, reader = RecordedHistory(), JournalReader(model)
        async for command in _events(connection, model, topics.RETRAIN_REQUESTED, RetrainRequested):
            history.take_command(command)
        async for record in _events(connection, model, topics.TRIGGER_JOURNAL, TriggerJournal, ends):
            for entry in reader.take(record):
                history.take(entry)
        if reader.first_sequence is None:
            raise OperationFailed(f"model {model!r} has no recorded history: stage 2 journals a model from the first event that names it")
        history.finish(reader.first_sequence)
        simulations = tuple(Simulation(model, scenario, history) for scenario in scenarios)
        reader = JournalReader(model)
        async for record in _events(connection, model, topics.TRIGGER_JOURNAL, TriggerJournal, ends):
            for entry in reader.take(record):
                for simulation in simulations:
                    simulation.take(entry)
    except ValueError as error:
        raise OperationFailed(f"the history of {model!r} can't be run: {error}") from None
    except (KafkaError, OSError) as error:
        raise OperationFailed(f"Kafka at {connection.bootstrap_servers} does not answer: {error}") from None
    return WhatIfAnswer(model, history, simulations)


async def _events(
    connection: KafkaConnection, model: str, topic: str, kind: type[EventT], until: Ends | None = None
) -> AsyncIterator[EventT]:
    """The model's events of a topic that is keyed by model, in order; raises ValueError for one that can't be read."""
    async for record in records(connection, [connection.topic(topic)], until=until, silence_s=OPEN_TRANSACTION_S):
        # By key first: to decode every other model's records would cost more than all the rest.
        if record.key != model.encode() or record.value is None:
            continue
        try:
            yield decode(record.value, record.headers, kind)[1]
        except MalformedEvent as error:
            raise ValueError(f"{record.topic} partition {record.partition} offset {record.offset}: {error}") from None
