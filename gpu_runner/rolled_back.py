"""Which artifacts were rolled back: their records lie beside them, so the answer does not expire with a topic."""

from __future__ import annotations

from producers.artifact_store.artifacts import ArtifactStore, read_stored_json


def rolled_back_artifacts(store: ArtifactStore, model: str) -> frozenset[str]:
    """The sha256 of every artifact of a model that a rollback took out of service and no person promoted since."""
    newest: dict[str, tuple[str, str]] = {}
    for key in store.list(f"finetuned/{model}"):
        if "/decisions/" not in key:
            continue
        record = read_stored_json(store, key)
        if not record.get("applied"):
            continue
        sha256, at = record["artifact"]["sha256"], record["decided_at"]
        if sha256 not in newest or at > newest[sha256][0]:
            newest[sha256] = (at, record["verdict"])
    return frozenset(sha256 for sha256, (_, verdict) in newest.items() if verdict == "rollback")
