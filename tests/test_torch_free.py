"""Nothing but the training and answering children pays for torch."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.process

HEAVY = ("torch", "transformers", "trl", "peft", "bitsandbytes", "datasets", "accelerate")


@pytest.mark.parametrize(
    "module",
    [
        "producers.gateway.__main__",
        "consumers.__main__",
        "gpu_runner.__main__",
        "gpu_runner.supervisor",
        "gpu_runner.api.app",
        "gpu_runner.dataset.prepare",
        "gpu_runner.gate.decide",
        "ops.cli",
        "ops.stack.stack",
        "ops.dashboard.__main__",
        "ops.demo.run",
    ],
)
def test_importing_a_service_does_not_import_torch(module: str) -> None:
    """The service's whole import graph is free of torch and of what stands on it."""
    program = f"import {module}, sys; print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"
