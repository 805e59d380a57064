"""`make drill-loop` in short: the loop on Apache Kafka survives kill -9 with the same result, and the drill's own judges can say no."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from bench.drill_loop import fixed_points, random_points
from bench.drill_loop.fixed_points import Outcome, Point
from bench.drill_loop.random_points import Survived, broken
from bench.drill_loop.steps import PHASES, StepPoint, draw, first_steps, told_lines
from bench.drill_loop.stored import Found, look_at
from bench.versitygw import Versitygw, VersitygwUnavailable, fetch_versitygw
from gpu_runner.versions.registry import write_record
from runtime.artifacts.content_hash import folder_sha256
from runtime.artifacts.local import LocalStore
from runtime.artifacts.open import open_store
from runtime.artifacts.store import ArtifactStore, files_below, put_folder
from runtime.settings import StoreSettings

RUNNER_TRAINING = Point("runner", "while training")
CONSUMERS_PROMOTING = Point("consumers", "while promoting")
GOOD = Outcome(None, None, 1, 1, 1, ("promote",), "b" * 64, "a" * 64, (), 0, 1.0)
NOTHING_WRONG = Found(("v0", "v1"), 10, (), ())


@pytest.mark.kafka
@pytest.mark.timeout(900)
def test_one_command_and_one_promotion_whoever_is_killed(kafka_broker: str, tiny_base: Path, tmp_path: Path) -> None:
    """The runner killed while it trains, the consumers while it promotes: one command, one promotion, the same artifact."""
    run = fixed_points.run_loop
    first = asyncio.run(run(broker=kafka_broker, base=tiny_base, work=tmp_path / "runner", point=RUNNER_TRAINING))
    assert fixed_points.violations(first, None) == []
    assert first.phase_at_kill == "training"
    assert first.resumed_from_step > 0
    second = asyncio.run(run(broker=kafka_broker, base=tiny_base, work=tmp_path / "consumers", point=CONSUMERS_PROMOTING))
    assert fixed_points.violations(second, first) == []


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Versitygw]:
    """A running versitygw; skips where it cannot be had."""
    try:
        with Versitygw(fetch_versitygw(), tmp_path / "buckets") as server:
            yield server
    except VersitygwUnavailable as error:
        pytest.skip(f"no versitygw for this test: {error}")


def points_in_short(each: int, *weights: StepPoint) -> list[StepPoint]:
    """So many random points of the first steps of preparation and of promotion, and those of the upload of weights that are given."""
    early = first_steps(each, random.Random(1))
    return [*(point for point in early if point.phase == "preparation"), *weights, *(p for p in early if p.phase == "promotion")]


@pytest.mark.kafka
@pytest.mark.timeout(600)
def test_k9_killed_again_and_again_in_one_job(kafka_broker: str, tiny_base: Path, tmp_path: Path) -> None:
    """In the middle of a copy, before it has its name, and at other steps: one promotion, all verifies, a next job, a rollback."""
    points = points_in_short(2, StepPoint("upload", "open *.safetensors"), StepPoint("upload", "sync *merged*", 2))
    survived = asyncio.run(random_points.run_loop(broker=kafka_broker, base=tiny_base, work=tmp_path / "loop", points=points))
    assert broken(survived, points, None) == []
    assert [phase for phase, _ in survived.killed] == [phase for phase in PHASES for _ in range(2)]


@pytest.mark.kafka
@pytest.mark.timeout(600)
def test_k9_killed_again_and_again_on_s3(kafka_broker: str, tiny_base: Path, tmp_path: Path, gateway: Versitygw) -> None:
    """The same on a real S3 server: requests end in the middle, and folders are left without their manifest."""
    points = points_in_short(1, StepPoint("upload", "body of PUT */model.safetensors*"), StepPoint("upload", "PUT */manifest.json"))
    run = random_points.run_loop(broker=kafka_broker, base=tiny_base, work=tmp_path / "loop", points=points, gateway=gateway)
    survived = asyncio.run(run)
    assert broken(survived, points, None) == []
    assert [phase for phase, _ in survived.killed] == ["preparation", "upload", "upload", "promotion"]


def test_a_broken_promise_is_a_violation() -> None:
    """The drill's own judge: a second command, a second promotion and another artifact are each named."""
    assert fixed_points.violations(GOOD, GOOD) == []
    twice = Outcome(RUNNER_TRAINING, "training", 2, 2, 2, ("promote", "promote"), "c" * 64, "d" * 64, (), 0, 1.0)
    assert len(fixed_points.violations(twice, GOOD)) == 4


def test_what_a_killed_loop_must_not_do_is_a_violation() -> None:
    """A point that was never hit, a fault in the store, a second promotion of one version and a next job that fails are each named."""
    points = [StepPoint("upload", "*", 3)]
    good = Survived(GOOD, (("upload", "x"),), (), 1, NOTHING_WRONG, NOTHING_WRONG, "rejected", None, "v1 to v0", 1.0)
    assert broken(good, points, GOOD) == []
    assert len(broken(replace(good, killed=(), missed=(("upload", "x"),)), points, GOOD)) == 1
    damaged = replace(NOTHING_WRONG, faults=("v1 has a leftover",))
    assert broken(replace(good, after_first=damaged, after_all=damaged), points, GOOD) == ["after the first job: v1 has a leftover"]
    assert broken(replace(good, after_all=damaged), points, GOOD) == ["after the rollback: v1 has a leftover"]
    assert len(broken(replace(good, promotions=2), points, GOOD)) == 1
    assert broken(replace(good, next_outcome="failed", next_error="why"), points, GOOD) == ["the next job ended as failed: why"]


def version_in(store: ArtifactStore, folder: Path) -> None:
    """A version v1 with weights of two megabytes, decided."""
    (folder / "merged").mkdir(parents=True)
    (folder / "merged" / "model.safetensors").write_bytes(b"w" * (2 << 20))
    (folder / "merged" / "empty.json").write_bytes(b"")
    put_folder(store, "finetuned/tiny/v1", files_below(folder / "merged", "merged"))
    artifact = {"uri": "finetuned/tiny/v1/merged", "sha256": folder_sha256(folder / "merged")}
    write_record(store, "finetuned/tiny/v1/decision.json", {"verdict": "promote", "artifact": artifact})


def test_the_look_at_a_store_finds_what_a_kill_may_leave(tmp_path: Path) -> None:
    """Nothing in a whole version; a leftover among the weights, other bytes, a file that is missing, and a version without a decision."""
    store, root, cache = LocalStore(tmp_path / "store"), tmp_path / "store", tmp_path / "cache"
    version_in(store, tmp_path / "v1")
    merged = root / "finetuned" / "tiny" / "v1" / "merged"
    found = look_at(store, "tiny", root, cache)
    assert (found.versions, found.faults, found.left) == (("v1",), (), ())
    leftover = merged / f".part-{'0' * 32}"
    leftover.write_bytes(b"half")
    assert any("lies in a folder that is hashed" in fault for fault in look_at(store, "tiny", root, cache).faults)
    leftover.rename(root / leftover.name)
    assert look_at(store, "tiny", root, cache).left == (leftover.name,)
    (merged / "empty.json").write_bytes(b"x")
    assert look_at(store, "tiny", root, cache).faults
    (merged / "empty.json").unlink()
    assert look_at(store, "tiny", root, cache).faults
    store.write_bytes("finetuned/tiny/v2/scores.json", b"{}")
    assert "finetuned/tiny/v2 has no decision" in look_at(store, "tiny", root, cache).faults


@pytest.mark.process
def test_the_look_at_a_store_reads_a_real_s3_server(tmp_path: Path, gateway: Versitygw) -> None:
    """Versions are verified there too; a file that is not its manifest's is found."""
    store = open_store(StoreSettings.model_validate({name.lower(): value for name, value in gateway.environment().items()}))
    version_in(store, tmp_path / "v1")
    assert look_at(store, "tiny", gateway.folder / "models", tmp_path / "cache").faults == ()
    store.write_bytes("finetuned/tiny/v1/merged/model.safetensors", b"other")
    assert look_at(store, "tiny", gateway.folder / "models", tmp_path / "cache").faults != ()


def test_points_are_drawn_so_that_one_job_can_hit_all() -> None:
    """Ten in each phase whatever the seed, in the order of the steps; at most one of what a job passes once."""
    steps = [f"{what} a file" for _ in range(6) for what in ("open", "sync")]
    promotion = ["open x", "rename to v1/decision.json", "sync v1", "remove x", "send promotion.decided", "before commit", "during commit"]
    passed = [("preparation", step) for step in [*steps, "rename to jobs/*/spec.json", "sync jobs/*"]]
    passed += [("upload", step) for step in ["PUT a", *steps]] + [("promotion", step) for step in promotion]
    for seed in range(50):
        points = draw(passed, 10, random.Random(seed))
        assert [point.phase for point in points] == [phase for phase in PHASES for _ in range(10)]
        places = [place_of(point, passed) for point in points]
        assert places == sorted(places)
        for once in (("sync jobs/*",), ("sync v1", "remove x"), ("during commit",)):
            assert sum(passed[place][1] in once for place in places) <= 1
    assert draw(passed, 3, random.Random(7)) == draw(passed, 3, random.Random(7))
    with pytest.raises(ValueError, match="no step of the upload"):
        draw([("preparation", "open x")], 1, random.Random(0))


def place_of(point: StepPoint, passed: list[tuple[str, str]]) -> int:
    """Where in the undisturbed run a point lies."""
    first = passed.index((point.phase, point.after)) + 1 if point.after else 0
    fitting = [place for place in range(first, len(passed)) if point.fits(*passed[place])]
    return fitting[point.nth - 1]


TRAPPED = """
import os, sys
from pathlib import Path
from bench.drill_loop.killed_runner import Trap, install
root = Path(sys.argv[1])
trap = Trap(root / "orders.kills", root / "data")
install(trap)
for phase in ("preparation", "upload"):
    trap.enter(phase)
    for name in ("a", "b", "c"):
        with (root / "data" / (name + ".part")).open("wb") as handle:
            handle.write(b"x" * 100)
            handle.flush()
            os.fsync(handle.fileno())
        (root / "data" / (name + ".part")).replace(root / "data" / name)
trap.enter(None)
"""


@pytest.mark.process
def test_a_process_ends_before_the_step_of_its_point(tmp_path: Path) -> None:
    """Each start takes the next point: a file whole without its name, one that was never opened; a point that never comes is told."""
    (tmp_path / "data").mkdir()
    orders = tmp_path / "orders.kills"
    points = [
        StepPoint("preparation", "rename to b"), StepPoint("preparation", "*", 1, "rename to b"),
        StepPoint("upload", "sync d.part"), StepPoint("elsewhere", "*"),
    ]  # fmt: skip
    orders.write_text("".join(json.dumps(asdict(point)) + "\n" for point in points))
    command = [sys.executable, "-c", TRAPPED, str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    left = []
    for code in (-signal.SIGKILL, -signal.SIGKILL, 0):
        assert subprocess.run(command, env=environment, check=False).returncode == code
        left.append(sorted(path.name for path in (tmp_path / "data").iterdir()))
    assert left == [["a", "b.part"], ["a", "b"], ["a", "b", "c"]]
    told = [(line["what"], line["step"]) for line in told_lines(orders) if line["what"] != "passed"]
    assert told == [("killed", "rename to b"), ("killed", "open c.part"), ("missed", "sync d.part")]


@pytest.mark.process
def test_without_go_the_drill_says_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No program, no Go: nothing half-made is left, and the message names both."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(VersitygwUnavailable, match="Go is not on PATH"):
        fetch_versitygw(tmp_path / "cache")
    (tmp_path / "go").write_text("#!/bin/sh\necho no such module >&2\nexit 1\n")
    (tmp_path / "go").chmod(0o755)
    with pytest.raises(VersitygwUnavailable, match="no such module"):
        fetch_versitygw(tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []
