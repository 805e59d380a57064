"""What a round cost and left: steps, rows, verdict, seconds, and the size of the data folder by part."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from bench.stream.figures import Figure
from gpu_runner.train.spec import fresh_and_replay, load_rows

# Steps of the last round over steps of the first, where each has as many corrections.
MOST_STEPS: Final = 1.3
MIB: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Round:
    """One round. `by_hand`: a person promoted what the gate did not; `again` are samples of its batch that an earlier batch held.

    `new_rows` and `replay_rows` are the manifest's counts, `trainer_rows` those of the rows as the trainer takes them apart.
    """

    number: int
    steps: int
    corrections: int
    again: int
    new_rows: int
    replay_rows: int
    trainer_rows: tuple[int, int]
    stored_rows: int
    verdict: str
    by_hand: bool
    reasons: tuple[str, ...]
    repair: float | None
    seconds: float
    size_bytes: Mapping[str, int]


def measured(
    data_dir: Path, number: int, *, job: Mapping[str, Any], command: Mapping[str, Any], decision: Mapping[str, Any], leased: set[str],
    by_hand: bool, seconds: float,
) -> Round:  # fmt: skip
    """The round of an ended job; `leased` are the samples of the batches before."""
    folder = data_dir / "jobs" / str(job["job_id"])
    result = json.loads((folder / "result.json").read_text())
    counts = json.loads((folder / "dataset" / "manifest.json").read_text())["counts"]
    fresh, replay = fresh_and_replay(load_rows(folder / "dataset" / "train.jsonl"))
    stored = data_dir / "models" / "training_data" / str(job["model"]) / "versions" / f"{job['version']}.jsonl"
    repair = json.loads((folder / result["scores"]).read_text())["aggregates"].get("candidate", {}).get("repair", {}).get("all", {})
    return Round(
        number=number,
        steps=int(result["steps"]),
        corrections=len(command["batch"]["samples"]),
        again=sum(ref["sample_id"] in leased for ref in command["batch"]["samples"]),
        new_rows=counts["new_training_rows"],
        replay_rows=counts["replay_rows"],
        trainer_rows=(len(fresh), len(replay)),
        stored_rows=len(stored.read_bytes().splitlines()),
        verdict=str(decision["verdict"]),
        by_hand=by_hand,
        reasons=tuple(map(str, decision["reasons"])),
        repair=repair.get("exact_match"),
        seconds=round(seconds, 1),
        size_bytes=sizes(data_dir),
    )


def sizes(data_dir: Path) -> dict[str, int]:
    """Bytes of the data folder by part: its folders, the job's and the store's one level deeper; what is removed meanwhile has none."""
    found: dict[str, int] = {}
    for path in (Path(folder, name) for folder, _, names in os.walk(data_dir) for name in names):
        try:
            status = path.lstat()
        except FileNotFoundError:
            continue  # a draft that was renamed meanwhile
        if not stat.S_ISREG(status.st_mode):
            continue
        size_bytes = status.st_size
        parts = path.relative_to(data_dir).parts
        name = parts[0] if len(parts) == 1 else f"{parts[0]}/{parts[1]}" if parts[0] == "models" else parts[0]
        name = f"jobs/*/{parts[2]}" if parts[0] == "jobs" and len(parts) > 3 else name
        found[name] = found.get(name, 0) + size_bytes
    return dict(sorted(found.items()))


def violations(rounds: Sequence[Round]) -> list[str]:
    """What a round did that it must not; empty where every round learnt its own corrections alone, once, as the manifest says."""
    wrong = []
    for one in rounds:
        name = f"round {one.number}"
        if (one.new_rows, one.replay_rows) != one.trainer_rows:
            wrong.append(
                f"{name}: the manifest counts {one.new_rows} new and {one.replay_rows} replay rows, the trainer {one.trainer_rows}"
            )
        if one.again:
            wrong.append(f"{name}: {one.again} samples of its batch were in a batch before: expected none, every version served")
        if one.stored_rows > one.new_rows:
            wrong.append(f"{name}: {one.stored_rows} rows are stored of it, {one.new_rows} are its own")
    if rounds and rounds[-1].steps > MOST_STEPS * rounds[0].steps:
        wrong.append(f"{rounds[-1].steps} steps in round {rounds[-1].number}, {rounds[0].steps} in the first: at most {MOST_STEPS} times")
    return wrong


def figures(rounds: Sequence[Round]) -> list[Figure]:
    """The figures with their goals."""
    first, last = rounds[0], rounds[-1]
    whole = sum(last.size_bytes.values()) / MIB
    return [
        Figure("steps", last.steps / first.steps, "x", f"steps of round {last.number} over steps of round 1", at_most=MOST_STEPS),
        Figure(
            "stored rows", last.stored_rows / first.stored_rows, "x", f"rows kept of round {last.number}'s version over those of round 1's"
        ),
        Figure("promoted", sum(one.verdict == "promote" for one in rounds), "rounds", f"of {len(rounds)}, by the gate"),
        Figure("data folder", whole, "MiB", f"after round {last.number}"),
        Figure("round", sum(one.seconds for one in rounds) / len(rounds), "s", "from the first correction to the serving version, mean"),
    ]


def rows(rounds: Sequence[Round]) -> list[dict[str, Any]]:
    """The rounds as the JSON keeps them; of sizes the last one's alone, the sum of the others."""
    return [asdict(one) | {"size_bytes": sum(one.size_bytes.values())} for one in rounds]
