"""`python -m gpu_runner` as a child that kills itself at steps of its preparation, upload and promotion; the runner's code is as it is.

Python tells an audit hook of every file that is opened, renamed or removed and of every block that goes to an S3 server; the clients of
Kafka are replaced by one that looks at the steps of a transaction. DRILL_KILLS names the file of the points, one JSON a line; each
process takes the first that no line of the file beside it (`.told`) speaks of.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from aiokafka import AIOKafkaProducer

import gpu_runner.__main__
import runtime.kafka.transaction
from bench.drill_loop.steps import StepPoint, file_name, request_name, told_file, told_lines
from gpu_runner.event_log.session import KafkaChannel
from gpu_runner.jobs.candidate import Candidate
from gpu_runner.jobs.folder import JobFolder
from gpu_runner.jobs.run import JobRun
from schemas.catalogue import Event
from schemas.events.training_state import TrainingState
from schemas.reading.json_lines import own_lines

ORDERS: Final = "DRILL_KILLS"
_PHASE_OF_STATE: Final = {"preparing": "preparation", "deciding": "upload"}
_CHANGES: Final = {"os.rename": "rename to", "os.remove": "remove"}
# Whole weights take the store milliseconds: a copy is watched until it has begun, so that a part of it is left.
_TORN_WITHIN_S: Final = 0.03
# A commit's longest time on an idle broker.
_COMMIT_S: Final = 0.02


class Trap:
    """Where this process is in its work, and where it is to end; everything is written down before it happens."""

    def __init__(self, orders: Path, root: Path) -> None:
        points = [StepPoint(**point) for _, point in own_lines(orders.read_bytes())]
        told = told_file(orders)
        self._told = os.open(told, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        self._left = points[len([line for line in told_lines(orders) if line["what"] != "passed"]) :]
        self._root = f"{root.absolute()}/"
        self._phase: str | None = None
        self._state_phase: str | None = None
        self._count: int | None = None
        self._requests: dict[int, str] = {}
        self._turn = threading.Lock()

    @property
    def promoting(self) -> bool:
        """Whether records that are sent now are a promotion's."""
        return self._phase == "promotion"

    def state(self, phase: str) -> None:
        """The job's phase as it is being written: renewals of a lease change nothing."""
        if phase != self._state_phase:
            self._state_phase = phase
            if phase != "ended":  # that is part of the promotion
                self.enter(_PHASE_OF_STATE.get(phase))

    def enter(self, phase: str | None) -> None:
        """Another phase begins; a point of the one before that was not come to is told as missed."""
        before, self._phase = self._phase, phase
        if before is not None and phase != before:
            while self._left and self._left[0].phase == before:
                point = self._left.pop(0)
                self._tell("missed", before, point.pattern if not point.after else f"{point.nth} after {point.after}")
        self._count = None

    def leave(self) -> Callable[[], None]:
        """No step counts until what is returned is called: for work that is done once in a job."""
        phase, self._phase = self._phase, None

        def back() -> None:
            self._phase = phase

        return back

    def at(self, step: str, first: Callable[[], None] = lambda: None) -> None:
        """The work comes to a step; where it is the point's, `first` is done and then this process is no more."""
        phase = self._phase
        if phase is None:
            return
        with self._turn:
            if self._due(phase, step):
                first()
                self._kill(phase, step)
            else:
                self._tell("passed", phase, step)

    def later(self, step: str) -> Callable[[], None] | None:
        """Like `at`, for a step that takes time: where it is the point's, what ends this process when called."""
        phase = self._phase
        if phase is None:
            return None
        with self._turn:
            if self._due(phase, step):
                return lambda: self._kill(phase, step)
            self._tell("passed", phase, step)
        return None

    def audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Python's hook: called for everything, so what is of no interest leaves soon."""
        if self._phase is None:
            return
        if event == "open":
            path, _, flags = arguments
            if isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
                self._opens(path)
        elif event in _CHANGES:
            self._touches(_CHANGES[event], arguments[1] if event == "os.rename" else arguments[0])
        elif event == "http.client.send":
            self._sends(*arguments)

    def syncs(self, descriptor: int) -> None:
        """A file is whole and not yet in its place."""
        self._touches("sync", os.readlink(f"/proc/self/fd/{descriptor}"))

    def _opens(self, path: object) -> None:
        name = self._name(path)
        if name is None:
            return
        if self._phase != "upload" or not name.endswith((".safetensors", "/.part-*")):
            self.at(f"open {name}")
            return
        kill = self.later(f"open {name}")
        if kill is not None:
            threading.Thread(target=_when_begun, args=(str(path), kill), daemon=True).start()

    def _touches(self, what: str, path: object) -> None:
        name = self._name(path)
        if name is not None:
            self.at(f"{what} {name}")

    def _name(self, path: object) -> str | None:
        """A path below the data folder, but no log and no lock."""
        text = os.fsdecode(path) if isinstance(path, str | bytes | os.PathLike) else ""
        if not text.startswith(self._root) or text.startswith(f"{self._root}logs/") or text.endswith((".log", ".lock")):
            return None
        return file_name(text.removeprefix(self._root))

    def _sends(self, connection: Any, data: object) -> None:
        if not isinstance(data, bytes | bytearray | memoryview):
            return
        request, place = request_name(bytes(data[:4096])), id(connection)
        if request is None:
            if place in self._requests:
                # Half of it goes out: the server sees a request that ends in the middle.
                self.at(f"body of {self._requests[place]}", lambda: connection.sock.sendall(data[: len(data) // 2]))
        elif request:
            self._requests[place] = request
            self.at(request)
        else:
            self._requests.pop(place, None)

    def _due(self, phase: str, step: str) -> bool:
        point = self._left[0] if self._left else None
        if point is None or point.phase != phase:
            return False
        if self._count is None and not point.after:
            self._count = 0
        if self._count is not None and point.fits(phase, step):
            self._count += 1
            if self._count == point.nth:
                return True
        if step == point.after:
            self._count = 0
        return False

    def _kill(self, phase: str, step: str) -> None:
        self._tell("killed", phase, step)
        os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(60)  # no other thread gets its turn from here

    def _tell(self, what: str, phase: str, step: str) -> None:
        os.write(self._told, json.dumps({"what": what, "phase": phase, "step": step}).encode() + b"\n")


def _when_begun(path: str, kill: Callable[[], None]) -> None:
    deadline = time.monotonic() + _TORN_WITHIN_S
    while time.monotonic() < deadline:
        try:
            if os.stat(path).st_size:
                break
        except OSError:
            pass
    kill()


def _trapped_producer(trap: Trap) -> type:
    class TrappedProducer(AIOKafkaProducer):  # type: ignore[misc]
        """What goes to a partition, and every commit, is a step."""

        async def send_batch(self, batch: Any, topic: str, *, partition: int) -> Any:
            if trap.promoting:
                trap.at(f"send {topic.rpartition('.v')[0].split('.', 1)[1]}")
            return await super().send_batch(batch, topic, partition=partition)

        async def commit_transaction(self) -> None:
            if not trap.promoting:
                await super().commit_transaction()
                return
            trap.at("before commit")
            kill = trap.later("during commit")
            if kill is not None:
                asyncio.get_running_loop().call_later(random.random() * _COMMIT_S, kill)
            await super().commit_transaction()
            trap.at("committed")

    return TrappedProducer


def install(trap: Trap) -> None:
    """Puts the trap where this process's files, requests and records pass."""
    decide, started_at, sync, write = JobRun._decide, JobFolder.started_at, os.fsync, KafkaChannel.write

    async def promoting(self: JobRun, candidate: Candidate) -> None:
        trap.enter("promotion")
        await decide(self, candidate)
        trap.enter(None)

    def starting(self: JobFolder, attempt: int, now: datetime) -> datetime:
        back = trap.leave()
        try:
            return started_at(self, attempt, now)
        finally:
            back()

    def syncing(descriptor: Any) -> None:
        trap.syncs(descriptor if isinstance(descriptor, int) else descriptor.fileno())
        sync(descriptor)

    async def writing(self: KafkaChannel, events: Sequence[Event]) -> None:
        for event in events:
            if isinstance(event, TrainingState):
                trap.state(event.phase)
        await write(self, events)

    JobRun._decide = promoting  # type: ignore[method-assign]
    JobFolder.started_at = starting  # type: ignore[method-assign]
    os.fsync = syncing  # type: ignore[assignment]
    KafkaChannel.write = writing  # type: ignore[method-assign]
    runtime.kafka.transaction.AIOKafkaProducer = _trapped_producer(trap)  # type: ignore[attr-defined]
    sys.addaudithook(trap.audit)


if __name__ == "__main__":
    install(Trap(Path(os.environ[ORDERS]), Path(os.environ["DATA_DIR"])))
    sys.exit(gpu_runner.__main__.main())
