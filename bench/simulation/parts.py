"""What a simulated installation is made of. A planted fault is one of these parts replaced."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bench.simulation.simulated_clients import SimulatedConsumer, SimulatedProducer, SimulatedWriter
from bench.simulation.simulated_run import Samples, SimulatedRun
from consumers.core.collector import Collector
from consumers.core.decider import Decider
from consumers.shard import Shard
from consumers.stage import OwnedTask
from consumers.state.changelog import apply_changelog


@dataclass(frozen=True, slots=True)
class Parts:
    """The real parts, over simulated clients."""

    collector: Callable[..., Any] = Collector
    decider: Callable[..., Any] = Decider
    shard: Callable[..., Shard] = Shard
    producer: Callable[..., SimulatedProducer] = SimulatedProducer
    consumer: Callable[..., SimulatedConsumer] = SimulatedConsumer
    writer: Callable[[SimulatedProducer], SimulatedWriter] = SimulatedWriter
    apply_changelog: Callable[[OwnedTask, bytes | None, bytes | None], None] = apply_changelog
    runner_producer: Callable[..., SimulatedProducer] = SimulatedProducer
    samples: Callable[..., Samples] = Samples
    run: Callable[..., SimulatedRun] = SimulatedRun
