"""Three broker blips at random points of a job, in virtual time: the real session loop, job run, preparation, gate, upload and store.

Modelled: the topics (a list), the child (it sleeps, then writes what the fake child of the tests writes), and how long files take.
`python tests/gpu_runner/blips.py --seeds 50` runs the seeds 0 to 49 and prints what a seed did that it must not.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, Final

import fake_child
import structlog
from runner_fakes import BOOTSTRAP, START, FakeChannel, FakeSamples, FakeTopics, command, request, upload_material

from bench.simulation.simulated_workshop import CoroutineChild
from bench.simulation.virtual_threads import ThreadedLoop, sleep
from gpu_runner.child.exit import DONE
from gpu_runner.jobs.disk_room import DiskRoom
from gpu_runner.jobs.evaluation import EvaluationJobs
from gpu_runner.jobs.run import RunParts
from gpu_runner.jobs.workshop import LocalWorkshop
from gpu_runner.json_files import read_json
from gpu_runner.metrics import RunnerMetrics
from gpu_runner.settings import RunnerSettings
from gpu_runner.supervisor import Supervisor
from gpu_runner.train.left_out import LeftOut
from gpu_runner.versions.drift_baseline import fit
from runtime.artifacts.content_hash import folder_sha256, leftovers
from runtime.artifacts.local import LocalStore
from runtime.artifacts.stopping import look
from schemas.events.model_current import ModelCurrent
from schemas.events.training_state import TrainingState

BLIPS: Final = 3
BLIP_S: Final = 0.3
_FILE_S: Final = 1.5
_LOOK_UP_S: Final = 0.05
_WITHIN_S: Final = 600.0


@dataclass
class Meter:
    """How often something began and ended well, and how many did it at once."""

    begun: int = 0
    ended: int = 0
    inside: int = 0
    most: int = 0

    @contextmanager
    def counted(self) -> Iterator[None]:
        self.begun, self.inside = self.begun + 1, self.inside + 1
        self.most = max(self.most, self.inside)
        try:
            yield
            self.ended += 1
        finally:
            self.inside -= 1


class SlowStore(LocalStore):
    """The local store, in which looking up and copying take time."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.uploads = Meter()

    def exists(self, key: str) -> bool:
        _pass(_LOOK_UP_S)
        return super().exists(key)

    def read_file(self, key: str, path: Path) -> None:
        _pass(_FILE_S / 3)
        super().read_file(key, path)

    def write_bytes(self, key: str, data: bytes) -> None:
        _pass(_LOOK_UP_S)
        super().write_bytes(key, data)

    def write_folder(self, key: str, files: Mapping[str, Path], manifest: bytes) -> None:
        class Slow(dict[str, Path]):
            def __getitem__(self, name: str) -> Path:
                _pass(_FILE_S)
                return super().__getitem__(name)

        with self.uploads.counted():
            super().write_folder(key, Slow(files), manifest)


def _pass(seconds: float) -> None:
    """Time passes, in which the work may be told to stop."""
    sleep(seconds)
    look()


class WritingChild(CoroutineChild):
    """A child that sleeps, then writes what the fake child of the tests writes."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder

    async def events(self) -> AsyncIterator[dict[str, Any]]:
        for step in range(1, 4):
            await self._work(2.0)
            if self._told.is_set():
                return
            yield {"event": "progress", "phase": "training", "step": step, "total": 3, "loss": 1.0 / step}
        spec = read_json(self._folder / "spec.json")
        assert spec is not None
        with redirect_stdout(sys.stderr):
            fake_child.finish(self._folder, spec, 0, set(), LeftOut())
        self._code = DONE


class CountedWorkshop(LocalWorkshop):
    """A workshop whose preparations are counted, and whose child is a coroutine."""

    def __init__(self, job_id: str, meter: Meter, **given: Any) -> None:
        super().__init__(job_id, **given)
        self._meter = meter

    def prepare(self, *arguments: Any) -> dict[str, Any]:
        with self._meter.counted():
            return super().prepare(*arguments)

    async def start_child(self) -> WritingChild:
        return WritingChild(self.path)


@dataclass
class World:
    """One installation in virtual time."""

    folder: Path
    topics: FakeTopics = field(default_factory=FakeTopics)
    preparers: Meter = field(default_factory=Meter)
    samples: FakeSamples = field(default_factory=FakeSamples)

    def __post_init__(self) -> None:
        self.loop = ThreadedLoop()
        self.settings = RunnerSettings(
            data_dir=self.folder / "data", models_dir=self.folder / "mounted", eval_reports_dir=self.folder / "reports",
            holdout_key="a key for tests", holdout_percent=25, support_min=1, runner_owner="runner-a",
        )  # fmt: skip
        self.store = SlowStore(self.settings.artifacts_root())

    def now(self) -> datetime:
        return START + timedelta(seconds=self.loop.time())

    def run(self, work: Callable[[], Awaitable[None]]) -> None:
        """A runner that is stopped when `work` is done."""

        async def main() -> None:
            workshop = partial(
                CountedWorkshop, meter=self.preparers, settings=self.settings, store=self.store, fit=fit, child_arguments=(),
                child_environment={},
            )  # fmt: skip
            parts = RunParts(
                settings=self.settings, store=self.store, samples=self.samples, workshop=workshop, metrics=RunnerMetrics(), now=self.now,
                room=DiskRoom(self.store, self.settings),
            )  # fmt: skip
            supervisor = Supervisor(
                parts, open_channel=lambda: FakeChannel(self.topics), child_environment={},
                evaluations=EvaluationJobs(self.settings.evaluations_dir(), self.now),
            )  # fmt: skip
            running = asyncio.ensure_future(supervisor.run())
            try:
                await work()
            finally:
                running.cancel()
                await asyncio.gather(running, return_exceptions=True)

        try:
            self.loop.run(main())
        finally:
            self.loop.bury()

    async def until(self, check: Callable[[], object]) -> None:
        while not check():
            await asyncio.sleep(0.05)
            if self.loop.time() > _WITHIN_S:
                raise TimeoutError("the job did not come to its end")

    def states(self) -> list[TrainingState]:
        found: list[TrainingState] = self.topics.events(TrainingState)
        return found


def bootstrapped(folder: Path) -> World:
    """An installation whose model serves v0; `copy_of` makes as many of it as there are seeds."""
    world = World(folder)
    upload_material(LocalStore(world.settings.artifacts_root()), folder)
    world.topics.requests.append(request("bootstrap", **BOOTSTRAP))
    world.run(lambda: world.until(lambda: world.topics.events(ModelCurrent)))
    return world


def copy_of(world: World, folder: Path) -> World:
    """The same installation elsewhere, with nothing counted yet."""
    shutil.copytree(world.folder, folder)
    return World(folder, topics=FakeTopics(list(world.topics.transactions), list(world.topics.requests)))


def run_job(world: World, blips_at_s: Sequence[float] = ()) -> float:
    """One job to its end, the broker away for BLIP_S at these times; returns how long it took in virtual seconds."""
    world.topics.requests.append(command(batch=world.samples.batch()))

    async def broker() -> None:
        for at_s in sorted(blips_at_s):
            await asyncio.sleep(max(at_s - world.loop.time(), 0))
            world.topics.up = False
            await asyncio.sleep(BLIP_S)
            world.topics.up = True

    async def work() -> None:
        blipping = asyncio.ensure_future(broker())
        await world.until(lambda: blipping.done() and world.states() and world.states()[-1].phase == "ended")

    world.run(work)
    return world.loop.time()


def violations(world: World, undisturbed: World) -> list[str]:
    """What a run did that it must not."""
    last, wanted = world.states()[-1], undisturbed.states()[-1]
    wrong = []
    if (last.outcome, last.attempt, last.error) != (wanted.outcome, 1, None):
        wrong.append(f"the job ended as {last.outcome} in attempt {last.attempt} ({last.error}): expected {wanted.outcome} in the first")
    if world.store.uploads.most > 1 or world.store.uploads.ended != 1:
        wrong.append(f"{world.store.uploads}: expected one upload that ends, and never two at once")
    if world.preparers.most > 1 or world.preparers.inside:
        wrong.append(f"{world.preparers} preparers: expected one at a time")
    served = [current.artifact_sha256 for current in world.topics.events(ModelCurrent) if current.cause == "promotion"]
    if served != [undisturbed.topics.events(ModelCurrent)[-1].artifact_sha256]:
        wrong.append(f"{len(served)} promotions: expected one, of the same artifact as the undisturbed run")
    if folder_sha256(world.store.local_path(f"finetuned/tiny/{last.version}/merged")) not in served:
        wrong.append("the stored version is not what was promoted")
    if leftovers(world.store.local_path("finetuned")):
        wrong.append("an unfinished file lies in the store")
    tokens = [state.lease.token for state in world.states() if state.lease]
    if tokens != sorted(tokens):
        wrong.append(f"fencing tokens went back: {tokens}")
    return wrong


def run_seeds(seeds: Sequence[int], folder: Path) -> dict[int, list[str]]:
    """What each seed did that it must not; the times of its blips are drawn over the undisturbed job's time."""
    start = bootstrapped(folder / "start")
    undisturbed = copy_of(start, folder / "undisturbed")
    seconds = run_job(undisturbed)
    found: dict[int, list[str]] = {}
    for seed in seeds:
        rng = Random(seed)
        world = copy_of(start, folder / f"seed-{seed}")
        run_job(world, [rng.uniform(0, seconds) for _ in range(BLIPS)])
        found[seed] = violations(world, undisturbed)
        shutil.rmtree(world.folder)
    return found


def main() -> int:
    """Runs the seeds; exit code 1 where one broke a promise."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=50)
    parser.add_argument("--first", type=int, default=0)
    chosen = parser.parse_args()
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    with tempfile.TemporaryDirectory(prefix="abhyas-blips-") as folder:
        found = run_seeds(range(chosen.first, chosen.first + chosen.seeds), Path(folder))
    broken = {seed: wrong for seed, wrong in found.items() if wrong}
    print(json.dumps({"seeds": len(found), "blips": BLIPS, "violating": broken}, indent=1))
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
