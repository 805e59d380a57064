"""`python -m gpu_runner` with a local store in which copying takes time, and the fake child; it writes what began and ended to TRACE."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import gpu_runner.__main__
import gpu_runner.supervisor
from gpu_runner.jobs.prepare import Preparation
from runtime.artifacts.local import LocalStore
from runtime.artifacts.stopping import look
from runtime.settings import StoreSettings

_FILE_S = 0.6
_HERE = Path(__file__).parent


@contextmanager
def traced(what: str) -> Iterator[None]:
    """A line when it begins, one when it ends well, another when it is stopped or fails."""
    _say(f"begin {what}")
    try:
        yield
    except BaseException:
        _say(f"stop {what}")
        raise
    _say(f"end {what}")


def _say(line: str) -> None:
    with Path(os.environ["TRACE"]).open("a") as handle:
        handle.write(line + "\n")


def _pass(seconds: float) -> None:
    for _ in range(round(seconds / 0.02)):
        look()
        time.sleep(0.02)


class SlowStore(LocalStore):
    """A store whose folders and fetched files take time."""

    def read_file(self, key: str, path: Path) -> None:
        _pass(_FILE_S)
        super().read_file(key, path)

    def write_folder(self, key: str, files: Mapping[str, Path], manifest: bytes) -> None:
        with traced(f"upload {key}"):
            for _ in files:
                _pass(_FILE_S)
            super().write_folder(key, files, manifest)


class TracedPreparation(Preparation):
    """A preparation that is told of."""

    def run(self, *arguments: object) -> dict[str, object]:  # type: ignore[override]
        with traced("preparation"):
            return super().run(*arguments)  # type: ignore[arg-type]


def _open(settings: StoreSettings) -> SlowStore:
    return SlowStore(settings.artifacts_root())


if __name__ == "__main__":
    gpu_runner.__main__.open_checked_store = _open  # type: ignore[assignment]
    gpu_runner.supervisor.Preparation = TracedPreparation  # type: ignore[misc]
    sys.exit(gpu_runner.__main__.main((str(_HERE / "fake_child.py"),)))
