"""A child that does the heavy work: own session, JSON lines on its stdout, log on its stderr, gone when its parent is."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Final, Protocol

import structlog

from runtime.die_with_parent import command

_log = structlog.get_logger(__name__)

# A line holds figures, never rows of data; longer ones are a mistake of the child's.
MAX_LINE_BYTES: Final = 1 << 20

# A killed process is gone at once, but for one that waits in the kernel for a device or a file system.
KILLED_WITHIN_S: Final = 10.0
_LOOK_EVERY_S: Final = 0.05
_PIPE_CLOSES_WITHIN_S: Final = 1.0

# The child needs none of these, and what it doesn't have it can't log.
_SECRETS: Final = ("HOLDOUT_KEY", "MINIO_ACCESS_KEY", "MINIO_SECRET_KEY", "KAFKA_SASL_PASSWORD", "USER_HASH_KEY", "HF_TOKEN", "REDIS_URL")
# Of the servers that an evaluation asks: for its child alone.
EVALUATION_KEYS: Final = ("EVALUATION_ENGINE_API_KEY", "JUDGE_API_KEY")


def child_environment(environment: Mapping[str, str], threads: int, *, keep: Collection[str] = ()) -> dict[str, str]:
    """What a child gets: its thread count set before torch is imported, no hub, no secrets but those of EVALUATION_KEYS in `keep`.

    Idle OpenMP threads spin by default: on shared cores a step took 857 ms with two threads, 31 ms with
    OMP_WAIT_POLICY=PASSIVE.
    """
    count = threads or len(os.sched_getaffinity(0))
    dropped = {*_SECRETS, *EVALUATION_KEYS} - {*EVALUATION_KEYS}.intersection(keep)
    return {name: value for name, value in environment.items() if name not in dropped} | {
        "OMP_NUM_THREADS": str(count),
        "OMP_WAIT_POLICY": "PASSIVE",
        "HF_HUB_OFFLINE": "1",
        "TOKENIZERS_PARALLELISM": "false",
        "PYTHONUNBUFFERED": "1",
        "PYTHONUTF8": "1",
    }


class Child(Protocol):
    """A child as far as who follows it knows."""

    pid: int

    def events(self) -> AsyncIterator[dict[str, Any]]: ...
    def has_ended(self) -> bool: ...
    async def wait(self) -> int: ...
    async def stop(self, grace_s: float) -> int: ...


class ChildProcess:
    """One running child; `start` makes it. Read `events` to their end, then `wait`; `stop` may come at any time."""

    def __init__(self, process: asyncio.subprocess.Process, log: IO[bytes]) -> None:
        self._process = process
        self._log_file = log
        # Its output has one reader at a time: who follows it and who stops it may be two.
        self._reading = asyncio.Lock()
        self.pid = process.pid

    @classmethod
    async def start(cls, arguments: Sequence[str], *, log_path: Path, environment: Mapping[str, str]) -> ChildProcess:
        """Runs `python <arguments>` in its own session.

        Call it from the main thread: the kernel's parent-death signal follows the thread that forked.
        """
        log = log_path.open("ab")
        try:
            process = await asyncio.create_subprocess_exec(
                *command(sys.executable, *arguments),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                env=dict(environment),
                start_new_session=True,
                limit=MAX_LINE_BYTES,
            )
        except BaseException:
            log.close()
            raise
        return cls(process, log)

    async def events(self) -> AsyncIterator[dict[str, Any]]:
        """The JSON objects of its stdout until that closes; anything else there is logged by size and passed over."""
        stdout = self._process.stdout
        if stdout is None:
            raise RuntimeError("the child was started without a pipe")
        while True:
            try:
                async with self._reading:
                    line = await stdout.readline()
            except ValueError:
                _log.warning("child printed an overlong line", pid=self.pid)
                continue
            if not line:
                return
            try:
                event = json.loads(line)
            except ValueError:
                event = None
            if isinstance(event, dict):
                yield event
            else:
                _log.warning("child printed something that is not a JSON object", pid=self.pid, size_bytes=len(line))

    def has_ended(self) -> bool:
        """Whether the process has ended, whoever still holds its pipe."""
        return self._process.returncode is not None

    async def wait(self) -> int:
        """Its exit code; negative numbers are signals."""
        # Not the process's own `wait`: it waits for the end of the pipe too, which a child of the child may hold. There is no event for it.
        while (code := self._process.returncode) is None:  # noqa: ASYNC110
            await asyncio.sleep(_LOOK_EVERY_S)
        self._kill_session()
        with suppress(TimeoutError):  # the pipe closes with its last holder, unless that made a session of its own
            await asyncio.wait_for(self._process.wait(), _PIPE_CLOSES_WITHIN_S)
        self._log_file.close()
        return code

    async def stop(self, grace_s: float) -> int:
        """SIGTERM, then SIGKILL after `grace_s`; returns the exit code.

        A process that hangs in a call of the kernel is left behind after ten seconds more: it runs nothing of its own again.
        """
        if self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.terminate()
            try:
                await asyncio.wait_for(self._drain_and_wait(), grace_s)
            except TimeoutError:
                _log.warning("child did not end after SIGTERM: killed", pid=self.pid, grace_s=grace_s)
                with suppress(ProcessLookupError):
                    self._process.kill()
                self._kill_session()
        try:
            return await asyncio.wait_for(self.wait(), KILLED_WITHIN_S)
        except TimeoutError:
            _log.error("child can't be killed: it hangs in the kernel, look at the device and the file systems", pid=self.pid)
            self._log_file.close()
            return -signal.SIGKILL

    async def _drain_and_wait(self) -> None:
        # A child that still prints would block on a full pipe and never come to its end.
        draining = asyncio.create_task(self._drain())
        try:
            await self.wait()
        finally:
            draining.cancel()
            await asyncio.gather(draining, return_exceptions=True)

    async def _drain(self) -> None:
        stdout = self._process.stdout
        if stdout is None:
            return
        while True:
            async with self._reading:
                if not await stdout.read(1 << 16):
                    return

    def _kill_session(self) -> None:
        # Its own children (an answering process) end with it.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
