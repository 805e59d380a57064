"""GET /models/{model}/corrections: what each version of a model's lineage made of each correction; ids and states, no word of a user."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi import Path as InPath

from gpu_runner.api.finetune import session_log
from gpu_runner.supervisor import Supervisor
from gpu_runner.versions.corrections.stored import stored_matrix
from gpu_runner.versions.registry import read_record
from runtime.artifacts.store import ArtifactError, ArtifactStore
from runtime.http_errors import ApiError

Version = Annotated[str | None, Query(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$", description="Default: the one that serves.")]


def correction_routes(supervisor: Supervisor) -> APIRouter:
    """The endpoint over one supervisor."""
    router = APIRouter(prefix="/models")

    @router.get("/{model}/corrections")
    async def corrections(model: Annotated[str, InPath(pattern=r"^[a-z0-9][a-z0-9._-]{0,99}$")], version: Version = None) -> dict[str, Any]:
        """The corrections of the lineage of a version, by the round that learnt each, with their state in every version since."""
        asked = version or _serving(supervisor, model)
        try:
            found = await supervisor.request_threads.store(_matrix, supervisor.store, model, asked)
        except ArtifactError as error:
            raise ApiError(503, "store_unavailable", f"the artifact store can't be read: {error}", headers={"Retry-After": "5"}) from error
        if found is None:
            message = f"no such version: looked for finetuned/{model}/<version>/decision.json and registration.json"
            raise ApiError(404, "version_not_found", message, [("version", message)])
        return found

    return router


def _serving(supervisor: Supervisor, model: str) -> str:
    serving = session_log(supervisor).read_model.current.get(model)
    if serving is None:
        message = "no version of this model serves: expected a model that is bootstrapped; looked for it in model.current"
        raise ApiError(404, "model_not_found", message, [("model", message)])
    return serving.version


def _matrix(store: ArtifactStore, model: str, version: str) -> dict[str, Any] | None:
    """None where nothing is known of the version."""
    if read_record(store, model, version) is None:
        return None
    matrix = stored_matrix(store, model, version)
    return {
        "model": model,
        "version": version,
        "versions": list(matrix.versions),
        "unreadable": dict(matrix.faults),
        "rounds": matrix.rounds(),
        "corrections": [one.as_dict() for one in matrix.corrections],
    }
