"""GET /reports: the reports of a job, and of no other file."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable

import httpx
import pytest
from runner_fakes import Installation, erasure, until

from gpu_runner.api.app import create_app
from schemas.events.retrain_requested import RetrainRequested

FILES = {"report.html": "text/html; charset=utf-8", "report.md": "text/markdown; charset=utf-8", "results.json": "application/json"}


async def test_a_jobs_reports_are_served_from_disk_or_store_and_what_is_taken_back_is_not(
    bootstrapped: Installation, make_command: Callable[..., RetrainRequested]
) -> None:
    """Linked from the status once decided; a page may load nothing and is kept nowhere; after an erasure its words are in no answer."""
    bootstrapped.ask(make_command)
    async with bootstrapped.running() as supervisor:
        app = create_app(supervisor, bootstrapped.metrics, on_fatal=lambda _error: None)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://runner") as client:
            await until(lambda: bootstrapped.states() and bootstrapped.states()[-1].phase == "ended")
            links = (await client.get("/finetune/status?job_id=cmd-1")).json()["reports"]
            assert links == {name: f"/reports/cmd-1/{name}" for name in FILES}
            answers = {name: await client.get(link) for name, link in links.items()}
            assert {name: answer.headers["content-type"] for name, answer in answers.items()} == FILES
            for answer in answers.values():
                policy = answer.headers["content-security-policy"]
                assert "default-src 'none'" in policy
                assert "frame-ancestors 'none'" in policy
                assert (answer.headers["cache-control"], answer.headers["x-content-type-options"]) == ("no-store", "nosniff")
            texts = answers["results.json"].json()["texts"]
            sample = next(one for one in bootstrapped.samples.collected if f'"{one.sample_id}"' in json.dumps(texts))

            shutil.rmtree(bootstrapped.settings.eval_reports_dir)
            assert {name: (await client.get(link)).content for name, link in links.items()} == {
                name: answer.content for name, answer in answers.items()
            }
            bootstrapped.topics.requests.append(erasure(sample))
            await until(lambda: bootstrapped.states()[-1].tainted_samples == 1)
            left = json.loads((await client.get(links["results.json"])).content)
            assert sample.sample_id not in json.dumps(left["texts"])
            assert sample.query not in (await client.get(links["report.html"])).text
            assert left["items"] == answers["results.json"].json()["items"]


@pytest.mark.parametrize(
    "path",
    ["cmd-1/scores.json", "cmd-1/samples.json", "../data/x", "%2e%2e/report.html", "..%2f..%2fetc/report.html", "nobody/report.html"],
)
async def test_nothing_else_is_served(installation: Installation, path: str) -> None:
    """Another name, a way out of the folder, and a job that nobody knows: 404 in the one format."""
    secret = installation.settings.eval_reports_dir.parent / "report.html"
    secret.write_text("secret")
    folder = installation.settings.eval_reports_dir / "cmd-1"
    folder.mkdir(parents=True)
    for name in ("scores.json", "samples.json"):
        (folder / name).write_text("secret")
    app = create_app(installation.supervisor(), installation.metrics, on_fatal=lambda _error: None)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://runner") as client:
        answer = await client.get(f"/reports/{path}")
    assert answer.status_code == 404
    assert "secret" not in answer.text
    assert set(answer.json()) == {"error"}
