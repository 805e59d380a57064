"""GET /health: real checks of what the service depends on, with their latency, in the shape of docs/requirements.md."""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from gpu_runner.api.last_answer import Check, LastAnswer, unhealthy
from gpu_runner.errors import NotConnected, RunnerError
from gpu_runner.gpu_probe import Gpu, GpuProbeFailed, probe
from gpu_runner.supervisor import Supervisor
from gpu_runner.threads.own_threads import in_own_thread
from runtime.artifacts.store import ArtifactError

SERVICE: Final = "model-training"
_TIMEOUT_S: Final = 3.0
_LONGEST_ANSWER_BYTES: Final = 4096


class RedisFailed(RunnerError):
    """Redis did not answer a PING."""


def package_version() -> str:
    """The installed package's version; a source tree that was never installed has none."""
    try:
        return version("abhyas")
    except PackageNotFoundError:
        return "0+source"


class Health:
    """Checks everything at once; a dependency that is down makes the service degraded, never an error.

    Each check is under way once at most, what may hang in a thread of its own: however many ask, they take nothing that jobs need.
    """

    def __init__(
        self, supervisor: Supervisor, *, now: Callable[[], datetime], gpus: Callable[[], Awaitable[tuple[Gpu, ...]]] = probe,
        on_gpus: Callable[[tuple[Gpu, ...]], None], within_s: float = _TIMEOUT_S,
    ) -> None:  # fmt: skip
        self._supervisor = supervisor
        self._now = now
        self._gpus = gpus
        self._on_gpus = on_gpus
        self._started = time.monotonic()
        checks = {"gpu": self._gpu, "minio": self._minio, "kafka": self._kafka, "disk": self._disk}
        if supervisor.settings.redis_url:
            checks["redis"] = self._redis
        self._checks = {name: LastAnswer(check, within_s=within_s) for name, check in checks.items()}

    async def report(self) -> dict[str, Any]:
        """The health object. Without a GPU: absent, which is no fault; `redis` appears only where REDIS_URL is set.

        Each dependency says with `age_s` how old its answer is.
        """
        results = await asyncio.gather(*(check.report() for check in self._checks.values()))
        dependencies = dict(zip(self._checks, results, strict=True))
        unhealthy_ones = any(check["status"] == "unhealthy" for check in dependencies.values())
        return {
            "status": "degraded" if unhealthy_ones else "healthy",
            "service": SERVICE,
            "version": package_version(),
            "uptime_seconds": int(time.monotonic() - self._started),
            "timestamp": self._now().isoformat(timespec="seconds").replace("+00:00", "Z"),
            "dependencies": dependencies,
        }

    async def gpu(self) -> Check:
        """The devices, and their memory into the metrics."""
        return await self._checks["gpu"].report()

    async def _gpu(self) -> Check:
        started = time.perf_counter()
        try:
            gpus = await self._gpus()
        except GpuProbeFailed as error:
            return unhealthy(str(error)) | {"device_count": 0}
        self._on_gpus(gpus)
        if not gpus:
            return {"status": "absent", "device_count": 0}
        return {"status": "healthy", "device_count": len(gpus), "latency_ms": _since(started)}

    async def _minio(self) -> Check:
        """The artifact store; `store` says whether it is S3 or the local folder."""
        form = "s3" if self._supervisor.settings.minio_endpoint else "local"
        started = time.perf_counter()
        try:
            await in_own_thread(self._supervisor.store.check)
        except ArtifactError as error:
            return unhealthy(str(error)) | {"store": form}
        return {"status": "healthy", "latency_ms": _since(started), "store": form}

    async def _kafka(self) -> Check:
        channel = self._supervisor.channel
        try:
            self._supervisor.connected()
            latency_ms = await asyncio.wait_for(channel.latency_ms(), _TIMEOUT_S) if channel else 0.0
        except NotConnected as error:
            return unhealthy(str(error))
        except TimeoutError:
            return unhealthy(f"no answer within {_TIMEOUT_S:g} s")
        return {"status": "healthy", "latency_ms": round(latency_ms, 1)}

    async def _disk(self) -> Check:
        """The room of DATA_DIR and the local store; unhealthy where the last job had none and still has none."""
        try:
            return await in_own_thread(self._supervisor.room.report)
        except OSError as error:
            return unhealthy(f"{type(error).__name__}: {error}")

    async def _redis(self) -> Check:
        started = time.perf_counter()
        try:
            await in_own_thread(lambda: ping_redis(str(self._supervisor.settings.redis_url)))
        except (RedisFailed, OSError, ValueError) as error:
            return unhealthy(f"{type(error).__name__}: {error}")
        return {"status": "healthy", "latency_ms": _since(started)}


def ping_redis(url: str, within_s: float = _TIMEOUT_S) -> None:
    """Logs in where the URL (redis:// or rediss://) has a password, and asks for a PONG; raises RedisFailed, OSError. Blocking.

    In a thread, name resolution included: that is what hangs longest where a network is broken.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("redis", "rediss"):
        raise RedisFailed(f"REDIS_URL has the scheme {parts.scheme!r}: expected redis or rediss")
    host = parts.hostname or "127.0.0.1"
    with socket.create_connection((host, parts.port or 6379), within_s) as plain:
        secure = ssl.create_default_context().wrap_socket(plain, server_hostname=host) if parts.scheme == "rediss" else plain
        with secure as connection:
            if parts.password:
                words = ["AUTH", *([unquote(parts.username)] if parts.username else []), unquote(parts.password)]
                if not _command(connection, words).startswith(b"+OK"):
                    raise RedisFailed("Redis refused the password of REDIS_URL")
            if not _command(connection, ["PING"]).startswith(b"+PONG"):
                raise RedisFailed("Redis did not answer PONG to PING")


def _command(connection: socket.socket, words: list[str]) -> bytes:
    encoded = [word.encode() for word in words]
    connection.sendall(b"*%d\r\n" % len(encoded) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in encoded))
    answer = b""
    while not answer.endswith(b"\r\n") and len(answer) < _LONGEST_ANSWER_BYTES:
        got = connection.recv(_LONGEST_ANSWER_BYTES)
        if not got:
            raise RedisFailed("the server closed the connection: expected a Redis")
        answer += got
    return answer


def _since(started: float) -> float:
    return round((time.perf_counter() - started) * 1000, 1)
