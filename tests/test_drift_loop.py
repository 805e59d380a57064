"""Drift of documents from end to end on Apache Kafka: document.ingested → drift.detected → retrain.requested → the job's end."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bench.drill.drift_loop import QUIET, SHIFTED, Outcome, run_drift, violations


@pytest.mark.kafka
@pytest.mark.timeout(600)
def test_a_shift_of_documents_alone_fires_one_explained_command(kafka_broker: str, tiny_base: Path, tmp_path: Path) -> None:
    """One command by the drift rule leases the new documents and ends as no_data; the same stream without the shift fires none."""
    outcome = asyncio.run(run_drift(broker=kafka_broker, base=tiny_base, work=tmp_path / "work"))
    assert violations(outcome) == []


def test_a_quiet_stream_that_fires_is_a_violation() -> None:
    """The judge names a command without a shift, and a shift without one."""
    assert len(violations(Outcome({SHIFTED: [], QUIET: [{}]}, {SHIFTED: [], QUIET: [{}]}, [], {}, 1.0))) == 2
