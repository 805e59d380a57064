"""What has to hold of a seed's history, in words where it did not."""

from __future__ import annotations

from collections.abc import Iterator

from bench.simulation.checks_of_cluster import cluster
from bench.simulation.checks_of_decisions import decisions
from bench.simulation.checks_of_runs import commands, runs
from bench.simulation.checks_of_samples import samples
from bench.simulation.checks_of_state import state
from bench.simulation.history import History
from bench.simulation.world import World


def violations(world: World) -> Iterator[str]:
    """Everything that did not hold, the plainest first."""
    history = History(world)
    yield from (f"broke: {error}" for error in (*world.fleet.errors, *world.operators.errors, *world.runners.errors, *world.loop.failures))
    yield from cluster(history)
    yield from samples(history)
    yield from runs(history)
    yield from commands(history)
    yield from state(world)
    for model in world.settings.models:
        yield from decisions(history, model)
