"""One server behind OpenAI's interface: requests with retries, and failures by what can be done about them. The key is in no message."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import httpx

FailureKind = Literal["timeout", "unreachable", "http_error", "bad_json"]

ATTEMPTS: Final = 5
FIRST_WAIT_S: Final = 0.5
LONGEST_WAIT_S: Final = 30.0
_BUSY: Final = frozenset({408, 409, 425, 429})
_NEVER: Final = frozenset({501, 505})


class EndpointFailure(Exception):
    """A request that failed for good; `status` is the server's where it answered, `reply` the beginning of what it said."""

    def __init__(self, kind: FailureKind, message: str, *, status: int | None = None, reply: str = "") -> None:
        super().__init__(message)
        self.kind: FailureKind = kind
        self.status = status
        self.reply = reply

    @property
    def transient(self) -> bool:
        """Whether the same request may succeed later."""
        return self.kind in ("timeout", "unreachable", "bad_json") or (self.status is not None and is_transient(self.status))


def is_transient(status: int) -> bool:
    """Whether a status says nothing about the request.

    >>> is_transient(503), is_transient(429), is_transient(400), is_transient(501)
    (True, True, False, False)
    """
    return (status >= 500 and status not in _NEVER) or status in _BUSY


@dataclass(frozen=True, slots=True)
class EndpointSettings:
    """Where a server is: `url` ends where OpenAI's paths begin (`http://host:8000/v1`), `model` is its name there."""

    url: str
    model: str
    timeout_s: float = 120.0
    at_once: int = 8


class Endpoint:
    """Posts JSON objects to one server; safe to use from several threads."""

    def __init__(
        self, settings: EndpointSettings, *, api_key: str | None = None, attempts: int = ATTEMPTS,
        sleep: Callable[[float], None] = time.sleep, transport: httpx.BaseTransport | None = None,
    ) -> None:  # fmt: skip
        self.settings = settings
        self._attempts = attempts
        self._sleep = sleep
        self._base = settings.url.rstrip("/")
        self._client = httpx.Client(
            timeout=settings.timeout_s,
            headers={"authorization": f"Bearer {api_key}"} if api_key else {},
            limits=httpx.Limits(max_connections=settings.at_once, max_keepalive_connections=settings.at_once),
            transport=transport,
        )

    def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """The object that the server answers with. Raises EndpointFailure, for what may pass after the last of the attempts."""
        return self._tried(f"{self._base}/{path}", body)

    def post_beside(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """The same of a path beside OpenAI's (`/tokenize`)."""
        return self._tried(f"{self._base.removesuffix('/v1')}/{path}", body)

    def _tried(self, url: str, body: Mapping[str, Any]) -> dict[str, Any]:
        wait_s = FIRST_WAIT_S
        for attempt in range(1, self._attempts + 1):
            try:
                return self._asked(url, body)
            except EndpointFailure as failure:
                if attempt == self._attempts or not failure.transient:
                    raise
            self._sleep(wait_s)
            wait_s = min(2 * wait_s, LONGEST_WAIT_S)
        raise AssertionError("no attempt was made")

    def _asked(self, url: str, body: Mapping[str, Any]) -> dict[str, Any]:
        try:
            answer = self._client.post(url, json=dict(body))
        except httpx.TimeoutException:
            raise EndpointFailure("timeout", f"{url} did not answer within {self.settings.timeout_s:g} s") from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise EndpointFailure("unreachable", f"{url} can't be reached ({type(error).__name__}: {error})") from None
        if answer.status_code >= 400:
            said = answer.text[:300]
            raise EndpointFailure("http_error", f"{url} answered {answer.status_code}", status=answer.status_code, reply=said)
        try:
            found = json.loads(answer.content)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise EndpointFailure(
                "bad_json", f"{url} answered no JSON object: is it a server with OpenAI's interface?", status=answer.status_code,
                reply=answer.text[:300],
            )  # fmt: skip
        return found
