"""What nvidia-smi says, including nothing and nonsense."""

from __future__ import annotations

from pathlib import Path

import pytest

from gpu_runner.gpu_probe import Gpu, GpuProbeFailed, parse, probe


def program(tmp_path: Path, script: str) -> str:
    """A program in the place of nvidia-smi."""
    path = tmp_path / "smi"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


@pytest.mark.process
async def test_devices_are_read_with_their_memory(tmp_path: Path) -> None:
    """Index, used and total memory of each."""
    found = await probe(program(tmp_path, "printf '0, 1000, 4000\\n1, 0, 4000\\n'"))
    assert found == (Gpu(0, 1000, 4000), Gpu(1, 0, 4000))
    assert [gpu.memory_percent for gpu in found] == [25.0, 0.0]


async def test_no_driver_is_no_gpu() -> None:
    """A machine without nvidia-smi has none, which is no error."""
    assert await probe("no-such-program-here") == ()


@pytest.mark.process
async def test_a_driver_that_fails_is_an_error(tmp_path: Path) -> None:
    """Its own words are passed on."""
    with pytest.raises(GpuProbeFailed, match="ended with 9: no devices"):
        await probe(program(tmp_path, "echo no devices >&2; exit 9"))


@pytest.mark.parametrize("text", ["0, 1, 2, 3", "0, [N/A], 100", "garbage"])
def test_nonsense_is_refused(text: str) -> None:
    """A figure that is none never becomes a metric."""
    with pytest.raises(GpuProbeFailed, match="expected index, used and total memory"):
        parse(text)
