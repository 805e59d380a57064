"""Every endpoint of the service, over the real supervisor with a fake child and fake topics."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from runner_fakes import Installation, correction, erasure, request, until, weights_file

from gpu_runner.api.app import create_app
from gpu_runner.supervisor import Supervisor
from gpu_runner.versions.registry import register_version
from schemas.events.evaluation_completed import EvaluationCompleted
from schemas.events.operator_requested import OperatorRequested
from schemas.events.retrain_requested import RetrainRequested

START = {
    "base_model": "org/tiny", "dataset_path": "s3://models/training_data/rows.jsonl",
    "hyperparameters": {"lora_rank": 16, "learning_rate": 0.0002, "epochs": 3, "batch_size": 4},
}  # fmt: skip
EVALUATE = {
    "model_version": "v1.0-finetuned", "eval_dataset": "s3://models/up/eval.jsonl",
    "metrics": ["exact_match", "f1", "bleu", "hallucination_rate"],
    "source_documents": "s3://models/eval_data/sources.json",
}  # fmt: skip


def client_of(supervisor: Supervisor, installation: Installation) -> httpx.AsyncClient:
    """A client of the application; the supervisor is run by the test."""
    app = create_app(supervisor, installation.metrics, on_fatal=lambda _error: None)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app, raise_app_exceptions=False), base_url="http://runner")


@pytest.fixture
async def api(bootstrapped: Installation) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a running, bootstrapped service with a dataset in its store."""
    bootstrapped.store.write_bytes("training_data/rows.jsonl", b'{"prompt": "q", "completion": "a"}\n')
    bootstrapped.store.write_bytes("eval_data/sources.json", b'{"d1": "a text"}')
    async with bootstrapped.running() as supervisor, client_of(supervisor, bootstrapped) as client:
        await until(lambda: supervisor.log is not None)
        yield client


def error_of(response: httpx.Response) -> dict[str, Any]:
    """The body of an error answer, which must have the one format."""
    body = response.json()
    assert set(body) == {"error"}
    assert set(body["error"]) == {"code", "message", "details"}
    assert all(set(detail) == {"field", "message"} for detail in body["error"]["details"])
    found: dict[str, Any] = body["error"]
    return found


async def followed(client: httpx.AsyncClient, url: str) -> dict[str, Any]:
    """The status at the end of a job."""
    for _ in range(1000):
        status: dict[str, Any] = (await client.get(url)).json()
        if status["status"] in ("completed", "failed", "cancelled"):
            return status
        await asyncio.sleep(0.02)
    raise AssertionError(f"still {status}")


async def test_health_has_the_seeds_shape(api: httpx.AsyncClient) -> None:
    """Status, service, version, uptime, time, and each dependency with its latency; no GPU is `absent`, no redis no entry."""
    body = (await api.get("/health")).json()
    assert set(body) == {"status", "service", "version", "uptime_seconds", "timestamp", "dependencies"}
    assert (body["status"], body["service"]) == ("healthy", "model-training")
    assert body["timestamp"].endswith("Z")
    assert set(body["dependencies"]) == {"gpu", "minio", "kafka", "disk"}
    assert body["dependencies"]["minio"]["store"] == "local"
    assert all(body["dependencies"][name]["latency_ms"] >= 0 for name in ("minio", "kafka"))


async def test_the_service_starts_without_kafka_and_says_so(installation: Installation) -> None:
    """Degraded with the reason; what needs Kafka answers 503, what does not still works."""
    installation.topics.up = False
    async with installation.running() as supervisor, client_of(supervisor, installation) as client:
        await until(lambda: supervisor.last_error != "not connected yet")
        body = (await client.get("/health")).json()
        assert body["status"] == "degraded"
        assert body["dependencies"]["kafka"] == {"status": "unhealthy", "error": "the broker is away", "age_s": 0.0}
        refused = await client.post("/finetune/start", json=START)
        assert (refused.status_code, error_of(refused)["code"], refused.headers["Retry-After"]) == (503, "kafka_unavailable", "5")
        assert (await client.get("/metrics")).status_code == 200


async def test_redis_is_checked_only_where_it_is_configured(installation: Installation) -> None:
    """A Redis that does not answer makes the service degraded."""

    async def pong(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"PING\r\n")
        writer.write(b"+PONG\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(pong, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    installation.settings = installation.settings.model_copy(update={"redis_url": f"redis://127.0.0.1:{port}/0"})
    async with installation.running() as supervisor, client_of(supervisor, installation) as client:
        await until(lambda: supervisor.log is not None)
        assert (await client.get("/health")).json()["dependencies"]["redis"]["status"] == "healthy"
        server.close()
        await server.wait_closed()
        body = (await client.get("/health")).json()
        assert (body["status"], body["dependencies"]["redis"]["status"]) == ("degraded", "unhealthy")


async def test_metrics_are_the_seeds_six_with_bounded_labels(api: httpx.AsyncClient) -> None:
    """Every status is there from the start, so that a rate has a beginning."""
    text = (await api.get("/metrics")).text
    for name in (
        "training_jobs_total", "training_duration_seconds", "training_loss_current", "evaluation_jobs_total", "evaluation_metric_value",
        "gpu_memory_utilization_percent",
    ):  # fmt: skip
        assert f"# TYPE {name}" in text
    assert 'training_jobs_total{status="promoted"} 0.0' in text


async def test_a_start_is_one_request_to_stage_2(api: httpx.AsyncClient, bootstrapped: Installation) -> None:
    """202 with job id, status and url; the request carries exactly what was asked; it is pending until stage 2 fires."""
    answer = await api.post("/finetune/start", json=START)
    assert answer.status_code == 202
    job_id = answer.json()["job_id"]
    assert answer.json() == {"job_id": job_id, "status": "pending", "status_url": f"/finetune/status?job_id={job_id}"}
    sent = bootstrapped.topics.events(OperatorRequested)
    assert [(one.action, one.model, one.job_id, one.dataset_path, one.hyperparameters.lora_rank) for one in sent] == [
        ("start", "tiny", job_id, START["dataset_path"], 16)
    ]
    status = (await api.get(answer.json()["status_url"])).json()
    assert (status["job_id"], status["status"], status["run_id"]) == (job_id, "pending", None)


async def test_a_retry_with_the_same_key_is_the_same_job(api: httpx.AsyncClient, bootstrapped: Installation) -> None:
    """Nothing is sent twice; the same key for another request is refused."""
    key = {"Idempotency-Key": "run-2026-11-23"}
    first, again = [await api.post("/finetune/start", json=START, headers=key) for _ in range(2)]
    other = await api.post("/finetune/start", json=START | {"hyperparameters": {"epochs": 1}}, headers=key)
    without = await api.post("/finetune/start", json=START)
    assert first.json()["job_id"] == again.json()["job_id"] != without.json()["job_id"]
    assert len(bootstrapped.topics.events(OperatorRequested)) == 2
    assert (other.status_code, error_of(other)["code"], error_of(other)["details"][0]["field"]) == (
        409,
        "idempotency_key_reused",
        "hyperparameters",
    )


async def test_a_job_can_be_followed_to_its_end(
    api: httpx.AsyncClient, bootstrapped: Installation, make_command: Callable[..., RetrainRequested]
) -> None:
    """By its own id or the run's; hyperparameters have their sources, the end has the decision."""
    job_id = (await api.post("/finetune/start", json=START)).json()["job_id"]
    asked = bootstrapped.topics.events(OperatorRequested)[0].hyperparameters
    bootstrapped.ask(make_command, command_id="cmd-7", requests=(job_id,), rules=("count", "operator"), hyperparameters=asked)
    await until(lambda: bootstrapped.states("cmd-7") and bootstrapped.states("cmd-7")[-1].phase == "ended")
    status = (await api.get(f"/finetune/status?job_id={job_id}")).json()
    assert (status["status"], status["run_id"], status["version"], status["rules"]) == ("promoted", "cmd-7", "v1", ["count", "operator"])
    assert status["hyperparameters"]["epochs"] == {"value": 3, "source": "request"}
    assert status["hyperparameters"]["lora_alpha"] == {"value": 32, "source": "default"}
    assert (status["decision"]["verdict"], status["decision"]["applied"]) == ("promote", True)
    assert (await api.get("/finetune/status?job_id=cmd-7")).json()["status"] == "promoted"
    await until(lambda: b'training_jobs_total{status="promoted"} 1.0' in bootstrapped.metrics.text(), seconds=2)


@pytest.mark.parametrize(
    ("changes", "status", "code", "field", "named"),
    [
        ({"x": 1}, 422, "invalid_request", "x", ""),
        ({"hyperparameters": {"lora_rank": 0}}, 422, "invalid_request", "hyperparameters.lora_rank", "greater than or equal to 1"),
        ({"hyperparameters": {"rank": 1}}, 422, "invalid_request", "hyperparameters.rank", ""),
        ({"base_model": "…"}, 422, "invalid_request", "base_model", "no usable name"),
        ({"dataset_path": "s3://other/x"}, 422, "invalid_request", "dataset_path", "s3://models/<key>"),
        ({"dataset_path": "/etc/passwd"}, 422, "invalid_request", "dataset_path", "outside DATA_DIR"),
        ({"dataset_path": "s3://models/no.jsonl"}, 404, "dataset_not_found", "dataset_path", "models/no.jsonl"),
        ({"base_model": "org/unknown"}, 404, "base_model_not_found", "base_model", "s3://models/base/unknown/"),
        ({"base_model": "other/tiny"}, 409, "base_model_mismatch", "base_model", "org/tiny"),
    ],
)
async def test_a_start_that_can_not_work_is_refused(  # noqa: PLR0917 (one argument a column)
    api: httpx.AsyncClient, bootstrapped: Installation, changes: dict[str, Any], status: int, code: str, field: str, named: str
) -> None:
    """A 4xx names the field, what is missing and where it was looked for; nothing is sent."""
    answer = await api.post("/finetune/start", json=START | changes)
    error = error_of(answer)
    assert (answer.status_code, error["code"]) == (status, code)
    assert any(detail["field"] == field and named in detail["message"] for detail in error["details"])
    assert bootstrapped.topics.events(OperatorRequested) == []


async def test_a_base_that_is_there_without_its_bootstrap_is_a_conflict(api: httpx.AsyncClient, bootstrapped: Installation) -> None:
    """The answer says which command makes it usable."""
    for name in ("config.json", "model.safetensors"):
        bootstrapped.store.write_bytes(f"base/new/{name}", b"{}")
    answer = await api.post("/finetune/start", json=START | {"base_model": "org/new"})
    assert (answer.status_code, error_of(answer)["code"]) == (409, "model_not_bootstrapped")
    assert "abhyas bootstrap --model new" in error_of(answer)["message"]


START_TEXT, EVALUATE_TEXT = json.dumps(START), json.dumps(EVALUATE | {"model_version": "tiny/current"})


@pytest.mark.parametrize("path", ["/finetune/start", "/evaluate"])
async def test_k6_no_body_is_a_500_and_each_refusal_names_its_field(api: httpx.AsyncClient, bootstrapped: Installation, path: str) -> None:
    """Lone surrogates, deep nesting, endless numbers, NUL, names longer than a file's: a 4xx in the one format, and nothing is sent."""
    text, name = (START_TEXT, "dataset_path") if path == "/finetune/start" else (EVALUATE_TEXT, "eval_dataset")
    deep = "[" * 100_000 + "]" * 100_000
    tries = [
        (text[:-1] + r', "x": "\ud800"}', 422, "x"),
        (text[:-1] + r', "\ud800": 1}', 422, "item"),
        (text[:-1] + rf', "{name}": "\ud800"}}', 422, name),
        (text[:-1] + rf', "{name}": "a\u0000b"}}', 422, name),
        (text[:-1] + rf', "{name}": "a\nb"}}', 422, name),
        (text[:-1] + f', "{name}": "{"क" * 300}"}}', 422, name),
        (text[:-1] + f', "{name}": "s3://models/{"x" * 900}"}}', (404, 422), name),
        (text[:-1] + f', "{name}": {"9" * 5000}}}', 422, name),
        (text[:-1] + f', "{name}": NaN}}', 422, name),
        (text[:-1] + f', "{name}": {deep}}}', 422, name + "[0][0][0][0][0][0][0]…"),
        ("[]", 422, "item"),
        ("null", 422, "item"),
        ("", 400, None),
        ("{", 400, None),
        (deep, 422, "[0][0][0][0][0][0][0][0]…"),
        (text.encode("utf-16"), 400, None),
        (b'{"a": "\xff"}', 400, None),
        (b" " * 300_000, 413, None),
    ]
    if path == "/finetune/start":
        tries += [
            (text[:-1] + f', "hyperparameters": {{"epochs": {"9" * 4000}}}}}', 422, "hyperparameters.epochs"),
            (text[:-1] + ', "hyperparameters": {"learning_rate": 1e999}}', 422, "hyperparameters.learning_rate"),
            (text[:-1] + f', "base_model": "/{"x" * 280}/m"}}', 404, "base_model"),
            (text[:-1] + r', "base_model": "a\u0000b"}', 422, "base_model"),
        ]
    else:
        tries += [(text[:-1] + f', "model_version": "{"x/" * 90}v1"}}', 404, "model_version")]
        tries += [(text[:-1] + ', "model_version": "नदी/v1"}', 422, "model_version")]
    for body, status, field in tries:
        answer = await api.post(path, content=body, headers={"content-type": "application/json"})
        assert answer.status_code in (status if isinstance(status, tuple) else (status,)), (body[-80:], answer.text)
        error = error_of(answer)
        assert field is None or error["details"][0]["field"] == field, (body[-80:], answer.text)
    assert (await api.post(path, content=text, headers={"content-type": "text/plain"})).status_code == 415
    for unknown in ("..", "a%00b", "%FF", "क" * 200, "x/../y"):
        assert (await api.get(f"{path.removesuffix('/start')}/status?job_id={unknown}")).status_code == 404
    assert bootstrapped.topics.events(OperatorRequested) == []


async def test_k6_a_version_may_be_asked_for_by_the_models_own_name(
    api: httpx.AsyncClient, bootstrapped: Installation, tmp_path: Path
) -> None:
    """Capitals, a tag, an organisation, and a BOM before the body: the slug is what everything is kept under."""
    register(bootstrapped, "tiny", tmp_path)
    for name in ("Tiny/v1.0-finetuned", "org/TINY/v1.0-finetuned", "tiny/current"):
        body = b"\xef\xbb\xbf" + json.dumps(EVALUATE | {"model_version": name}).encode()
        answer = await api.post("/evaluate", content=body, headers={"content-type": "application/json; charset=utf-8"})
        assert answer.status_code == 202, answer.text
        url = answer.json()["status_url"]
        assert (await api.get(url)).json()["model"] == "tiny"


async def test_unknown_jobs_and_endpoints_are_404_in_the_one_format(api: httpx.AsyncClient) -> None:
    """Wherever it is asked, whatever is missing."""
    for url in ("/finetune/status?job_id=x", "/evaluate/status?job_id=x", "/no/such"):
        answer = await api.get(url)
        assert answer.status_code == 404
        error_of(answer)
    assert (await api.get("/finetune/status")).status_code == 422


def register(installation: Installation, model: str, tmp_path: Path) -> None:
    """A version made elsewhere."""
    folder = tmp_path / model
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(weights_file(model))
    register_version(installation.store, model, "v1.0-finetuned", folder)


async def test_an_evaluation_runs_to_its_reported_end(api: httpx.AsyncClient, bootstrapped: Installation, tmp_path: Path) -> None:
    """202, a child, figures in the status and as an event; a retry with the same key is the same job."""
    register(bootstrapped, "tiny", tmp_path)
    key = {"Idempotency-Key": "e1"}
    answer = await api.post("/evaluate", json=EVALUATE, headers=key)
    assert answer.status_code == 202
    job_id, url = answer.json()["job_id"], answer.json()["status_url"]
    status = await followed(api, url)
    assert (status["status"], status["model"], status["version"], status["metrics"]) == (
        "completed",
        "tiny",
        "v1.0-finetuned",
        {"exact_match": 0.5},
    )
    assert status["reports"]["report.html"] == f"/reports/{job_id}/report.html"
    event = bootstrapped.topics.events(EvaluationCompleted)[-1]
    assert (event.job_id, event.purpose, event.scores[0].metric, event.scores[0].value) == (job_id, "request", "exact_match", 0.5)
    assert (await api.post("/evaluate", json=EVALUATE, headers=key)).json() == answer.json() | {"status": "completed"}
    assert (await api.post("/evaluate", json=EVALUATE | {"metrics": ["f1"]}, headers=key)).status_code == 409
    spec = json.loads((bootstrapped.settings.evaluations_dir() / job_id / "spec.json").read_text())
    assert (spec["items"], spec["sources"], spec["metrics"]) == ("items.jsonl", "sources.json", EVALUATE["metrics"])


async def test_a_version_of_several_models_has_to_be_named_in_full(
    api: httpx.AsyncClient, bootstrapped: Installation, tmp_path: Path
) -> None:
    """409 with the names to choose from; `model/version` and `model/current` are unambiguous."""
    register(bootstrapped, "tiny", tmp_path)
    register(bootstrapped, "other", tmp_path)
    answer = await api.post("/evaluate", json=EVALUATE)
    assert (answer.status_code, error_of(answer)["code"]) == (409, "version_ambiguous")
    assert {detail["message"] for detail in error_of(answer)["details"]} == {"tiny/v1.0-finetuned", "other/v1.0-finetuned"}
    for name in ("other/v1.0-finetuned", "tiny/current", "tiny/v0"):
        assert (await api.post("/evaluate", json=EVALUATE | {"model_version": name})).status_code == 202


@pytest.mark.parametrize(
    ("changes", "status", "code", "field"),
    [
        ({}, 404, "version_not_found", "model_version"),
        ({"model_version": "tiny/v0", "metrics": ["nonsense"]}, 422, "invalid_request", "metrics"),
        ({"model_version": "tiny/v0", "metrics": []}, 422, "invalid_request", "metrics"),
        ({"model_version": "tiny/v0", "metrics": ["f1", "response_quality"]}, 422, "invalid_request", "metrics"),
        ({"model_version": "tiny/v0", "seed": 1}, 422, "invalid_request", "seed"),
        ({"model_version": "tiny/v0", "eval_dataset": "s3://models/no"}, 404, "dataset_not_found", "eval_dataset"),
        ({"model_version": "tiny/v0", "source_documents": "s3://models/no"}, 404, "dataset_not_found", "source_documents"),
        ({"model_version": "../v0"}, 422, "invalid_request", "model_version"),
        ({"model_version": "unknown/current"}, 409, "model_not_bootstrapped", "model_version"),
    ],
)
async def test_an_evaluation_that_can_not_work_is_refused(
    api: httpx.AsyncClient, changes: dict[str, Any], status: int, code: str, field: str
) -> None:
    """A 4xx names the field and where it was looked for."""
    answer = await api.post("/evaluate", json=EVALUATE | changes)
    assert (answer.status_code, error_of(answer)["code"]) == (status, code)
    assert field in {detail["field"] for detail in error_of(answer)["details"]}


async def test_an_evaluation_survives_a_restart(bootstrapped: Installation, tmp_path: Path) -> None:
    """Accepted is accepted: the next runner does it, also when the child was at work."""
    bootstrapped.behaviour = "hang"
    bootstrapped.store.write_bytes("eval_data/sources.json", b'{"d1": "a text"}')
    async with bootstrapped.running() as supervisor, client_of(supervisor, bootstrapped) as client:
        await until(lambda: supervisor.log is not None)
        job_id = (await client.post("/evaluate", json=EVALUATE | {"model_version": "tiny/current"})).json()["job_id"]
        await until(lambda: supervisor.evaluations.status(job_id).get("step") == 1)
    bootstrapped.behaviour = ""
    async with bootstrapped.running() as supervisor:
        await until(lambda: supervisor.evaluations.status(job_id)["status"] == "completed")
    assert [event.job_id for event in bootstrapped.topics.events(EvaluationCompleted)] == [job_id]


async def test_an_evaluation_whose_child_reports_an_error_fails_with_it(bootstrapped: Installation) -> None:
    """And one whose child keeps crashing fails after three starts."""
    for behaviour, told in (("bad_base", "this is bad_base"), ("crash", "lost 3 times")):
        bootstrapped.behaviour = behaviour
        async with bootstrapped.running() as supervisor, client_of(supervisor, bootstrapped) as client:
            await until(lambda supervisor=supervisor: supervisor.log is not None)
            body = {"model_version": "tiny/current", "eval_dataset": "s3://models/up/eval.jsonl", "metrics": ["f1"]}
            url = (await client.post("/evaluate", json=body)).json()["status_url"]
            status = await followed(client, url)
        assert told in status["error"]


async def test_a_cancelled_start_that_never_ran_says_so(api: httpx.AsyncClient, bootstrapped: Installation) -> None:
    """Stage 2 drops what waits; the status must not stay pending for ever."""
    job_id = (await api.post("/finetune/start", json=START)).json()["job_id"]
    bootstrapped.topics.requests.append(request("cancel", job_id=job_id))
    status = await followed(api, f"/finetune/status?job_id={job_id}")
    assert status["error"] == "cancelled by asha before it started"


async def test_a_tainted_version_is_listed_with_what_was_trained_from_it(
    api: httpx.AsyncClient, bootstrapped: Installation, make_command: Callable[..., RetrainRequested]
) -> None:
    """Ids and reasons of what was taken back after the training, and the versions that started from its weights."""
    assert (await api.get("/finetune/tainted")).json() == {"versions": []}
    bootstrapped.ask(make_command)
    await until(lambda: bootstrapped.states() and bootstrapped.states()[-1].phase == "ended")
    first = bootstrapped.samples.collected[0]
    bootstrapped.topics.requests.append(erasure(first))
    await until(lambda: bootstrapped.states()[-1].tainted_samples == 1)
    status = (await api.get("/finetune/status?job_id=cmd-1")).json()
    assert (status["tainted"], status["tainted_samples"]) == (True, 1)
    bootstrapped.samples.collected = [correction(number) for number in range(100, 160)]
    bootstrapped.ask(make_command, command_id="cmd-2", serving_version="v1")
    await until(lambda: bootstrapped.states("cmd-2") and bootstrapped.states("cmd-2")[-1].phase == "ended")
    (listed,) = (await api.get("/finetune/tainted")).json()["versions"]
    assert listed == {"model": "tiny", "version": "v1", "samples": {first.sample_id: "erased"}, "trained_from_it": ["v2"]}
    status = (await api.get("/finetune/status?job_id=cmd-2")).json()
    assert (status["tainted"], status["tainted_samples"]) == (False, 0)
