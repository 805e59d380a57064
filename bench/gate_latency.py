"""`make bench-gate-latency`: one model against itself, many times: how often would the latency guard call it slower.

Timed by the wall clock, as on a GPU, on whatever else the machine is doing: nothing differs between the sides, so every harm is chance.
Beside it the rule of the release before, which took each answer for an independent item.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from gpu_runner.gate.decide import Policy
from gpu_runner.gate.guards import Comparison, measures
from gpu_runner.gate.latency import PairedTimings as Compared
from gpu_runner.gate.scores import Evidence
from gpu_runner.gate.statistics import PairedDifferences, sign_flip_p
from gpu_runner.tiny_llama.facts import load_facts
from gpu_runner.train.spec import Item
from gpu_runner.train.timing import Timings

ITEMS: Final = 96
PASSES: Final = 2
NEW_TOKENS: Final = 16


def main() -> int:
    """Measures the pairs and writes the JSON; exit 1 where more than one in a hundred is called harmed."""
    parser = argparse.ArgumentParser(prog="python -m bench.gate_latency", description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--pairs", type=int, default=100)
    parser.add_argument("--model", type=Path, help="a model folder; without one, an untaught tiny model is made")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="abhyas-bench-") as work:
        generator = _generator(chosen.model or _untaught(Path(work) / "model"))
        items = [Item(str(number), fact.wordings[number % 6]) for number, fact in enumerate(load_facts()[:ITEMS])]
        began, load = time.monotonic(), os.getloadavg()[0]
        pairs = [_pair(generator, items, seed) for seed in range(chosen.pairs)]
    states, old = Counter(pair["state"] for pair in pairs), sum(pair["harmed_by_items"] for pair in pairs)
    report = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {"cores": os.cpu_count(), "platform": platform.platform(), "python": platform.python_version()},
        "load": [load, os.getloadavg()[0]], "seconds": round(time.monotonic() - began), "pairs": len(pairs), "states": dict(states),
        "harmed_by_the_rule_before": old,
        "noise_percent": sorted(round(100 * math.expm1(pair["noise"]), 1) for pair in pairs),
        "speed_change_percent": sorted(round(100 * pair["change"], 1) for pair in pairs),
    }  # fmt: skip
    chosen.out.write_text(json.dumps(report, indent=1) + "\n")
    print(f"{len(pairs)} pairs of one model: {dict(states)}; by the rule before {old} harmed; {report['seconds']} s")
    return int(states["harmed"] > len(pairs) / 100)


def _pair(generator: Any, items: Sequence[Item], seed: int) -> dict[str, Any]:
    answers = [generator.answer([item.question for item in items], max_new_tokens=NEW_TOKENS, batch_size=64) for _ in range(2)]
    losses = tuple(
        math.log(after.latency_ms / after.tokens) - math.log(before.latency_ms / before.tokens) - math.log1p(Policy().latency_margin)
        for before, after in zip(*answers, strict=True)
    )
    p_items = sign_flip_p(PairedDifferences(losses, tuple(item.id for item in items)), seed=seed)
    timings = Timings(items)
    for _ in range(PASSES):
        for side in ("baseline", "candidate"):
            timings.measure(side, generator)
    told = timings.as_dict() or {}
    passes = {side: tuple(map(tuple, told[side])) for side in ("baseline", "candidate")}
    compared = Compared(passes["baseline"], passes["candidate"])
    found = _latency(compared)
    p_harm = 1.0 if found.loss is None else sign_flip_p(found.loss, seed=seed)
    # As strict as it gets for the goal: harm at 5 % without Holm's correction for the other guards.
    state = "harmed" if p_harm <= Policy().harm_alpha else "satisfied" if found.within else "below_margin"
    return {"state": state, "noise": compared.noise(), "change": found.change, "harmed_by_items": p_items <= Policy().harm_alpha}


def _latency(timings: Compared) -> Comparison:
    evidence = Evidence((), "", timings, None, {})
    (measure,) = measures(Policy(guards=("latency",)), evidence)
    found = measure.compare(evidence)
    if found is None:
        raise RuntimeError("nothing was timed: expected questions to ask")
    return found


def _untaught(folder: Path) -> Path:
    from gpu_runner.tiny_llama.make import Recipe, make_model

    make_model(folder, seed=1, recipe=Recipe(steps=3, batch=16, least_exact_match=0.0))
    return folder


def _generator(folder: Path) -> Any:
    from gpu_runner.evaluate.generate import Generator

    return Generator(folder, clock=time.perf_counter)


if __name__ == "__main__":
    sys.exit(main())
