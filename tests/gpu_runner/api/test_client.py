"""The seed's two scripts: what they send, what they print, how they exit."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from gpu_runner.api.client import RequestRefused, main, reachable_name, summary
from runtime.artifacts.local import LocalStore
from runtime.artifacts.store import key_of

SCRIPTS = Path(__file__).parents[3] / "scripts"


class FakeService:
    """A service that keeps what it was sent and answers with prepared statuses."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, dict[str, Any]]] = []
        self.statuses: list[dict[str, Any]] = []
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                service.sent.append((self.path, body))
                if not service.statuses:
                    self.answer(404, {"error": {"code": "x", "message": "the service said no", "details": []}})
                else:
                    self.answer(202, {"job_id": "j", "status": "pending", "status_url": f"{self.path}/status?job_id=j"})

            def do_GET(self) -> None:
                self.answer(200, service.statuses.pop(0) if len(service.statuses) > 1 else service.statuses[0])

            def answer(self, status: int, body: dict[str, Any]) -> None:
                raw = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"


@pytest.fixture
def service() -> Iterator[FakeService]:
    """A running fake service."""
    fake = FakeService()
    thread = threading.Thread(target=fake.server.serve_forever, daemon=True)
    thread.start()
    yield fake
    fake.server.shutdown()
    fake.server.server_close()


def run(name: str, *arguments: str, service: FakeService, tmp_path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs a script against the fake service."""
    variables = {"RUNNER_URL": service.url, "DATA_DIR": str(tmp_path / "data"), "PATH": "/usr/bin:/bin"} | environment
    return subprocess.run([str(SCRIPTS / name), *arguments], env=variables, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.process
def test_finetune_uploads_a_local_dataset_and_follows_the_job(service: FakeService, tmp_path: Path) -> None:
    """Exit 0 for a promotion, the last status on stdout, the way there on stderr."""
    rows = tmp_path / "rows.jsonl"
    rows.write_text('{"prompt": "q", "completion": "a"}\n')
    service.statuses = [{"status": "training", "progress": {"step": 1, "total_steps": 4, "loss": 1.25}}, {"status": "promoted"}]
    done = run("run_finetune.sh", "org/tiny", str(rows), service=service, tmp_path=tmp_path, HYPERPARAMETERS='{"epochs": 1}')
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"status": "promoted"}
    assert "training, step 1/4, loss 1.250" in done.stderr
    path, body = service.sent[0]
    assert (path, body["base_model"], body["hyperparameters"]) == ("/finetune/start", "org/tiny", {"epochs": 1})
    stored = LocalStore(tmp_path / "data" / "models").read_bytes(key_of(body["dataset_path"], "models"))
    assert stored == rows.read_bytes()


@pytest.mark.process
def test_evaluate_takes_what_serves_by_default(service: FakeService, tmp_path: Path) -> None:
    """Files below DATA_DIR are named as they are; exit 1 for a failed evaluation."""
    (tmp_path / "data" / "eval").mkdir(parents=True)
    for name in ("eval.jsonl", "sources.json"):
        (tmp_path / "data" / "eval" / name).write_text("{}")
    service.statuses = [{"status": "failed", "error": "what went wrong"}]
    files = [str(tmp_path / "data" / "eval" / name) for name in ("eval.jsonl", "sources.json")]
    done = run("run_eval.sh", *files, service=service, tmp_path=tmp_path, DEFAULT_MODEL="tiny")
    assert (done.returncode, "what went wrong" in done.stderr) == (1, True)
    assert service.sent == [
        ("/evaluate", {"model_version": "tiny/current", "eval_dataset": files[0], "source_documents": files[1],
                       "metrics": ["exact_match", "f1", "bleu", "hallucination_rate"]})
    ]  # fmt: skip


@pytest.mark.process
def test_a_refusal_is_exit_2_with_the_services_words(service: FakeService, tmp_path: Path) -> None:
    """And so is a file that is nowhere, a service that is away, and a wrong call."""
    (tmp_path / "rows.jsonl").write_text('{"prompt": "q", "completion": "a"}')
    refused = run("run_finetune.sh", "org/tiny", str(tmp_path / "rows.jsonl"), service=service, tmp_path=tmp_path)
    assert (refused.returncode, "the service said no" in refused.stderr) == (2, True)
    nowhere = run("run_finetune.sh", "org/tiny", "nowhere.jsonl", service=service, tmp_path=tmp_path)
    assert (nowhere.returncode, "no local file nowhere.jsonl" in nowhere.stderr) == (2, True)
    rows = str(tmp_path / "rows.jsonl")
    away = run("run_finetune.sh", "org/tiny", rows, service=service, tmp_path=tmp_path, RUNNER_URL="http://127.0.0.1:9")
    assert (away.returncode, "start the service, or set RUNNER_URL" in away.stderr) == (2, True)
    wrong = run("run_eval.sh", service=service, tmp_path=tmp_path)
    assert (wrong.returncode, "usage:" in wrong.stderr) == (2, True)


@pytest.mark.process
@pytest.mark.parametrize(("script", "before"), [("run_finetune.sh", ["org/tiny"]), ("run_eval.sh", [])])
def test_a_file_that_can_not_be_used_is_told_before_it_is_uploaded(
    service: FakeService, tmp_path: Path, script: str, before: list[str]
) -> None:
    """By the name that its owner gave it, with line and field; nothing is stored and nothing asked."""
    bad = tmp_path / "bad.csv"
    bad.write_text("prompt,completion\nq,a\nq,\n")
    done = run(script, *before, str(bad), service=service, tmp_path=tmp_path)
    assert (done.returncode, f"{bad}:3: field 'completion'" in done.stderr) == (2, True)
    assert service.sent == []
    assert not list((tmp_path / "data" / "models").rglob("*bad*"))


def test_two_files_of_one_name_do_not_replace_each_other(tmp_path: Path) -> None:
    """The uploaded name holds the content's hash."""
    store = LocalStore(tmp_path / "store")
    names = []
    for content in ("a", "b"):
        (tmp_path / "rows.jsonl").write_text(content)
        names.append(reachable_name(str(tmp_path / "rows.jsonl"), "training_data", store=store, data_dir=tmp_path / "data"))
    assert [store.read_bytes(key_of(name, "models")) for name in names] == [b"a", b"b"]
    with pytest.raises(RequestRefused, match="s3://models/no"):
        reachable_name("s3://models/no", "training_data", store=store, data_dir=tmp_path / "data")


def test_a_status_is_one_line() -> None:
    """With what is known of it."""
    assert summary({"status": "running", "step": 3, "total": 40}) == "running, 3/40 items"
    assert summary({"status": "failed", "progress": None, "error": "why"}) == "failed, why"


@pytest.mark.parametrize("given", ["[" * 100_000, '{"epochs": ' + "9" * 5_000 + "}", '{"a": "\\ud800"}', "[1]", "{'epochs': 1}", ""])
def test_k6_hyperparameters_that_can_not_be_taken_are_a_wrong_call(given: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 2 with what was expected, before anything is sent."""
    with pytest.raises(SystemExit) as ended:
        main(["finetune", "org/tiny", "rows.jsonl", "--hyperparameters", given])
    assert ended.value.code == 2
    assert "argument --hyperparameters" in capsys.readouterr().err


def test_k12_a_local_folder_is_told_as_one(tmp_path: Path) -> None:
    """Not as a file that is not there."""
    (tmp_path / "rows").mkdir()
    with pytest.raises(RequestRefused, match=r"rows is a folder"):
        reachable_name(str(tmp_path / "rows"), "training_data", store=LocalStore(tmp_path / "store"), data_dir=tmp_path / "data")
