"""Many seeds over a pool of processes. A seed is a pure function of its number, so who runs it and when makes no difference."""

from __future__ import annotations

import gc
import logging
import multiprocessing
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import structlog

from bench.simulation.checks import violations
from bench.simulation.faults import FAULTS, REAL
from bench.simulation.world import World, run_seed
from schemas import topics

CHUNK = 8


@dataclass(frozen=True, slots=True)
class SeedResult:
    """What one seed gave: its trace's hash, what did not hold, and the end of the trace where something did not."""

    seed: int
    digest: str
    cpu_s: float
    violations: tuple[str, ...] = ()
    tail: tuple[str, ...] = field(default=(), repr=False)
    commands: int = 0
    samples: int = 0
    transactions: int = 0


def one_seed(seed: int, fault: str | None = None) -> SeedResult:
    """Runs and checks a seed, with a planted fault where one is named."""
    found: list[str] = []
    counts: dict[str, int] = {}
    began = time.process_time()

    def check(world: World) -> None:
        found.extend(violations(world))
        for name, topic in (("commands", topics.RETRAIN_REQUESTED), ("samples", topics.SAMPLE_COLLECTED)):
            counts[name] = len(world.log.committed(topics.topic(topic)))

    try:
        world = run_seed(seed, FAULTS[fault].parts if fault else REAL, check)
    except Exception as error:
        return SeedResult(seed, "", time.process_time() - began, (*found, f"broke off: {type(error).__name__}: {error}"))
    tail = tuple(world.trace.tail) if found else ()
    cpu_s = time.process_time() - began
    return SeedResult(seed, world.trace.digest(), cpu_s, tuple(found), tail, transactions=world.log.transactions, **counts)


@dataclass(frozen=True, slots=True)
class Caught:
    """How a planted fault fared: the seeds that it took, and the first violation (None: it was not caught)."""

    fault: str
    seeds: int
    seed: int
    violation: str | None


def plant(names: Sequence[str], first: int, count: int, *, processes: int = 2) -> Iterator[Caught]:
    """Each fault by itself, from seed `first` on, until a seed catches it."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(processes, initializer=quiet) as pool:
        yield from pool.imap_unordered(_Plant(first, count), names)


@dataclass(frozen=True, slots=True)
class _Plant:
    first: int
    count: int

    def __call__(self, fault: str) -> Caught:
        for seed in range(self.first, self.first + self.count):
            result = one_seed(seed, fault)
            if result.violations:
                return Caught(fault, seed - self.first + 1, seed, result.violations[0][:200])
        return Caught(fault, self.count, self.first + self.count - 1, None)


def many_seeds(first: int, count: int, *, fault: str | None = None, processes: int = 2) -> Iterator[SeedResult]:
    """The results of `count` seeds from `first` on, in their order; whoever stops iterating stops the pool."""
    seeds = range(first, first + count)
    context = multiprocessing.get_context("spawn")
    with context.Pool(processes, initializer=quiet) as pool:
        yield from pool.imap(_Job(fault), seeds, chunksize=CHUNK)


@dataclass(frozen=True, slots=True)
class _Job:
    fault: str | None

    def __call__(self, seed: int) -> SeedResult:
        return one_seed(seed, self.fault)


def quiet() -> None:
    """A worker says nothing and does not look through its imports for garbage at every seed."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    logging.disable(logging.CRITICAL)
    gc.collect()
    gc.freeze()
