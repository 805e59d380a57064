"""versitygw, a real S3 server on a folder: built once by Go, started on loopback, or an error that says what is missing."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from ops.stack.brokers.single_node import HOST
from ops.stack.services import port_taken
from runtime import die_with_parent

VERSION: Final = "v1.8.0"
MODULE: Final = "github.com/versity/versitygw/cmd/versitygw"
# The checkout's, beside Kafka's jars.
CACHE: Final = Path(__file__).parents[1] / ".abhyas" / "versitygw"
ACCESS_KEY: Final = "drill"
SECRET_KEY: Final = "of-the-drill-alone"
# From nothing 250 s and 340 MB of sources on two busy cores; seconds where Go's own caches have them.
BUILD_TIMEOUT_S: Final = 900.0
START_TIMEOUT_S: Final = 20.0


# The thread that starts it has to live as long as it does.


class VersitygwUnavailable(RuntimeError):
    """There is no versitygw here as it is: Go, its modules or extended attributes are missing; the message says which."""


class VersitygwNotRunning(RuntimeError):
    """The program is there, yet it ended or did not answer; the message holds the end of its log."""


def fetch_versitygw(cache: Path = CACHE) -> Path:
    """The program, built by `go install` unless it is there already.

    Go writes into a folder beside it that is renamed at the end, so an interrupted build leaves nothing that looks complete.
    """
    folder = cache / VERSION
    program = folder / "versitygw"
    if program.is_file():
        return program
    go = shutil.which("go")
    if go is None:
        raise VersitygwUnavailable(f"versitygw is not in {folder} and Go is not on PATH to build it: install Go (`go`)")
    cache.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f"{VERSION}.", dir=cache)).absolute()
    try:
        done = subprocess.run(
            [go, "install", "-ldflags=-s -w", f"{MODULE}@{VERSION}"],
            env={**os.environ, "GOBIN": str(draft)}, capture_output=True, text=True, timeout=BUILD_TIMEOUT_S, check=False,
        )  # fmt: skip
        if done.returncode:
            raise VersitygwUnavailable(f"Go could not build versitygw {VERSION}:\n{(done.stdout + done.stderr)[-2000:]}")
        draft.chmod(0o755)
        if not program.is_file():  # else another command built it meanwhile, and a server may run from it
            draft.rename(folder)
    except subprocess.TimeoutExpired as error:
        raise VersitygwUnavailable(
            f"Go did not build versitygw {VERSION} within {BUILD_TIMEOUT_S:.0f} s: is the module proxy reachable?"
        ) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return program


class Versitygw:
    """A running server whose buckets are the folders below `folder`, from `with` to its end."""

    def __init__(self, program: Path, folder: Path) -> None:
        self.folder = folder
        self.endpoint = ""
        self._program = program
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        """Starts it and waits until it listens.

        Raises VersitygwUnavailable where the folder's file system keeps no extended attributes, VersitygwNotRunning else.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        _check_attributes(self.folder)
        port = _free_port()
        self.endpoint = f"{HOST}:{port}"
        command = [str(self._program), "--quiet", "--access", ACCESS_KEY, "--secret", SECRET_KEY, "--port", self.endpoint]
        log = self.folder.with_name(f"{self.folder.name}.log")
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [*die_with_parent.command(*command), "posix", str(self.folder)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )  # fmt: skip
        try:
            self._wait_until_ready(port, log)
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def stop(self) -> None:
        """Ends it; its folder stays."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def environment(self) -> dict[str, str]:
        """The variables of a service that keeps its artifacts there."""
        return {"MINIO_ENDPOINT": self.endpoint, "MINIO_ACCESS_KEY": ACCESS_KEY, "MINIO_SECRET_KEY": SECRET_KEY}

    def _wait_until_ready(self, port: int, log: Path) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline:
            if self._process is None or self._process.poll() is not None:
                raise VersitygwNotRunning(f"versitygw ended while it was starting:\n{log.read_text(errors='replace')[-2000:]}")
            if port_taken(port):
                return
            time.sleep(0.05)
        raise VersitygwNotRunning(f"versitygw did not listen on {self.endpoint} within {START_TIMEOUT_S:.0f} s; see {log}")


def _check_attributes(folder: Path) -> None:
    try:
        os.setxattr(folder, "user.abhyas", b"1")
        os.removexattr(folder, "user.abhyas")
    except (OSError, AttributeError) as error:
        raise VersitygwUnavailable(f"versitygw needs extended attributes of files, which {folder} does not take: {error}") from error


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
