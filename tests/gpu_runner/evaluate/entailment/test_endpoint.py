"""Models behind an OpenAI-compatible server: a stub that replies, hangs, breaks and lies."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from gpu_runner.evaluate.entailment.endpoint import ChatEntailment, EndpointEmbeddings, client_of
from gpu_runner.evaluate.entailment.protocol import EntailmentVerdict, ModelFailed

PREMISE = ["The fort is red.", "It was built in 1732."]
ENTAILED = {"label": "entailed", "prob": 0.9, "sentence": 1}


class Stub:
    """A server on a free port that replies what it was told to, and keeps what it was asked."""

    def __init__(self) -> None:
        self.reply: bytes | None = b"{}"
        self.status = 200
        self.asked: list[tuple[str, str | None, Any]] = []
        self.done = threading.Event()
        stub = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                stub.asked.append((self.path, self.headers.get("Authorization"), body))
                if stub.reply is None:
                    stub.done.wait(5)
                    return
                self.send_response(stub.status)
                self.send_header("Content-Length", str(len(stub.reply)))
                self.end_headers()
                self.wfile.write(stub.reply)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/v1"

    def says(self, content: object) -> None:
        """The chat model's next words."""
        text = content if isinstance(content, str) else json.dumps(content)
        self.reply = json.dumps({"choices": [{"message": {"content": text}}]}).encode()


@pytest.fixture
def stub() -> Iterator[Stub]:
    made = Stub()
    yield made
    made.done.set()
    made.server.shutdown()
    made.server.server_close()


@pytest.mark.parametrize("form", ["{}", "```json\n{}\n```", "<think>It says {{1732}}.</think>\n{}"])
def test_a_chat_model_is_asked_once_and_its_object_is_read(stub: Stub, form: str) -> None:
    """Bare, fenced, or behind its thoughts; the numbered sentences, the claim and the key go out."""
    stub.says(form.format(json.dumps(ENTAILED)))
    with client_of(stub.url, key="k1", timeout_s=5) as client:
        model = ChatEntailment(client, "judge-1")
        assert model.score(PREMISE, "Built in 1732.") == EntailmentVerdict("entailed", 0.9, 1)
    ((path, key, body),) = stub.asked
    assert (path, key, body["model"], body["temperature"]) == ("/v1/chat/completions", "Bearer k1", "judge-1", 0)
    assert body["messages"][1]["content"] == "Sentences:\n[0] The fort is red.\n[1] It was built in 1732.\n\nClaim: Built in 1732."
    assert model.name == "judge-1 at 127.0.0.1"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("Yes, it does.", "did not write JSON"),
        ("[1, 2]", "did not write a JSON object"),
        ("[" * 100_000, "did not write JSON"),
        ({**ENTAILED, "label": "true"}, "field 'label'"),
        ({**ENTAILED, "prob": 1.5}, "field 'prob'"),
        ({**ENTAILED, "prob": "high"}, "field 'prob'"),
        ('{"label": "entailed", "prob": NaN}', "field 'prob'"),
    ],
)
def test_a_reply_that_is_no_verdict_is_a_failure(stub: Stub, content: object, said: str) -> None:
    """Words instead of JSON, another shape, values out of range."""
    stub.says(content)
    with client_of(stub.url, key=None, timeout_s=5) as client, pytest.raises(ModelFailed, match=said):
        ChatEntailment(client, "judge").score(PREMISE, "x")


def test_a_sentence_that_was_not_shown_is_no_evidence(stub: Stub) -> None:
    """The verdict counts, its number does not."""
    stub.says({**ENTAILED, "sentence": 7})
    with client_of(stub.url, key=None, timeout_s=5) as client:
        assert ChatEntailment(client, "judge").score(PREMISE, "x").evidence_span is None


@pytest.mark.parametrize(
    ("reply", "status", "said"),
    [(None, 200, "no reply within 0.05 s"), (b"oops", 500, "status 500"), (b"<html>", 200, "is no JSON"), (b"{}", 200, "has no choices")],
)
def test_a_server_that_hangs_or_breaks_is_a_failure(stub: Stub, reply: bytes | None, status: int, said: str) -> None:
    """Within the time limit, and never an error of another kind."""
    stub.reply, stub.status = reply, status
    with client_of(stub.url, key=None, timeout_s=0.05 if reply is None else 5) as client, pytest.raises(ModelFailed, match=said):
        ChatEntailment(client, "judge").score(PREMISE, "x")


def test_nobody_listens() -> None:
    """A refused connection is a failure too."""
    with client_of("http://127.0.0.1:9/v1", key=None, timeout_s=1) as client, pytest.raises(ModelFailed, match="ConnectError"):
        ChatEntailment(client, "judge").score(PREMISE, "x")


def test_embeddings_give_cosines_in_the_order_of_the_sentences(stub: Stub) -> None:
    """Whatever order the server replies in."""
    vectors = [(1, [0.0, 2.0]), (0, [1.0, 0.0]), (2, [3.0, 0.0])]
    stub.reply = json.dumps({"data": [{"index": index, "embedding": vector} for index, vector in vectors]}).encode()
    with client_of(stub.url, key=None, timeout_s=5) as client:
        assert EndpointEmbeddings(client, "e").similarities("c", PREMISE) == [0.0, 1.0]
    assert stub.asked[0][2] == {"model": "e", "input": ["c", *PREMISE]}


@pytest.mark.parametrize(
    "data",
    [
        [{"index": 0, "embedding": [1.0]}],
        [{"index": number, "embedding": [1.0] * (number + 1)} for number in range(3)],
        [{"index": number, "embedding": [1e999]} for number in range(3)],
        [{"index": number} for number in range(3)],
        "none",
    ],
)
def test_vectors_that_do_not_fit_are_a_failure(stub: Stub, data: object) -> None:
    """Too few, of several lengths, infinite, or none."""
    stub.reply = json.dumps({"data": data}).encode()
    with client_of(stub.url, key=None, timeout_s=5) as client, pytest.raises(ModelFailed):
        EndpointEmbeddings(client, "e").similarities("c", PREMISE)
