"""What GPUs there are and how full they are, from nvidia-smi: torch in this process would take a gigabyte and seconds."""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import dataclass
from typing import Final

_QUERY: Final = ("--query-gpu=index,memory.used,memory.total", "--format=csv,noheader,nounits")
_TIMEOUT_S: Final = 5.0


class GpuProbeFailed(RuntimeError):
    """nvidia-smi is there and can't say: the driver needs a look."""


@dataclass(frozen=True, slots=True)
class Gpu:
    """One device; memory in MiB."""

    index: int
    used_mib: int
    total_mib: int

    @property
    def memory_percent(self) -> float:
        """Memory in use, 0 to 100."""
        return 100 * self.used_mib / self.total_mib if self.total_mib else 0.0


def parse(text: str) -> tuple[Gpu, ...]:
    """The devices in nvidia-smi's answer; raises GpuProbeFailed for a line of another form.

    >>> parse("0, 1024, 81559\\n")
    (Gpu(index=0, used_mib=1024, total_mib=81559),)
    """
    found = []
    for line in text.splitlines():
        if not line.strip():
            continue
        fields = [field.strip() for field in line.split(",")]
        if len(fields) != 3 or not all(field.isdigit() for field in fields):
            raise GpuProbeFailed(f"nvidia-smi answered {line[:100]!r}: expected index, used and total memory")
        found.append(Gpu(*(int(field) for field in fields)))
    return tuple(found)


async def probe(program: str = "nvidia-smi") -> tuple[Gpu, ...]:
    """The GPUs of this machine, none where there is no driver; raises GpuProbeFailed."""
    path = shutil.which(program)
    if path is None:
        return ()
    process = await asyncio.create_subprocess_exec(path, *_QUERY, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE)
    try:
        out, errors = await asyncio.wait_for(process.communicate(), _TIMEOUT_S)
    except TimeoutError:
        process.kill()
        await process.wait()
        raise GpuProbeFailed(f"nvidia-smi did not answer within {_TIMEOUT_S:g} s") from None
    if process.returncode != 0:
        raise GpuProbeFailed(f"nvidia-smi ended with {process.returncode}: {(errors or out).decode(errors='replace').strip()[:200]}")
    return parse(out.decode(errors="replace"))
