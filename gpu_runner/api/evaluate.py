"""POST /evaluate and GET /evaluate/status: the seed's fields; the job is on disk before the answer."""

from __future__ import annotations

import re
from dataclasses import asdict, replace
from typing import Annotated, Any, Final
from uuid import uuid4

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from gpu_runner.api.finetune import MAX_BODY_BYTES, IdempotencyKey, session_log
from gpu_runner.api.reports import report_links
from gpu_runner.api.request_check import FileChecks
from gpu_runner.evaluate.score import JUDGED_METRICS, KNOWN_METRICS
from gpu_runner.jobs.evaluation import EvaluationRequest, evaluation_job_id
from gpu_runner.jobs.first_rows import check_items, check_sources
from gpu_runner.supervisor import Supervisor
from gpu_runner.versions.registry import RegisteredVersion, VersionAmbiguous, find_version
from runtime.artifacts.store import ArtifactError, ArtifactMissing
from runtime.http_body import described_body, schema_of, submitted
from runtime.http_errors import ApiError
from schemas.fields import NoControlCharacters
from schemas.model_name import model_slug

_JOB_ID: Final = re.compile(r"[a-z]+-[0-9a-f]{24}")
DataFileName = Annotated[str, Field(min_length=1, max_length=1000), NoControlCharacters]


class EvaluateBody(BaseModel):
    """The seed's body; `model_version` is a version, `model/version`, or `model/current`."""

    model_config = ConfigDict(extra="forbid", protected_namespaces=())

    model_version: Annotated[str, Field(min_length=1, max_length=200), NoControlCharacters]
    eval_dataset: DataFileName
    metrics: list[str] = Field(min_length=1, max_length=50)
    source_documents: DataFileName | None = None


AskedEvaluation = Annotated[EvaluateBody, Depends(submitted(EvaluateBody, max_bytes=MAX_BODY_BYTES))]


def evaluate_routes(supervisor: Supervisor) -> APIRouter:
    """The two endpoints over one supervisor."""
    router = APIRouter(prefix="/evaluate")
    threads = supervisor.request_threads

    @router.post("", status_code=202, openapi_extra=described_body(schema_of(EvaluateBody)))
    async def evaluate(body: AskedEvaluation, idempotency_key: IdempotencyKey = None) -> dict[str, str]:
        """Takes an evaluation on; it runs when no training does."""
        _check_metrics(body.metrics, judge=supervisor.settings.judge() is not None)
        job_id = evaluation_job_id(f"evaluate:{idempotency_key or uuid4().hex}")
        known = await threads.folder(supervisor.evaluations.request, job_id)
        if known is None:
            version = await threads.store(_version, body.model_version, supervisor)
            await threads.store(_check_files, body, supervisor)
            asked = EvaluationRequest(
                job_id, version.model, version.version, body.eval_dataset, tuple(dict.fromkeys(body.metrics)), body.source_documents,
                supervisor.now().isoformat(),
            )  # fmt: skip
            await threads.folder(supervisor.evaluations.accept, asked)
            supervisor.evaluation_accepted()
        else:
            _same(known, body)
        status = await threads.folder(supervisor.evaluations.status, job_id)
        return {"job_id": job_id, "status": str(status["status"]), "status_url": f"/evaluate/status?job_id={job_id}"}

    @router.get("/status")
    async def status(job_id: Annotated[str, Query(min_length=1, max_length=200)]) -> dict[str, Any]:
        """Where an evaluation stands, and its figures when it is done."""
        # Another id is no name of ours, and may be no name of a folder at all.
        known = _JOB_ID.fullmatch(job_id) is not None
        request = await threads.folder(supervisor.evaluations.request, job_id) if known else None
        if request is None:
            looked = f"looked for it under {supervisor.settings.evaluations_dir()}"
            raise ApiError(
                404, "job_not_found", "no such evaluation: expected the job_id that POST /evaluate answered", [("job_id", looked)]
            )
        state = await threads.folder(supervisor.evaluations.status, job_id)
        reports = report_links(job_id) if state["status"] == "completed" else None
        return asdict(request) | {"metrics_requested": list(request.metrics), "metrics": {}, "reports": reports} | state

    return router


def _check_metrics(metrics: list[str], *, judge: bool) -> None:
    known = {*KNOWN_METRICS, *JUDGED_METRICS}
    unknown, judged = sorted(set(metrics) - known), sorted(set(metrics).intersection(JUDGED_METRICS))
    if judged and not judge:
        raise ApiError(
            422, "invalid_request", "metrics asks for a judge's figures and none is configured: set JUDGE_URL and JUDGE_MODEL",
            [("metrics", f"{name!r} needs a judge") for name in judged],
        )  # fmt: skip
    if unknown:
        raise ApiError(
            422, "invalid_request", f"metrics has unknown names: expected some of {', '.join(sorted(known))}",
            [("metrics", f"{name[:60]!r} is unknown") for name in unknown],
        )  # fmt: skip


def _version(name: str, supervisor: Supervisor) -> RegisteredVersion:
    try:
        name = _named(name)
        model, _, version = name.rpartition("/")
        if version == "current":
            serving = session_log(supervisor).read_model.current.get(model)
            if serving is None:
                raise ApiError(
                    409,
                    "model_not_bootstrapped",
                    f"{model} serves nothing: run `abhyas bootstrap --model {model} …`",
                    [("model_version", name)],
                )
            name = f"{model}/{serving.version}"
        return find_version(supervisor.store, name)
    except VersionAmbiguous as error:
        raise ApiError(409, "version_ambiguous", str(error), [("model_version", f"{found}/{name}") for found in error.models]) from error
    except ArtifactMissing as error:
        reason = f"{error}; `abhyas register` registers a version that was made elsewhere"
        raise ApiError(404, "version_not_found", reason, [("model_version", reason)]) from error
    except ArtifactError as error:
        raise ApiError(422, "invalid_request", str(error), [("model_version", str(error))]) from error


def _named(name: str) -> str:
    """`model/version` with the model's slug, as everything of a model is kept under it; raises ApiError 422 for a name without one."""
    model, _, version = name.rpartition("/")
    try:
        return f"{model_slug(model)}/{version}" if model else name
    except ValueError as error:
        raise ApiError(422, "invalid_request", f"model_version: {error}", [("model_version", str(error))]) from None


def _check_files(body: EvaluateBody, supervisor: Supervisor) -> None:
    files = FileChecks(supervisor)
    files.look("eval_dataset", body.eval_dataset, check_items)
    if body.source_documents is not None:
        files.look("source_documents", body.source_documents, check_sources)
    files.refuse()


def _same(known: EvaluationRequest, body: EvaluateBody) -> None:
    asked = replace(
        known, eval_dataset=body.eval_dataset, metrics=tuple(dict.fromkeys(body.metrics)), source_documents=body.source_documents
    )
    version_differs = _named(body.model_version) not in (known.version, f"{known.model}/{known.version}", f"{known.model}/current")
    if asked != known or version_differs:
        raise ApiError(409, "idempotency_key_reused", "this Idempotency-Key was used for another evaluation: use a new key for a new one")
