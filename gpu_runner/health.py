"""GET /health: real checks of what the service depends on, with their latency, in the shape of SEED.md."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from gpu_runner.errors import NotConnected, RunnerError
from gpu_runner.gpu_probe import Gpu, GpuProbeFailed, probe
from gpu_runner.supervisor import Supervisor
from producers.artifact_store.artifacts import ArtifactError

SERVICE: Final = "model-training"
_TIMEOUT_S: Final = 3.0

Check = dict[str, Any]


class RedisFailed(RunnerError):
    """Redis did not answer a PING."""


def package_version() -> str:
    """The installed package's version; a source tree that was never installed has none."""
    try:
        return version("abhyas")
    except PackageNotFoundError:
        return "0+source"


class Health:
    """Checks everything at once; a dependency that is down makes the service degraded, never an error."""

    def __init__(
        self, supervisor: Supervisor, *, now: Callable[[], datetime], gpus: Callable[[], Awaitable[tuple[Gpu, ...]]] = probe,
        on_gpus: Callable[[tuple[Gpu, ...]], None],
    ) -> None:  # fmt: skip
        self._supervisor = supervisor
        self._now = now
        self._gpus = gpus
        self._on_gpus = on_gpus
        self._started = time.monotonic()

    async def report(self) -> dict[str, Any]:
        """The health object. Without a GPU: absent, which is no fault; `redis` appears only where REDIS_URL is set."""
        checks = {"gpu": self.gpu(), "minio": self._minio(), "kafka": self._kafka()}
        redis_url = self._supervisor.settings.redis_url
        if redis_url:
            checks["redis"] = self._redis(redis_url)
        results = await asyncio.gather(*(_timed(check) for check in checks.values()))
        dependencies = dict(zip(checks, results, strict=True))
        unhealthy = any(check["status"] == "unhealthy" for check in dependencies.values())
        return {
            "status": "degraded" if unhealthy else "healthy",
            "service": SERVICE,
            "version": package_version(),
            "uptime_seconds": int(time.monotonic() - self._started),
            "timestamp": self._now().isoformat(timespec="seconds").replace("+00:00", "Z"),
            "dependencies": dependencies,
        }

    async def gpu(self) -> Check:
        """The devices, and their memory into the metrics."""
        started = time.perf_counter()
        try:
            gpus = await self._gpus()
        except GpuProbeFailed as error:
            return _unhealthy(str(error)) | {"device_count": 0}
        self._on_gpus(gpus)
        if not gpus:
            return {"status": "absent", "device_count": 0}
        return {"status": "healthy", "device_count": len(gpus), "latency_ms": _since(started)}

    async def _minio(self) -> Check:
        """The artifact store; `store` says whether it is S3 or the local folder."""
        form = "s3" if self._supervisor.settings.minio_endpoint else "local"
        started = time.perf_counter()
        try:
            await asyncio.to_thread(self._supervisor.store.check)
        except ArtifactError as error:
            return _unhealthy(str(error)) | {"store": form}
        return {"status": "healthy", "latency_ms": _since(started), "store": form}

    async def _kafka(self) -> Check:
        channel = self._supervisor.channel
        try:
            self._supervisor.connected()
            latency_ms = await channel.latency_ms() if channel else 0.0
        except NotConnected as error:
            return _unhealthy(str(error))
        return {"status": "healthy", "latency_ms": round(latency_ms, 1)}

    async def _redis(self, url: str) -> Check:
        started = time.perf_counter()
        try:
            await ping_redis(url)
        except (RedisFailed, OSError, ValueError, asyncio.IncompleteReadError) as error:
            return _unhealthy(f"{type(error).__name__}: {error}")
        return {"status": "healthy", "latency_ms": _since(started)}


async def ping_redis(url: str) -> None:
    """Logs in where the URL (redis:// or rediss://) has a password, and asks for a PONG; raises RedisFailed, OSError."""
    parts = urlsplit(url)
    if parts.scheme not in ("redis", "rediss"):
        raise RedisFailed(f"REDIS_URL has the scheme {parts.scheme!r}: expected redis or rediss")
    reader, writer = await asyncio.open_connection(
        parts.hostname or "127.0.0.1", parts.port or 6379, ssl=True if parts.scheme == "rediss" else None
    )
    try:
        if parts.password:
            words = ["AUTH", *([unquote(parts.username)] if parts.username else []), unquote(parts.password)]
            if not (await _command(reader, writer, words)).startswith(b"+OK"):
                raise RedisFailed("Redis refused the password of REDIS_URL")
        if not (await _command(reader, writer, ["PING"])).startswith(b"+PONG"):
            raise RedisFailed("Redis did not answer PONG to PING")
    finally:
        writer.close()


async def _command(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, words: list[str]) -> bytes:
    encoded = [word.encode() for word in words]
    writer.write(b"*%d\r\n" % len(encoded) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in encoded))
    await writer.drain()
    return await reader.readuntil(b"\r\n")


async def _timed(check: Awaitable[Check]) -> Check:
    try:
        return await asyncio.wait_for(check, _TIMEOUT_S)
    except TimeoutError:
        return _unhealthy(f"no answer within {_TIMEOUT_S:g} s")


def _unhealthy(error: str) -> Check:
    return {"status": "unhealthy", "error": error[:500]}


def _since(started: float) -> float:
    return round((time.perf_counter() - started) * 1000, 1)
