"""Requests to the judge, a few at a time; each raw reply is on disk as it comes, and a run that was killed goes on from there."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from gpu_runner.dataset.rows import row_id
from gpu_runner.evaluate.engine.endpoint import Endpoint, EndpointFailure
from gpu_runner.evaluate.judge.prompts import PROMPTS
from gpu_runner.evaluate.judge.verdicts import FAILURES, JudgeFailed, JudgeFailureKind
from runtime.whole_files import write_whole

MOST_TOKENS: Final = 1024  # a reason of one sentence, and what a model thinks before
# Of several samples of one question: with none of it they would be one sample.
TEMPERATURE: Final = 0.7
# Requests in a row that were not answered: an evaluation would wait for each of thousands.
AWAY_AFTER: Final = 32


@dataclass(frozen=True, slots=True)
class JudgeRequest:
    """One request: `name` is what tells it from others of the same item (the sample, the order)."""

    item_id: str
    name: str
    messages: Sequence[Mapping[str, str]]
    schema: Mapping[str, Any]
    seed: int
    temperature: float


@dataclass(frozen=True, slots=True)
class RawJudgement:
    """What came of one request: the reply as it stands, or why there is none."""

    text: str | None
    failure: JudgeFailureKind | None = None

    def whole(self) -> str:
        """The reply. Raises JudgeFailed where there is none."""
        if self.text is None:
            raise JudgeFailed(self.failure or "http_error")
        return self.text


class JudgeClient:
    """One model of one server as a judge; `identity` is part of each judgement's name."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self.model = endpoint.settings.model
        self.identity = f"{endpoint.settings.url} {self.model} prompts:{PROMPTS}"
        self.at_once = endpoint.settings.at_once
        self._schemas = True
        self._away_in_a_row = 0

    def ask(self, request: JudgeRequest) -> RawJudgement:
        """One reply or one failure; never raises for what a server does. One that is away again and again is asked no more."""
        if self._away_in_a_row >= AWAY_AFTER:
            return RawJudgement(None, "unreachable")
        found = self._tried(request)
        self._away_in_a_row = self._away_in_a_row + 1 if found.failure in ("timeout", "unreachable") else 0
        return found

    def _tried(self, request: JudgeRequest) -> RawJudgement:
        try:
            return self._asked(request, self._schemas)
        except EndpointFailure as failure:
            if failure.status not in (400, 422) or not self._schemas:
                return RawJudgement(None, failure.kind)
        try:
            found = self._asked(request, False)
        except EndpointFailure as failure:
            return RawJudgement(None, failure.kind)
        self._schemas = False  # the server takes no schema: the prompt says the form, and the reader is as strict
        return found

    def _asked(self, request: JudgeRequest, schema: bool) -> RawJudgement:
        body: dict[str, Any] = {
            "model": self.model, "messages": list(request.messages), "temperature": request.temperature, "seed": request.seed,
            "max_tokens": MOST_TOKENS, "stream": False,
        }  # fmt: skip
        if schema:
            body["response_format"] = {
                "type": "json_schema", "json_schema": {"name": "judgement", "strict": True, "schema": dict(request.schema)},
            }  # fmt: skip
        reply = self._endpoint.post("chat/completions", body)
        try:
            text = reply["choices"][0]["message"]["content"]
        except (KeyError, IndexError, TypeError):
            text = None
        return RawJudgement(text) if isinstance(text, str) else RawJudgement(None, "bad_json")


class Judgements:
    """All judgements of a run, kept in a file of JSON Lines with an `item_id` each, so that an erasure finds them.

    `progress` gets how many there are after each; what it raises ends the run.
    """

    def __init__(self, client: JudgeClient, path: Path | None, progress: Callable[[int], None]) -> None:
        self._client = client
        self._path = path
        self._progress = progress

    def of(self, requests: Sequence[JudgeRequest]) -> list[RawJudgement]:
        """One for each request, in their order; those that the file has are not asked again, failures included."""
        names = [self._name(request) for request in requests]
        known = self._load()
        asked = dict(zip(names, requests, strict=True))
        pool = ThreadPoolExecutor(max_workers=self._client.at_once, thread_name_prefix="judge")
        try:
            waiting = {pool.submit(self._client.ask, request): name for name, request in asked.items() if name not in known}
            for future in as_completed(waiting):
                name = waiting[future]
                known[name] = future.result()
                self._append(name, asked[name], known[name])
                self._progress(len(known))
        finally:
            pool.shutdown(wait=False, cancel_futures=True)  # of a run that is ended, what waits is not asked
        if self._path is not None:
            lines = [_line(name, request, known[name]) for name, request in asked.items()]
            write_whole(self._path, "".join(lines).encode())
        return [known[name] for name in names]

    def _name(self, request: JudgeRequest) -> str:
        asked = json.dumps([list(request.messages), request.seed, request.temperature], ensure_ascii=False)
        return row_id("judgement", self._client.identity, request.item_id, request.name, asked)

    def _load(self) -> dict[str, RawJudgement]:
        found: dict[str, RawJudgement] = {}
        if self._path is None or not self._path.exists():
            return found
        for raw in self._path.read_bytes().split(b"\n"):
            try:
                line = json.loads(raw)
                text, failure = line["raw"], line["failure"]
            except (ValueError, TypeError, KeyError):  # torn by a kill
                continue
            if isinstance(text, str) or failure in FAILURES:
                found.setdefault(str(line.get("asked")), RawJudgement(text, failure))
        return found

    def _append(self, name: str, request: JudgeRequest, found: RawJudgement) -> None:
        if self._path is None:
            return
        handle = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            size = os.fstat(handle).st_size
            torn = size > 0 and os.pread(handle, 1, size - 1) != b"\n"
            os.write(handle, (b"\n" if torn else b"") + _line(name, request, found).encode())
        finally:
            os.close(handle)


def _line(name: str, request: JudgeRequest, found: RawJudgement) -> str:
    line = {"item_id": request.item_id, "request": request.name, "raw": found.text, "failure": found.failure, "asked": name}
    return json.dumps(line, ensure_ascii=False) + "\n"
