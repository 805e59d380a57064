"""`python -m bench.images`: both images built, the composition run by the documented lines, and the figures as JSON.

Everything is made below one folder, which is removed at the end. Exit code 0: all of it held; 1: a step failed, and says which.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from bench.images.build import ROOT, build, make_base
from bench.images.composition import read_composition
from bench.images.podman import ImagesUnavailable, Podman, PodmanFailed, missing, missing_helpers
from bench.images.stack import Stack
from bench.images.stand_ins import KEPT, make_stand_ins
from bench.images.steps import ALL_STEPS, Run, StepFailed

FREE_BYTES: Final = {"services": 4e9, "runner": 22e9}
SECRETS: Final = dict.fromkeys(("HOLDOUT_KEY", "USER_HASH_KEY", "MINIO_ACCESS_KEY", "MINIO_SECRET_KEY"), "not-secret-in-a-test")
NAMES: Final = {"services": "abhyas-services:0.1.0", "runner": "model-training:0.1.0"}


class Log:
    """What was done, how long it took, and the CPU that its own processes used; containers' CPU is asked for apart."""

    def __init__(self) -> None:
        self.figures: dict[str, Any] = {}

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Tells a step on stderr and keeps its seconds."""
        print(f"{name} …", file=sys.stderr, flush=True)
        began, cpu = time.monotonic(), _children_cpu_s()
        yield
        took = {"seconds": round(time.monotonic() - began, 1), "cpu_s": round(_children_cpu_s() - cpu, 1)}
        self.figures.setdefault("steps", {})[name] = took
        print(f"{name}: {took['seconds']} s, CPU {took['cpu_s']} s", file=sys.stderr, flush=True)


def _children_cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def check(podman: Podman, targets: list[str], log: Log) -> None:
    """Builds the targets and runs every step; raises ImagesUnavailable, PodmanFailed or StepFailed."""
    composition = read_composition(SECRETS)
    before = shutil.disk_usage(podman.folder).free
    with log.step("base"):
        make_base(podman)
    for target in targets:
        with log.step(f"build {target}"):
            build(podman, target, NAMES[target])
        log.figures.setdefault("images", {})[target] = {
            "bytes": podman.image_bytes(NAMES[target]),
            "layers": [size for size, _ in podman.layers(NAMES[target])],
        }
    log.figures["disk_bytes"] = before - shutil.disk_usage(podman.folder).free
    with log.step("stand-ins"):
        make_stand_ins(podman, composition)
    _model_files(podman.folder / "in")
    names = [name for name in composition.services if name != "runner" or "runner" in targets]
    run = Run(podman, Stack(podman, composition), composition, names, podman.folder, log.figures)
    for step in ALL_STEPS:
        with log.step(_name(step)):
            step(run)


def _name(step: Callable[[Run], None]) -> str:
    return step.__name__.replace("_", " ")


def _model_files(folder: Path) -> None:
    """The tiny model and its files, as the documentation makes them; kept beside the demo's, because it is trained."""
    command = [sys.executable, "-m", "gpu_runner.tiny_llama", "--out", str(KEPT / "tiny-llama")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=900, check=False)
    if done.returncode:
        raise StepFailed(f"the tiny model was not made: {done.stderr[-1000:]}")
    shutil.copytree(KEPT / "tiny-llama", folder)


def main() -> int:
    """Runs the check and writes its figures."""
    parser = argparse.ArgumentParser(prog="python -m bench.images", description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--targets", nargs="+", choices=tuple(NAMES), default=list(NAMES))
    parser.add_argument("--folder", type=Path, help="where images and containers are kept meanwhile (default: a new one in the system's)")
    chosen = parser.parse_args()
    lacking = missing()
    helpers = missing_helpers()
    if lacking or helpers:
        print(f"images can't be checked here: {lacking or f'not installed: {chr(44).join(helpers)}'}", file=sys.stderr)
        return 1
    folder = Path(tempfile.mkdtemp(prefix="abhyas-images-", dir=chosen.folder))
    needed = max(FREE_BYTES[target] for target in chosen.targets)
    log = Log()
    with Podman(folder) as podman:
        if shutil.disk_usage(folder).free < needed:
            print(f"{folder} has less than {needed / 1e9:.0f} GB free: give another --folder", file=sys.stderr)
            return 1
        try:
            check(podman, chosen.targets, log)
        except (ImagesUnavailable, PodmanFailed, StepFailed) as error:
            print(f"failed: {error}", file=sys.stderr)
            return 1
    log.figures["cpu_s"] = round(_children_cpu_s(), 1)
    chosen.out.write_text(json.dumps(log.figures, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(log.figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
