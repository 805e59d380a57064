"""The simulation in short (`make simulate-faults` runs 2,000 seeds): seeds hold, faults are caught, a seed is the same everywhere."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from bench.simulation.campaign import many_seeds, plant
from bench.simulation.faults import FAULTS

pytestmark = pytest.mark.process

SEEDS = 200
# What a planted fault may take at most.
CAUGHT_WITHIN = 100
REPLAY = """
import json
from bench.simulation.campaign import one_seed, quiet
quiet()
print(json.dumps([(result.digest, list(result.violations)) for result in map(one_seed, (3, 17, 41))]))
"""


@pytest.mark.timeout(1200)
def test_many_seeds_hold() -> None:
    """Whatever breaks, and however it interleaves: no invariant is violated and nothing is stuck."""
    done = 0
    for result in many_seeds(0, SEEDS):
        assert not result.violations, f"seed {result.seed} (make simulate FIRST={result.seed} SEEDS=1): {result.violations[:3]}"
        done += 1
    assert done == SEEDS


@pytest.mark.timeout(1200)
def test_every_planted_fault_is_caught() -> None:
    """A fault that the checks let through would be a check that cannot fail."""
    caught = list(plant(list(FAULTS), 0, CAUGHT_WITHIN))
    assert [fault.fault for fault in caught if fault.violation is None] == []
    assert sorted(fault.fault for fault in caught) == sorted(FAULTS)


@pytest.mark.timeout(300)
def test_a_seed_replays_identically() -> None:
    """The same seed gives the same trace, twice in one process and in processes that hash strings differently."""

    def replayed(hash_seed: str) -> object:
        environment = os.environ | {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": os.pathsep.join(sys.path)}
        run = subprocess.run([sys.executable, "-c", REPLAY * 2], env=environment, capture_output=True, text=True, check=True)
        first, second = (json.loads(line) for line in run.stdout.splitlines())
        assert first == second
        return first

    assert replayed("1") == replayed("2")
