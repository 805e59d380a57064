"""A model behind a server that speaks OpenAI's protocol: chat for entailment, embeddings for likeness; nothing is tried twice."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from typing import Any, Final

import httpx

from gpu_runner.evaluate.entailment.protocol import EntailmentVerdict, ModelFailed, checked

_ASKED: Final = (
    "You judge whether numbered sentences say what a claim says. Use nothing but the sentences. Reply with one JSON object and nothing "
    'else: {"label": "entailed" | "contradicted" | "neutral", "prob": a number from 0 to 1, "sentence": the number of the sentence that '
    'decides, or null}. Names, numbers, dates, units and negations must agree for "entailed"; what the sentences do not speak of is '
    '"neutral".'
)
# A thinking model thinks first.
_THOUGHT: Final = re.compile(r"<think>.*?</think>", re.DOTALL)
_FENCE: Final = re.compile(r"\A```(?:json)?\s*(.*?)\s*```\Z", re.DOTALL)
MOST_REPLY_BYTES: Final = 8 << 20


class ChatEntailment:
    """Entailment asked of a chat model; `client` has the server's address with its `/v1`, the key and the time limit."""

    def __init__(self, client: httpx.Client, model: str) -> None:
        self._client, self._model = client, model

    @property
    def name(self) -> str:
        return f"{self._model} at {self._client.base_url.host}"

    def score(self, premise: Sequence[str], claim: str) -> EntailmentVerdict:
        """Asks once, at temperature 0; raises ModelFailed."""
        numbered = "\n".join(f"[{number}] {sentence}" for number, sentence in enumerate(premise))
        messages = [{"role": "system", "content": _ASKED}, {"role": "user", "content": f"Sentences:\n{numbered}\n\nClaim: {claim}"}]
        reply = _posted(self._client, "chat/completions", {"model": self._model, "messages": messages, "temperature": 0, "max_tokens": 512})
        try:
            content = reply["choices"][0]["message"]["content"]
        except (KeyError, IndexError, TypeError):
            raise ModelFailed("the reply has no choices[0].message.content") from None
        found = _object(content)
        return checked(found.get("label"), found.get("prob"), found.get("sentence"), len(premise))


class EndpointEmbeddings:
    """Likeness by a server's embeddings."""

    def __init__(self, client: httpx.Client, model: str) -> None:
        self._client, self._model = client, model

    @property
    def name(self) -> str:
        return f"{self._model} at {self._client.base_url.host}"

    def similarities(self, claim: str, sentences: Sequence[str]) -> list[float]:
        """One request for all; raises ModelFailed."""
        reply = _posted(self._client, "embeddings", {"model": self._model, "input": [claim, *sentences]})
        try:
            rows = sorted(reply["data"], key=lambda row: row["index"])
            vectors = [[float(value) for value in row["embedding"]] for row in rows]
        except (KeyError, TypeError, ValueError):
            raise ModelFailed("the reply has no data[].index and data[].embedding") from None
        if len(vectors) != len(sentences) + 1 or len({len(vector) for vector in vectors}) != 1:
            raise ModelFailed(f"{len(sentences) + 1} vectors of one length were asked for, {len(vectors)} came")
        if not all(map(math.isfinite, (value for vector in vectors for value in vector))):
            raise ModelFailed("a vector holds what is no number")
        return [_cosine(vectors[0], vector) for vector in vectors[1:]]


def client_of(url: str, *, key: str | None, timeout_s: float) -> httpx.Client:
    """A client of the server whose protocol begins at `url` (`http://host:port/v1`)."""
    return httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"} if key else {}, timeout=timeout_s)


def _posted(client: httpx.Client, path: str, body: dict[str, Any]) -> Any:
    try:
        response = client.post(path, json=body)
        response.raise_for_status()
        return _parsed(response.content)
    except httpx.TimeoutException:
        raise ModelFailed(f"no reply within {client.timeout.read:g} s") from None
    except httpx.HTTPStatusError as error:
        raise ModelFailed(f"status {error.response.status_code}") from None
    except httpx.HTTPError as error:
        raise ModelFailed(f"{type(error).__name__}: {error}") from None


def _parsed(content: bytes) -> Any:
    if len(content) > MOST_REPLY_BYTES:
        raise ModelFailed(f"a reply of {len(content)} bytes")
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        raise ModelFailed("the reply is no JSON") from None


def _object(content: object) -> dict[str, Any]:
    """The JSON object that a chat model wrote, without its thoughts and its fence."""
    text = _THOUGHT.sub("", content).strip() if isinstance(content, str) else ""
    fenced = _FENCE.match(text)
    try:
        found = json.loads(fenced.group(1) if fenced else text)
    except (ValueError, RecursionError):
        raise ModelFailed(f"the model did not write JSON: {text[:80]!r}") from None
    if not isinstance(found, dict):
        raise ModelFailed(f"the model did not write a JSON object: {text[:80]!r}")
    return found


def _cosine(one: Sequence[float], other: Sequence[float]) -> float:
    length = math.hypot(*one) * math.hypot(*other)
    return max(-1.0, min(1.0, sum(a * b for a, b in zip(one, other, strict=True)) / length)) if length else 0.0
