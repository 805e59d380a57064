"""`python -m consumers [stage1] [stage2] [ticker]`: the stream processor on HOST:CONSUMERS_PORT until SIGTERM.

Without a part it runs the shards of both stages that INSTANCE has of INSTANCES, and in instance 0 the ticker.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import traceback
from collections.abc import Callable, Sequence

# Before numpy is imported: products of 500 documents gain nothing by a second BLAS thread, which spins for as long as they take.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import structlog
import uvicorn
from aiokafka.errors import KafkaConnectionError, KafkaError
from pydantic import ValidationError

from consumers.api import make_app
from consumers.errors import FatalError
from consumers.metrics import ConsumerMetrics
from consumers.service import ROLES, StreamProcessor
from consumers.settings import ConsumerSettings
from runtime.artifacts.open import open_checked_store
from runtime.logs import configure_logging, hold_back_repeats
from runtime.process_end import leave
from schemas.envelope import describe

log = structlog.get_logger()


def main(arguments: Sequence[str] | None = None, *, end: Callable[[int], int] = int) -> int:
    """Runs until a signal (0) or a failure (1); 2 for arguments or settings that cannot be used.

    `end` is given the code while asyncio still runs: a program ends there, before threads are waited for.
    """
    asked = list(arguments if arguments is not None else sys.argv[1:])
    unknown = [role for role in asked if role not in ROLES]
    if unknown:
        print(f"unknown part {', '.join(unknown)}: expected some of {', '.join(ROLES)}", file=sys.stderr)
        return 2
    try:
        settings = ConsumerSettings()
        configure_logging("consumers", level=settings.app_log_level, debug=settings.app_debug)
        hold_back_repeats()
        # One ticker is enough; another does no harm where it is asked for.
        roles = asked or [role for role in ROLES if role != "ticker" or settings.instance == 0]
        if "stage1" in roles:
            settings.holdout_key_bytes()
        open_checked_store(settings)
    except ValidationError as error:
        print(f"settings: {describe(error)}", file=sys.stderr)
        return 2
    except ValueError as error:
        print(str(error), file=sys.stderr)
        return 2
    return asyncio.run(_to_the_end(settings, roles, end))


async def _to_the_end(settings: ConsumerSettings, roles: Sequence[str], end: Callable[[int], int]) -> int:
    return end(await run(settings, roles))


async def run(settings: ConsumerSettings, roles: Sequence[str]) -> int:
    """The HTTP side first, so that /ready tells of the restore; then the stages, until one of both ends."""
    listener = _listen(settings)
    if listener is None:
        return 1
    metrics = ConsumerMetrics()
    service = StreamProcessor(settings, roles, metrics)
    config = uvicorn.Config(
        make_app(service, metrics, list(roles)), log_config=None, access_log=False, timeout_graceful_shutdown=1, lifespan="off"
    )
    server = uvicorn.Server(config)
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    # uvicorn puts its own handlers in front and raises the signal again after serving: here it is then a request that is met.
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    serving.add_done_callback(lambda _: stopped.set())
    working = asyncio.create_task(_work(service, stopped))
    await working
    server.should_exit = True
    await serving
    if service.failure is None:
        log.info("stream processor stopped")
        return 0
    if not isinstance(service.failure, FatalError | KafkaError):
        # Where, and not what: the message of an error that nobody expected may hold what a user wrote.
        log.error("where it failed", frames=traceback.format_tb(service.failure.__traceback__)[-8:])
    log.error("stream processor failed", error=_advice(service.failure, settings), kind=type(service.failure).__name__)
    return 1


async def _work(service: StreamProcessor, stopped: asyncio.Event) -> None:
    try:
        starting = asyncio.create_task(service.start())
        await _first(starting, stopped)
        if starting.done():
            await starting
            await _first(asyncio.create_task(service.failed.wait()), stopped)
        else:
            starting.cancel()
    except Exception as error:
        service.failure = service.failure or error
    finally:
        await service.stop()


async def _first(task: asyncio.Task[object], stopped: asyncio.Event) -> None:
    waiting = asyncio.create_task(stopped.wait())
    await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()


def _listen(settings: ConsumerSettings) -> socket.socket | None:
    try:
        return socket.create_server((settings.host, settings.consumers_port), backlog=128)
    except OSError as error:
        message = (
            f"cannot listen on {settings.host}:{settings.consumers_port} ({error.strerror}): set HOST or CONSUMERS_PORT to a free address"
        )
        log.error("stream processor failed", error=message)
        return None


def _advice(error: BaseException, settings: ConsumerSettings) -> str:
    """What happened and what to do, for whoever reads the last line of the log."""
    if isinstance(error, KafkaConnectionError):
        return f"cannot reach Kafka at {settings.kafka_bootstrap_servers}: start it, or set KAFKA_BOOTSTRAP_SERVERS"
    name = type(error).__name__
    if name in ("ProducerFenced", "IllegalOperation", "InvalidProducerEpoch"):
        return f"{name}: another process has taken over these partitions; stop one of the two"
    if isinstance(error, FatalError):
        return str(error)
    text = f"{error} [{name}]" if isinstance(error, KafkaError | OSError) else name
    return f"{text}; nothing that was not committed counts: start again, the state is restored from the changelog"


if __name__ == "__main__":
    sys.exit(main(end=leave))
