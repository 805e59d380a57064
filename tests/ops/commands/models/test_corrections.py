"""`abhyas corrections`: the runner's answer as a person reads it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from ops.commands.models.corrections import corrections, fetched
from ops.errors import OperationFailed

ANSWER = {
    "model": "tiny",
    "version": "v3",
    "versions": ["v0", "v1", "v2", "v3"],
    "unreadable": {"v2": "gone"},
    "rounds": [{"origin": "v1", "corrections": 2, "learnt": 0, "kept": 1, "lost": 1, "not_learnt": 0, "not_asked": 0, "withdrawn": 0}],
    "corrections": [
        {"id": "s1", "origin": "v1", "language": "hi", "now": "lost", "states": {"v1": "learnt", "v2": "lost", "v3": "not_asked"}},
        {"id": "s2", "origin": "v1", "language": "en", "now": "kept", "states": {"v1": "learnt", "v2": "kept", "v3": "kept"}},
    ],
}


@contextmanager
def runner(status: int, body: Any) -> Iterator[tuple[str, list[str]]]:
    """A runner that gives one answer; its address, and the paths that it was asked."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, *_arguments: object) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_counts_by_round_and_the_lost_ones_are_shown(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A model's name is taken as its slug; a version whose scores are gone is told; as JSON it is what the runner said."""
    with runner(200, ANSWER) as (url, asked):
        monkeypatch.setenv("RUNNER_URL", url)
        corrections("org/Tiny", version="v3")
        shown = capsys.readouterr().out.splitlines()
        corrections("tiny", as_json=True)
    assert asked == ["/models/tiny/corrections?version=v3", "/models/tiny/corrections"]
    assert json.loads(capsys.readouterr().out) == ANSWER
    assert "v1\t2\t0\t1\t1\t0\t0\t0" in shown
    assert "what v2 answered is not known: gone" in shown
    assert shown[-3:] == ["1 lost:", "id\torigin\tlanguage\tsince", "s1\tv1\thi\tv2"]


def test_trouble_is_one_line() -> None:
    """In the runner's own words, or that nobody answers."""
    refused = {"error": {"message": "no such version", "code": "c", "details": []}}
    with runner(404, refused) as (url, _), pytest.raises(OperationFailed, match="the runner refused: no such version"):
        fetched(url)
    with pytest.raises(OperationFailed, match="does not answer"):
        fetched(url)
