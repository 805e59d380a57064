"""What `tests/kinds.py` says of the kinds of test holds: of one kind each, and what a kind does not do fails."""

from __future__ import annotations

import pytest

pytest_plugins = ["pytester"]
# Its sessions do in this process what a unit test does not.
pytestmark = pytest.mark.process

PLUGINS = ("-p", "tests.kinds", "-p", "no:asyncio", "-p", "no:cacheprovider")
CHILDREN = (
    "import subprocess, sys; subprocess.run([sys.executable, '-c', ''])",
    "import asyncio, sys; asyncio.run(asyncio.create_subprocess_exec(sys.executable, '-c', ''))",
    "import multiprocessing; multiprocessing.get_context('spawn').Process(target=print).start()",
    "import multiprocessing; multiprocessing.get_context('fork').Process(target=print).start()",
    "import os, sys; os.spawnlp(os.P_WAIT, sys.executable, sys.executable, '-c', '')",
)
SLEEPS = ("import time; time.sleep(0.21)", "import asyncio; asyncio.run(asyncio.sleep(0.21))")
# No child, no wait to its end, and a loop without time.
FREE = (
    "import time; time.sleep(0.01)",
    "import asyncio, contextlib\n    with contextlib.suppress(TimeoutError): asyncio.run(asyncio.wait_for(asyncio.sleep(60), 0.01))",
    "import asyncio; from bench.simulation.virtual_loop import VirtualLoop\n    loop = VirtualLoop(); loop.run(asyncio.sleep(60))",
)


def run(pytester: pytest.Pytester, body: str, *, kind: str = "") -> pytest.RunResult:
    """One test of this body in a session of its own."""
    mark = f"@pytest.mark.{kind}\n" if kind else ""
    pytester.makepyfile(f"import pytest\n\n{mark}def test_one():\n    {body}\n")
    return pytester.runpytest_inprocess(*PLUGINS, "--strict-markers")


@pytest.mark.parametrize("body", [*CHILDREN, *SLEEPS])
def test_a_unit_test_starts_no_child_and_sleeps_no_longer_than_it_may(pytester: pytest.Pytester, body: str) -> None:
    """Whichever way it does."""
    run(pytester, body).assert_outcomes(failed=1)


@pytest.mark.parametrize("body", FREE)
def test_a_short_sleep_one_that_ends_early_and_one_without_time_are_free(pytester: pytest.Pytester, body: str) -> None:
    """The guard is of waiting, not of the word."""
    run(pytester, body).assert_outcomes(passed=1)


def test_a_unit_test_does_not_bring_torch(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first import is refused, also one that would be caught as an ImportError."""
    import sys

    monkeypatch.delitem(sys.modules, "transformers", raising=False)
    run(pytester, "import transformers").assert_outcomes(failed=1)


@pytest.mark.parametrize(("kind", "passed"), [("torch", 0), ("embedded", 0), ("kafka", 1), ("process", 1)])
def test_only_real_brokers_and_processes_are_waited_for(pytester: pytest.Pytester, kind: str, passed: int) -> None:
    """A fixed sleep fails the other kinds."""
    run(pytester, SLEEPS[0], kind=kind).assert_outcomes(passed=passed, failed=1 - passed)


def test_a_test_has_its_kind_from_its_mark_or_its_fixtures(pytester: pytest.Pytester) -> None:
    """What it says itself counts more; whoever says and has nothing is a unit test."""
    pytester.makepyfile(
        """
        import pytest
        @pytest.fixture
        def embedded_broker(): ...
        def test_alone(): ...
        def test_on_it(embedded_broker): ...
        @pytest.mark.process
        def test_said(embedded_broker): ...
        """
    )
    for kind, name in (("unit", "alone"), ("embedded", "on_it"), ("process", "said")):
        found = pytester.runpytest_inprocess(*PLUGINS, "-m", kind, "-v")
        found.assert_outcomes(passed=1, deselected=2)
        found.stdout.fnmatch_lines(f"*test_{name} PASSED*")


def test_two_kinds_are_refused_by_name(pytester: pytest.Pytester) -> None:
    """Nothing is run, whatever is selected."""
    pytester.makepyfile("import pytest\npytestmark = pytest.mark.kafka\n\n@pytest.mark.process\ndef test_both(): ...\n")
    found = pytester.runpytest_inprocess(*PLUGINS, "-m", "unit")
    found.assert_outcomes(errors=1)
    found.stdout.fnmatch_lines("*a test is of one kind: test_both says kafka, process*")
