"""The list of corrections that a version learnt, as it is stored beside the version since it was judged. Blocking."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final

import structlog

from gpu_runner.dataset.memory.index import RememberedCorrection, read_index
from gpu_runner.versions.registry import version_key
from runtime.artifacts.store import ArtifactError, ArtifactStore

INDEX: Final = "corrections.json"
_log = structlog.get_logger(__name__)


def stored_index(store: ArtifactStore, model: str, version: str, record: Mapping[str, Any]) -> tuple[RememberedCorrection, ...] | None:
    """The list that the version's record names by its hash; None of a release that kept none, and where another one lies there.

    Without it the list is made of the items that are still there.
    """
    if (expected := record.get("corrections_sha256")) is None:
        return None
    key = f"{version_key(model, version)}/{INDEX}"
    try:
        content = store.read_bytes(key)
        if sha256(content).hexdigest() != expected:
            raise ValueError(f"{INDEX} is not the one that the version's record names")
        return read_index(content)
    except (ArtifactError, OSError, ValueError, LookupError, TypeError) as error:
        _log.warning("the corrections of a version can't be read", model=model, version=version, error=str(error))
        return None
