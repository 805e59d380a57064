"""What a simulated installation is made of. A planted fault is one of these parts replaced."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bench.simulation.simulated_clients import (
    Network,
    SimulatedConsumer,
    SimulatedProducer,
    SimulatedView,
    SimulatedWriter,
)
from bench.simulation.simulated_log import SimulatedLog
from bench.simulation.simulated_runner import Samples, SimulatedReader
from bench.simulation.virtual_loop import VirtualLoop
from consumers.collect.collector import Collector
from consumers.decide.decider import Decider
from consumers.engine.changelog import apply_changelog
from consumers.engine.open_shard import PRODUCT_STEPS, StartSteps
from gpu_runner.jobs.run import JobRun
from runtime.kafka.connection import KafkaConnection
from runtime.kafka.used_partitions import UsedPartitions


@dataclass(frozen=True, slots=True)
class Parts:
    """The real parts, over simulated clients."""

    collector: Callable[..., Any] = Collector
    decider: Callable[..., Any] = Decider
    producer: Callable[..., SimulatedProducer] = SimulatedProducer
    consumer: Callable[..., SimulatedConsumer] = SimulatedConsumer
    writer: Callable[[SimulatedProducer], SimulatedWriter] = SimulatedWriter
    apply_changelog: Callable[..., None] = apply_changelog
    start_steps: StartSteps = PRODUCT_STEPS
    view: Callable[..., SimulatedView] = SimulatedView
    publisher: Callable[[KafkaConnection], UsedPartitions] = UsedPartitions
    runner_producer: Callable[..., SimulatedProducer] = SimulatedProducer
    samples: Callable[..., Samples] = Samples
    reader: Callable[..., SimulatedReader] = SimulatedReader
    job_run: Callable[..., JobRun] = JobRun


@dataclass(frozen=True, slots=True)
class Site:
    """What every process of a seed shares: the loop that it runs in, the broker and the way there, what it is made of, the trace."""

    loop: VirtualLoop
    log: SimulatedLog
    network: Network
    connection: KafkaConnection
    parts: Parts
    trace: Callable[[str], None]
