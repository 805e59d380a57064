"""The HTTP edges in this process: the gateway over a publisher that only encodes, the runner's service over a stub that takes no job on."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final, cast
from urllib.parse import quote_from_bytes

import httpx

from bench.fuzz import valid
from bench.fuzz.answers import Answer, answer
from bench.fuzz.mutations import Fault
from gpu_runner.api.app import create_app as runner_app
from gpu_runner.event_log.read_model import ReadModel
from gpu_runner.metrics import RunnerMetrics
from gpu_runner.settings import RunnerSettings
from gpu_runner.supervisor import Supervisor
from gpu_runner.threads.request_threads import RequestThreads
from producers.errors import EventTooLarge
from producers.gateway.app import create_app as gateway_app
from producers.gateway.settings import GatewaySettings
from producers.publisher import Publisher, Receipt
from runtime.artifacts.local import LocalStore
from schemas import topics
from schemas.catalogue import Event
from schemas.envelope import encode
from schemas.events.model_current import ModelCurrent

One = Callable[[random.Random], dict[str, Any]]
NOW: Final = datetime(2026, 11, 23, 12, tzinfo=UTC)
JSON_TYPE: Final = {"content-type": "application/json"}
_USERS: Final = (
    b"user-7",
    "उपयोगकर्ता".encode(),
    b"\xed\xa0\x80",
    b"\xff",
    b"a b",
    b"\x00",
    b"x" * 501,
    b"a/b",
    b"a\nb",
    b"asha@example.in",
    b"%",
)


class EncodingPublisher:
    """A publisher that makes each event's record, keeps none, and acknowledges at once."""

    ack_timeout_s = 1.0
    started = True
    backlog = SimpleNamespace(hold=False, largest=lambda: 0)

    def __init__(self) -> None:
        self._offset = 0

    async def publish(self, event: Event, time: datetime, **options: Any) -> asyncio.Future[Receipt]:
        """As `Publisher.publish`."""
        record = encode(event, source="fuzz", time=time, history=bool(options.get("history")))
        size, limit = record.size, topics.size_limit(event.TOPIC)
        if size > limit:
            raise EventTooLarge(f"the event has {size} bytes on the wire: {event.TOPIC} takes at most {limit}")
        self._offset += 1
        receipt: asyncio.Future[Receipt] = asyncio.get_running_loop().create_future()
        receipt.set_result(Receipt(event.TOPIC, 0, self._offset, event.event_id()))
        return receipt

    async def acknowledgement(self, receipt: asyncio.Future[Receipt]) -> Receipt:
        """As `Publisher.acknowledgement`."""
        return receipt.result()

    async def check(self, timeout_s: float = 0) -> None:
        """As `Publisher.check`."""


class StubLog:
    """The runner's topics: one bootstrapped model; what is committed goes nowhere."""

    def __init__(self) -> None:
        self.read_model = ReadModel()
        self.read_model.apply(
            ModelCurrent(
                model=valid.MODEL, version="v0", artifact_uri="base/tiny", artifact_sha256="0" * 64, cause="bootstrap", decision_id="d",
                base_model=valid.BASE_MODEL, holdout_key_id="0" * 8, holdout_percent=10, since=NOW,
            )
        )  # fmt: skip

    async def commit(self, event: Event) -> None:
        """As `EventLog.commit`."""
        encode(event, source="fuzz", time=NOW)


class StubEvaluations:
    """Evaluations that are taken on and never run."""

    def request(self, job_id: str) -> None:
        """No job is known."""

    def accept(self, asked: Any) -> None:
        """It is on disk as JSON before the answer."""
        json.dumps([getattr(asked, name) for name in asked.__dataclass_fields__], ensure_ascii=False).encode()

    def status(self, job_id: str) -> dict[str, Any]:
        """It waits."""
        return {"status": "pending"}


def stub_supervisor(folder: Path) -> Supervisor:
    """What the runner's routes ask of a supervisor, over a store with a version and the files that valid requests name."""
    store = LocalStore(folder / "store")
    files = {
        valid.DATASET: b'{"prompt": "q", "completion": "a"}\n',
        valid.EVALUATION: b'{"question": "q", "answer": "a"}\n',
        "s3://models/eval_data/sources.json": b'{"d1": "a text"}\n',
    }
    for key, content in files.items():
        store.write_bytes(key.removeprefix("s3://models/"), content)
    record = {"format": 1, "model": valid.MODEL, "version": valid.VERSION, "artifact": {"uri": "finetuned/x", "sha256": "0" * 64}}
    store.write_bytes(f"finetuned/{valid.MODEL}/{valid.VERSION}/registration.json", json.dumps(record).encode())
    log = StubLog()
    settings = RunnerSettings(data_dir=folder, models_dir=folder / "models", holdout_key="k")
    stub = SimpleNamespace(
        store=store, settings=settings, evaluations=StubEvaluations(), evaluation_accepted=lambda: None, now=lambda: NOW,
        connected=lambda: log, log=log, last_error=None, request_threads=RequestThreads(),
    )  # fmt: skip
    return cast(Supervisor, stub)


class HttpEdge:
    """One endpoint: what is valid there, and what it makes of a body."""

    def __init__(self, client: httpx.AsyncClient, name: str, path: str, one: One, *, known: tuple[str, ...] = ()) -> None:
        self.name = name
        self.known = known
        self._path = path
        self._one = one
        self._client = client

    def objects(self, rng: random.Random) -> list[Any]:
        """A valid body."""
        return [self._one(rng)]

    async def answer(self, raw: bytes, wrong: tuple[Fault, ...], rng: random.Random) -> Answer:
        """What the endpoint says to it; now and then with a strange key or user too, where something else is wrong already."""
        headers, path = dict(JSON_TYPE), self._path
        if wrong and rng.random() < 0.1:
            headers |= {"idempotency-key": rng.choice(("k", " ", "a b", "k" * 201, "é", "\x7f"))}
        if path.endswith("/"):
            user = rng.choice(_USERS) if wrong else b"user-%d" % rng.randrange(100)
            path += quote_from_bytes(user, safe="") + ("?hashed=true" if wrong and rng.random() < 0.2 else "")
        encoded = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
        response = await self._client.request("DELETE" if self._path.endswith("/") else "POST", path, content=raw, headers=encoded)
        return _judged(response)


def _judged(response: httpx.Response) -> Answer:
    if response.status_code >= 500:
        return Answer(False, (), f"status {response.status_code}: {response.text[:200]}")
    body = response.json()
    if response.is_success:
        return answer(True, tuple(said for one in body.get("refused", ()) for said in _said(one)))
    if set(body) != {"error"} or set(body["error"]) != {"code", "message", "details"}:
        return Answer(False, (), f"not the one error format: {response.text[:200]}")
    return answer(False, tuple(_said(body["error"])))


def _said(error: dict[str, Any]) -> list[str]:
    """Each detail with its field; of a body that is none, and of one that is too large, the message says it all."""
    named = [f"field {detail['field']}: {detail['message']}" for detail in error["details"] if detail["field"].strip()]
    return named or [error["message"]]


async def http_edges(folder: Path, stack: AsyncExitStack) -> list[HttpEdge]:
    """Every HTTP edge that takes a body."""
    settings = GatewaySettings(data_dir=folder, user_hash_key="k", gateway_max_body_bytes=1024 * 1024)
    gateway = await _client(gateway_app(settings, cast(Publisher, EncodingPublisher())), stack)
    runner = await _client(runner_app(stub_supervisor(folder), RunnerMetrics(), on_fatal=lambda _error: None), stack)
    return [
        HttpEdge(
            gateway,
            "gateway feedback",
            "/v1/feedback",
            valid.batch(valid.feedback),
            known=("user", "user_hash", "rating.scale", "rating.value", "source"),
        ),
        HttpEdge(gateway, "gateway turns", "/v1/turns", valid.batch(valid.turn), known=("user", "user_hash", "source")),
        HttpEdge(gateway, "gateway documents", "/v1/documents", valid.batch(valid.document), known=("text", "uri", "source")),
        HttpEdge(gateway, "gateway erasure", "/v1/users/", valid.erasure),
        HttpEdge(runner, "/finetune/start", "/finetune/start", valid.finetune),
        HttpEdge(runner, "/evaluate", "/evaluate", valid.evaluate, known=("source_documents",)),
    ]


async def _client(app: Any, stack: AsyncExitStack) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    return await stack.enter_async_context(httpx.AsyncClient(transport=transport, base_url="http://fuzz"))
