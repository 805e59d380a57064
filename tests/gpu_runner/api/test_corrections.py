"""GET /models/{model}/corrections: what became of each correction, and the one error format for what is not there."""

from __future__ import annotations

import hashlib
import json

import httpx
from runner_fakes import Installation

from gpu_runner.api.app import create_app
from gpu_runner.dataset.memory.index import RememberedCorrection, index_file


def judged(installation: Installation, version: str, baseline: str, right: dict[str, bool], corrections: bytes) -> None:
    """A version in the store, with its record."""
    items = [
        {"item_id": name, "set": "repair", "baseline": {"em": 0.0}, "candidate": {"em": float(value), "fixed": value}}
        for name, value in right.items()
    ]
    files = {"scores": json.dumps({"items": items}).encode(), "corrections": corrections}
    record = {"baseline": {"version": baseline}} | {f"{name}_sha256": hashlib.sha256(data).hexdigest() for name, data in files.items()}
    for name, data in (files | {"decision": json.dumps(record).encode()}).items():
        installation.store.write_bytes(f"finetuned/tiny/{version}/{name}.json", data)


async def test_the_corrections_of_a_lineage_are_told_by_ids_and_states(bootstrapped: Installation) -> None:
    """Of the version that serves, or of one that is named; what can't be found says where it was looked for."""
    judged(bootstrapped, "v1", "v0", {"i1": True, "i2": True}, index_file([RememberedCorrection("s1", "s1", "hi", "g", ("i1", "i2"))]))
    judged(bootstrapped, "v2", "v1", {"v1.i1": False, "v1.i2": False}, index_file([]))
    async with bootstrapped.running() as supervisor:
        app = create_app(supervisor, bootstrapped.metrics, on_fatal=lambda _error: None)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://runner") as client:
            found = await client.get("/models/tiny/corrections?version=v2")
            assert found.status_code == 200
            assert found.json() == {
                "model": "tiny",
                "version": "v2",
                "versions": ["v0", "v1", "v2"],
                "unreadable": {},
                "rounds": [
                    {"origin": "v1", "corrections": 1, "learnt": 0, "kept": 0, "lost": 1, "not_learnt": 0, "not_asked": 0, "withdrawn": 0}
                ],
                "corrections": [
                    {
                        "id": "s1", "sample_id": "s1", "origin": "v1", "language": "hi", "now": "lost",
                        "states": {"v1": "learnt", "v2": "lost"},
                    }
                ],
            }  # fmt: skip
            serving = (await client.get("/models/tiny/corrections")).json()
            assert (serving["version"], serving["corrections"], serving["rounds"]) == ("v0", [], [])
            refused = {
                path: await client.get(f"/models/{path}")
                for path in (
                    "tiny/corrections?version=v9",
                    "nobody/corrections",
                    "No%20Slug/corrections",
                    "tiny/corrections?version=..%2Fx",
                )
            }
    assert [answer.status_code for answer in refused.values()] == [404, 404, 422, 422]
    assert [answer.json()["error"]["code"] for answer in refused.values()] == [
        "version_not_found", "model_not_found", "invalid_request", "invalid_request",
    ]  # fmt: skip
    assert all(answer.json()["error"]["details"] for answer in refused.values())
