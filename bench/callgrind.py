"""Instructions that a child program executes, counted by callgrind, beside those of another revision's source tree.

Wall and CPU time differ by a fifth from run to run; these counts do not. A child is a script that takes a file and a mode, imports nothing
of this project but what it measures, and finds that in either tree.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
_COLLECTED: Final = re.compile(r"Collected : (\d+)")


@dataclass(frozen=True, slots=True)
class Cost:
    """What one event costs: a run of `child` over the events' file in the mode `work`, less one in the mode `idle`."""

    child: Path
    work: str
    idle: str

    def per_event(self, tree: Path, file: Path, events: int) -> float:
        """Instructions an event with the source tree's modules."""
        return (instructions(self.child, tree, str(file), self.work) - instructions(self.child, tree, str(file), self.idle)) / events

    def beside(self, before: Path, file: Path, events: int) -> dict[str, float]:
        """Instructions an event of the other tree and of this one, and their ratio."""
        was, now = self.per_event(before, file, events), self.per_event(ROOT, file, events)
        return {"instructions_before": round(was), "instructions": round(now), "ratio": round(now / was, 3)}


def sentence(found: Mapping[str, float], revision: str) -> str:
    """Such figures in words."""
    return f"{found['instructions']:,} instructions an event, {found['instructions_before']:,} at {revision}: {found['ratio']}"


def comparison_arguments(description: str | None, *, events: int) -> argparse.Namespace:
    """What a comparison is asked for: `against` (a git revision), `events` and `out` (a file or None)."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--against", required=True, help="a git revision")
    parser.add_argument("--events", type=int, default=events)
    parser.add_argument("--out", type=Path)
    return parser.parse_args()


def instructions(child: Path, tree: Path, *arguments: str) -> int:
    """What one run of a child executes with the modules of a source tree."""
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", sys.executable, "-B", "-P", str(child), *arguments]
    # One BLAS thread, as stage 1 has it: others spin while they wait, and two runs of one program then differ by ten million instructions
    # in place of fifty.
    environment = {"PATH": os.environ["PATH"], "PYTHONHASHSEED": "0", "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(tree)}
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    found = _COLLECTED.search(run.stderr)
    if found is None:
        raise RuntimeError(f"callgrind said nothing of what it collected: {run.stderr[-300:]}")
    return int(found[1])


@contextmanager
def tree_of(revision: str) -> Iterator[Path]:
    """The source tree of a git revision, in a folder that goes at the end."""
    with tempfile.TemporaryDirectory() as folder:
        archive = subprocess.run(["git", "-C", str(ROOT), "archive", revision], capture_output=True, check=True).stdout
        subprocess.run(["tar", "-x", "-C", folder], input=archive, check=True)
        yield Path(folder)
