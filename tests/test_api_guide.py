"""The commands of docs/api.md, run as they stand against a real stack on the embedded broker."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gpu_runner.versions.registry import register_version
from ops.commands.models.bootstrap import bootstrap_model
from ops.stack.services import Ports
from ops.stack.stack import Stack, StackSettings
from runtime.artifacts.local import LocalStore

ROOT = Path(__file__).parents[1]
MODEL = "llama-3.1-8b-instruct-awq"
NAME = "meta-llama/Llama-3.1-8B-Instruct-AWQ"
COMMANDS = re.findall(r"```bash\n(.*?)```", (ROOT / "docs" / "api.md").read_text(encoding="utf-8"), re.DOTALL)

pytestmark = [pytest.mark.process, pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The runner and the consumers on the embedded broker, with nothing in the store."""
    data_dir = tmp_path_factory.mktemp("guide")
    # A key that is drawn holds out too few of so few groups now and then, and the gate's guards would be too small for a run.
    environment = {
        "EVAL_REPORTS_DIR": str(data_dir / "reports"), "TICK_INTERVAL_S": "1", "DEFAULT_MODEL": MODEL, "HOLDOUT_KEY": "abhyas rounds 13",
    }  # fmt: skip
    with Stack(StackSettings(data_dir=data_dir, ports=Ports.free(), environment=environment)) as running:
        yield running


def _curl(stack: Stack, command: str, job_id: str = "") -> tuple[int, Any]:
    port = stack.settings.ports.runner
    text = command.replace("localhost:8007", f"127.0.0.1:{port}").replace("<job_id>", job_id)
    text = re.sub(r"^curl ", "curl -s -w '\\n%{http_code}' ", text)
    done = subprocess.run(["bash", "-c", text], capture_output=True, text=True, timeout=60, check=True)
    body, _, status = done.stdout.rpartition("\n")
    try:
        return int(status), json.loads(body)
    except ValueError:
        return int(status), body


def _until(stack: Stack, command: str, job_id: str, ended: set[str]) -> dict[str, Any]:
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline:
        status, body = _curl(stack, command, job_id)
        assert status == 200, body
        if body["status"] in ended:
            return dict(body)
        time.sleep(1)
    raise AssertionError(f"the job did not end: {body}")


def _command(words: str) -> str:
    (found,) = [command for command in COMMANDS if words in command]
    return found


def test_before_anything_exists_the_answers_name_what_is_missing(stack: Stack) -> None:
    """Model, dataset, version and job are each a 4xx in the one error format, which says where it was looked for."""
    for words, field in (("finetune/start", "base_model"), ("-X POST http://localhost:8007/evaluate", "model_version")):
        status, body = _curl(stack, _command(words))
        assert 400 <= status < 500, body
        assert field in json.dumps(body["error"]["details"])
        assert MODEL in json.dumps(body) or "v1.0-finetuned" in json.dumps(body)
    for words in ("finetune/status", "evaluate/status"):
        status, body = _curl(stack, _command(words), "job-unknown")
        assert status == 404
        assert set(body["error"]) == {"code", "message", "details"}


def test_every_command_of_the_guide_works(stack: Stack, tiny_base: Path) -> None:
    """With a small model under the seed's name, bootstrapped and a version registered, each curl does what the guide says."""
    store_dir = stack.settings.data_dir / "models"
    shutil.copytree(tiny_base / "model", store_dir / "base" / "llama-3.1-8b-instruct")
    store = LocalStore(store_dir)
    rows = [{"question": f"What is exhibit {number}?", "answer": f"answer {number}", "group": f"exhibit-{number}"} for number in range(24)]
    store.write_bytes("training_data/ministry_qa.jsonl", "".join(json.dumps(row) + "\n" for row in rows).encode())
    items = (tiny_base / "evaluation.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)[:24]
    store.write_bytes("eval_data/hindi_qa_bench.jsonl", "".join(items).encode())
    sources = {json.loads(line)["doc_id"]: json.loads(line)["text"] for line in (tiny_base / "documents.jsonl").open(encoding="utf-8")}
    store.write_bytes("eval_data/sources.json", json.dumps(sources, ensure_ascii=False).encode())
    register_version(store, MODEL, "v1.0-finetuned", tiny_base / "model")
    request = bootstrap_model(
        stack.connection(),
        model=MODEL,
        base_model=NAME,
        documents=tiny_base / "documents.jsonl",
        evaluation=tiny_base / "evaluation.jsonl",
        replay=tiny_base / "replay.jsonl",
        artifacts_dir=store_dir,
    )
    asyncio.run(request)

    status, health = _curl(stack, _command("8007/health"))
    assert status == 200
    assert health["service"] == "model-training"
    assert {"gpu", "kafka", "minio"} <= set(health["dependencies"])

    deadline = time.monotonic() + 60
    while (answer := _curl(stack, _command("finetune/start")))[0] != 202 and time.monotonic() < deadline:
        time.sleep(0.5)
    status, started = answer
    assert status == 202, started
    assert set(started) == {"job_id", "status", "status_url"}

    status, evaluation = _curl(stack, _command("-X POST http://localhost:8007/evaluate"))
    assert status == 202, evaluation

    ended = {"promoted", "rejected", "inconclusive", "void", "no_data", "failed", "cancelled"}
    job = _until(stack, _command("finetune/status"), started["job_id"], ended)
    assert job["status"] in {"promoted", "rejected", "inconclusive"}, job
    assert job["hyperparameters"]["epochs"] == {"value": 3, "source": "request"}
    assert job["hyperparameters"]["max_seq_length"]["source"] == "default"

    assert _curl(stack, _command("finetune/tainted")) == (200, {"versions": []})
    status, corrections = _curl(stack, _command("/corrections"))
    assert (status, corrections["model"], corrections["versions"][0]) == (200, MODEL, "v0")

    scored = _until(stack, _command("evaluate/status"), evaluation["job_id"], {"completed", "failed"})
    assert scored["status"] == "completed", scored
    report = stack.settings.data_dir / "reports" / evaluation["job_id"]
    assert {path.name for path in report.iterdir()} == {"results.json", "report.md", "report.html"}

    status, metrics = _curl(stack, _command("8007/metrics"))
    assert status == 200
    for name in (
        "training_jobs_total",
        "training_duration_seconds",
        "training_loss_current",
        "evaluation_jobs_total",
        "evaluation_metric_value",
    ):
        assert f"\n{name}" in metrics
