"""A server behind OpenAI's interface that answers at once, from the words of the question alone: an engine and a judge for the drill."""

from __future__ import annotations

import asyncio
import hashlib
import json
import threading
from collections import Counter
from typing import Any, Final

ENGINE: Final = "engine"
JUDGE: Final = "judge"


def draw(text: str) -> int:
    """0 to 99, by the text alone."""
    return hashlib.sha256(text.encode()).digest()[0] * 100 // 256


def answer_to(question: str) -> tuple[int, Any]:
    """Most answers name the number in the question; the others are wrong, empty, refusals, cut, thought, or taken back by the server."""
    number = question.rsplit(maxsplit=1)[-1].rstrip("?।")
    kind = draw(question)
    if kind < 4:
        return 400, {"error": "this question is refused"}
    text, ended = f"Fort {number} was built in {number}.", "stop"
    if kind < 12:
        text = ""
    elif kind < 20:
        text = "I don't know."
    elif kind < 28:
        text = f"<think>{number}?</think>Fort {number} stands in Delhi."
    elif kind < 34:
        text, ended = "<think>It may be that", "length"
    elif kind < 60:
        text = f"किला {number} सन् {number} में बना।"
    return 200, _completion(text, ended)


def judgement_of(material: str) -> tuple[int, Any]:
    """Most are whole; the others are text, numbers out of range or none, and errors."""
    kind = draw(material)
    if kind < 5:
        return 404, {"error": "no such deployment"}
    replies = {
        0: "Sure! I would give 5/5.", 1: '{"relevance": 11, "correctness": 5, "completeness": 5, "reason": "."}',
        2: '{"relevance": NaN, "correctness": 5, "completeness": 5, "reason": "."}', 3: "", 4: '{"relevance": 5}',
    }  # fmt: skip
    whole = json.dumps({"relevance": 1 + kind % 5, "correctness": 1 + kind % 3, "completeness": 1 + kind % 4, "reason": "."})
    return 200, _completion(replies.get((kind - 5) // 3, whole), "stop")


def _completion(text: str, ended: str) -> dict[str, Any]:
    return {"choices": [{"message": {"content": text}, "finish_reason": ended}], "usage": {"completion_tokens": len(text.split())}}


class DrillServer:
    """Listens on this machine in a thread of its own; `asked` counts requests by model."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.url = ""
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="drill-server", daemon=True)

    def __enter__(self) -> DrillServer:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _run(self) -> None:
        server = self._loop.run_until_complete(asyncio.start_server(self._connected, "127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        self._ready.set()
        self._loop.run_forever()
        server.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
                length = next((int(line.split(":")[1]) for line in head.splitlines() if line.startswith("content-length:")), 0)
                body = json.loads(await reader.readexactly(length) or b"{}")
                status, content = self._reply(head.split()[1], body)
                data = json.dumps(content, ensure_ascii=False).encode()
                writer.write(f"HTTP/1.1 {status} .\r\ncontent-type: application/json\r\ncontent-length: {len(data)}\r\n\r\n".encode())
                writer.write(data)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            writer.close()

    def _reply(self, path: str, body: dict[str, Any]) -> tuple[int, Any]:
        if path == "/tokenize":
            return 200, {"count": len(body["prompt"].split())}
        self.asked[body["model"]] += 1
        words = body["messages"][-1]["content"]
        return judgement_of(words) if body["model"] == JUDGE else answer_to(words)
