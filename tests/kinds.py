"""The five kinds of test, of which each test is one, and what a test of each may do.

A test says its kind by a mark, or has it from its fixtures (`OF_FIXTURES`); without either it is a unit test.
"""

from __future__ import annotations

import asyncio
import multiprocessing.util
import os
import subprocess
import sys
import threading
import time
from collections.abc import Generator
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import pytest

KINDS = {
    "unit": "pure and fast: no child process, no broker, no torch, no wait on a real clock",
    "torch": "imports torch or transformers in this process",
    "embedded": "on the embedded broker, in this process",
    "kafka": "on a real Apache Kafka (Java 17 and Maven)",
    "process": "starts child processes, or computes for seconds: experiments, fits, whole corpora",
}
# Whoever asks for one of these is of that kind; of several the first counts.
OF_FIXTURES = {
    "kafka_broker": "kafka",
    **dict.fromkeys(("start_consumers", "tiny_base", "installation", "environments"), "process"),
    # Corpora, and baselines fitted to some.
    **dict.fromkeys(("pool", "xquad", "small_baseline", "bilingual_baseline", "fitted_baseline"), "process"),
    "embedded_broker": "embedded",
}
LONGEST_SLEEP_S = 0.2
# Everything in the standard library that starts a process goes through one of these.
STARTS = ((subprocess.Popen, "__init__"), (os, "fork"), (os, "posix_spawn"), (multiprocessing.util, "spawnv_passfds"))

_SLEPT = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    """Registers the kinds as marks."""
    for kind, meaning in KINDS.items():
        config.addinivalue_line("markers", f"{kind}: {meaning}")


@pytest.hookimpl(wrapper=True)
def pytest_pycollect_makeitem() -> Generator[None, Any, Any]:
    """Refuses to collect a test that says two kinds."""
    made = yield
    for item in made if isinstance(made, list) else ():
        if len(said := kinds_said(item)) > 1:
            raise pytest.Collector.CollectError(f"a test is of one kind: {item.name} says {', '.join(sorted(said))}")
    return made


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Gives a kind to every test that says none, before `-m` selects."""
    for item in items:
        if not kinds_said(item):
            fixtures = getattr(item, "fixturenames", ())
            item.add_marker(next((kind for name, kind in OF_FIXTURES.items() if name in fixtures), "unit"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, Any, Any]:
    """Watches a test with its fixtures: refuses a unit test its children and torch, and notes what sleeps too long."""
    kind = kind_of(item)
    slept = item.stash[_SLEPT] = []
    with pytest.MonkeyPatch.context() as patch:
        if kind == "unit":
            for owner, name in STARTS:
                patch.setattr(owner, name, _refuse)
            sys.meta_path.insert(0, _NO_TORCH)
        if kind not in ("kafka", "process"):
            _watch_sleeps(patch, kind, slept)
        try:
            return (yield)
        finally:
            sys.meta_path[:] = [finder for finder in sys.meta_path if finder is not _NO_TORCH]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """Fails a test that did what its kind does not."""
    result = yield
    if item.stash[_SLEPT]:
        slept = ", ".join(item.stash[_SLEPT])
        pytest.fail(f"a test that is {kind_of(item)} sleeps {LONGEST_SLEEP_S} s at the most: {slept}", pytrace=False)
    return result


def kinds_said(item: pytest.Item) -> set[str]:
    """The kinds among a test's marks."""
    return {mark.name for mark in item.iter_markers()} & KINDS.keys()


def kind_of(item: pytest.Item) -> str:
    """The one kind that a collected test has."""
    (kind,) = kinds_said(item)
    return kind


class _NoTorch:
    """Stands before the import system's finders, which are asked once for each module."""

    def find_spec(self, name: str, _path: object = None, _target: object = None) -> None:
        if name in ("torch", "transformers"):
            raise AssertionError(f"a unit test does not import {name}: mark it `torch`")


_NO_TORCH = _NoTorch()


def _refuse(*_args: Any, **_options: Any) -> NoReturn:
    raise AssertionError("a unit test starts no process: mark it `process`")


def _watch_sleeps(patch: pytest.MonkeyPatch, kind: str, slept: list[str]) -> None:
    """Notes what was slept through in the test's thread or on its loop: by anybody in a unit test, else by the test itself.

    A sleep that ended early was a time limit, and a loop without time has no sleep.
    """
    sleep, sleep_on_loop = time.sleep, asyncio.sleep

    def note(seconds: float, caller: FrameType) -> None:
        if threading.current_thread() is not threading.main_thread():
            return
        by_a_test = Path(caller.f_code.co_filename).name.startswith(("test_", "conftest"))
        if seconds > LONGEST_SLEEP_S and (kind == "unit" or by_a_test):
            slept.append(f"{seconds:g} s")

    def watched(seconds: float) -> None:
        sleep(seconds)
        note(seconds, sys._getframe(1))

    async def watched_on_loop(delay: float, result: Any = None) -> Any:
        caller = sys._getframe(1)
        found = await sleep_on_loop(delay, result)
        if isinstance(asyncio.get_running_loop(), asyncio.BaseEventLoop):
            note(delay, caller)
        return found

    patch.setattr(time, "sleep", watched)
    patch.setattr(asyncio, "sleep", watched_on_loop)
