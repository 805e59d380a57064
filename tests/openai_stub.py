"""A server behind OpenAI's interface for tests: on this machine, over HTTP, it says what a function makes of the path and the body."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

# A status with what is sent: an object as JSON, bytes as they are; None: nothing, until the server is closed.
Reply = tuple[int, Any] | None


@dataclass
class OpenAIStub:
    """Where it listens, and what it was asked: path, body, and the Authorization header."""

    url: str = ""
    asked: list[tuple[str, dict[str, Any], str | None]] = field(default_factory=list)
    closed: threading.Event = field(default_factory=threading.Event)


def completion(text: str | None, *, ended: str = "stop", tokens: int = 3, **message: Any) -> dict[str, Any]:
    """A chat completion of one answer."""
    return {
        "choices": [{"index": 0, "message": {"role": "assistant", "content": text, **message}, "finish_reason": ended}],
        "usage": {"prompt_tokens": 5, "completion_tokens": tokens},
    }


@contextmanager
def openai_stub(answer: Callable[[str, dict[str, Any]], Reply]) -> Iterator[OpenAIStub]:
    """Listens while the block runs; `answer` is called from several threads."""
    stub = OpenAIStub()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers.get("content-length", 0))) or b"{}")
            stub.asked.append((self.path, body, self.headers.get("authorization")))
            reply = answer(self.path, body)
            if reply is None:
                stub.closed.wait()
                return
            status, content = reply
            data = content if isinstance(content, bytes) else json.dumps(content, ensure_ascii=False).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: Any) -> None:
            """Nothing: a test says what was asked."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    stub.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    try:
        yield stub
    finally:
        stub.closed.set()
        server.shutdown()
        server.server_close()
