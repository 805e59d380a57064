"""The items that a model was bootstrapped with never change: whether they still are what the record names."""

from __future__ import annotations

from hashlib import sha256

from gpu_runner.versions.gate_policy_file import FIRST
from gpu_runner.versions.keys import MODEL_ITEMS
from gpu_runner.versions.registry import read_record
from runtime.artifacts.store import ArtifactError, ArtifactStore


def pinned_fault(store: ArtifactStore, model: str) -> str | None:
    """Why the model's pinned items can't be trusted; None where they are those of the bootstrap, or its record names none."""
    expected = (read_record(store, model, FIRST) or {}).get("items_sha256")
    if expected is None:
        return None
    key = MODEL_ITEMS.format(model=model)
    try:
        found = sha256(store.read_bytes(key)).hexdigest()
    except ArtifactError as error:
        return f"the model's pinned items are gone: {error}"
    if found != expected:
        return (
            f"the pinned items {key} have sha256 {found[:12]}, the bootstrap of {model} wrote {str(expected)[:12]}: put the original back"
        )
    return None
