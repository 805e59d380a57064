"""`python -m consumers` with a sampler of the event loop's lag beside it: `python -m bench.stream.consumers_child JSON`, until SIGTERM.

The answer holds each sample of at least a millisecond as (perf_counter's second, lag in seconds).
"""

from __future__ import annotations

import asyncio
import sys
import time

from bench.stream.usage import answer, asked
from consumers.__main__ import run
from consumers.settings import ConsumerSettings
from runtime.logs import configure_logging, hold_back_repeats

EVERY_S = 0.005


async def main() -> int:
    """The stream processor's exit code."""
    wanted = asked()
    settings = ConsumerSettings()
    configure_logging("consumers", level=settings.app_log_level, debug=settings.app_debug)
    hold_back_repeats()
    samples: list[tuple[float, float]] = []
    sampler = asyncio.create_task(_sample(samples))
    code = await run(settings, wanted["roles"])
    sampler.cancel()
    answer({"code": code, "samples": samples})
    return code


async def _sample(samples: list[tuple[float, float]]) -> None:
    while True:
        before = time.perf_counter()
        await asyncio.sleep(EVERY_S)
        now = time.perf_counter()
        if now - before - EVERY_S >= 0.001:
            samples.append((now, now - before - EVERY_S))


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
