"""What a killed runner left unfinished outside the store: removed at the start, when the lock shows that nobody works there."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import structlog

from gpu_runner.settings import RunnerSettings
from runtime.artifacts.content_hash import is_leftover

_log = structlog.get_logger(__name__)


def sweep_data_dir(settings: RunnerSettings) -> int:
    """Removes unfinished files of job and evaluation folders and half-hashed downloads; returns how many. Blocking, torch-free.

    Call it with the lock on DATA_DIR. `.<sha256>.part` in the cache stays: a fetch goes on there.
    """
    swept = 0
    for path in _unfinished(settings):
        with suppress(OSError):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
            swept += 1
    if swept:
        _log.info("unfinished files of a killed runner removed", count=swept)
    return swept


def _unfinished(settings: RunnerSettings) -> Iterator[Path]:
    for folder in (settings.jobs_dir(), settings.evaluations_dir()):
        for pattern in ("*/.part-*", "*/*/.part-*"):
            yield from (path for path in list(folder.glob(pattern)) if is_leftover(path.name))
    yield from list(settings.cache_dir().glob("incoming-*"))
