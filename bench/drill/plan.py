"""Which faults come in which order, from the seed alone."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Final, Literal

from bench.drill.launcher import STEPS
from schemas import topics

Kind = Literal[
    "step", "restore", "sigkill", "broker", "handler", "reset", "half_open", "sigstop", "scale",
    "delete", "open", "hold", "extend", "make_anew",
]  # fmt: skip

SHARDS: Final = {"stage1": 4, "stage2": 2}
# What is deleted behind the positions of a stage: of stage 1, records that others wait for too.
DELETED: Final = (("stage1", topics.FEEDBACK_SUBMITTED), ("stage1", topics.TURN_COMPLETED), ("stage2", topics.SAMPLE_COLLECTED))


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault. `shard` says whom it hits: the instance that runs it then; `topic` what is deleted; `settle` waits afterwards until
    everybody is ready again, `quiet` before it until nothing is being published."""

    kind: Kind
    stage: str
    shard: int
    step: str = ""
    topic: str = ""
    nth: int = 1
    delay_s: float = 0.0
    instances: int = 0
    settle: bool = True
    quiet: bool = False


def make_plan(*, kills: int, handler_failures: int, seed: int) -> list[Fault]:
    """`kills` kills, a twelfth of them the broker's and a sixth at any moment, the rest over all steps of both stages in turn;
    handler failures; cuts and stops; deletions, transactions of others and commits held back; and two thirds of it with more than one
    instance: 1, then 3, then 2. In each third something happens to a topic: it gets partitions, or is made anew."""
    source = random.Random(seed)
    brokers, anywhere = max(1, kills // 12), kills // 6
    steps = max(0, kills - brokers - anywhere)
    faults = [_at_step(number, source) for number in range(steps)]
    faults += [_fault("broker", source, delay_s=source.uniform(0.1, 1.5)) for _ in range(brokers)]
    faults += [_fault("sigkill", source, delay_s=source.uniform(0.0, 1.0)) for _ in range(anywhere)]
    faults += [_fault("handler", source, nth=source.randint(2, 30)) for _ in range(handler_failures)]
    for number in range(max(1, kills // 12)):
        faults.append(_fault("reset", source, delay_s=source.uniform(0.1, 1.0)))
        faults.append(_fault("half_open", source, delay_s=source.uniform(2.0, 5.0)))
        # Every third outlasts the transaction time-out of the drill and the broker's look-round.
        faults.append(_fault("sigstop", source, delay_s=12.0 if number % 3 == 2 else source.uniform(0.5, 3.0)))
        faults += [_fault("delete", source, stage=stage, topic=topic) for stage, topic in DELETED]
        # Every other one comes after a transaction that was aborted.
        faults.append(_fault("open", source, nth=1 + number % 2, delay_s=source.uniform(1.0, 5.0)))
        faults.append(_fault("hold", source))
    source.shuffle(faults)
    third = len(faults) // 3
    faults.insert(2 * third + third // 2, _fault("make_anew", source, quiet=True))
    faults.insert(2 * third, _fault("scale", source, instances=2))
    faults.insert(third + third // 2, _fault("extend", source))
    faults.insert(third, _fault("scale", source, instances=3))
    return faults


def _at_step(number: int, source: random.Random) -> Fault:
    order = (*STEPS, "restore")
    step, stage = order[number % len(order)], ("stage1", "stage2")[(number // len(order) + number % len(order)) % 2]
    if step == "restore":
        return _fault("restore", source, stage=stage, step=step, delay_s=source.uniform(0.0, 0.03))
    # The broker takes about a millisecond from the request to the commit: the kill comes before, in, or after it.
    return _fault("step", source, stage=stage, step=step, nth=source.randint(1, 3), delay_s=source.uniform(0.0, 0.003))


def _fault(kind: Kind, source: random.Random, *, stage: str = "", **fields: object) -> Fault:
    stage = stage or source.choice(("stage1", "stage2"))
    settle = source.random() < 0.7
    return Fault(kind=kind, stage=stage, shard=source.randrange(SHARDS[stage]), settle=settle, **fields)  # type: ignore[arg-type]
