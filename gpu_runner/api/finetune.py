"""POST /finetune/start, GET /finetune/status and /finetune/tainted: the seed's fields, checked before anything is promised."""

from __future__ import annotations

import hashlib
from typing import Annotated, Any, Final
from uuid import uuid4

from fastapi import APIRouter, Depends, Header, Query
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gpu_runner.api.finetune_status import finetune_status
from gpu_runner.api.request_check import FileChecks
from gpu_runner.errors import NotConnected
from gpu_runner.event_log.commit import EventLog
from gpu_runner.jobs.erase_files import tainted_versions, trained_from
from gpu_runner.jobs.first_rows import check_dataset
from gpu_runner.supervisor import Supervisor
from gpu_runner.versions.base_models import BaseNotFound, find_base, slug_of, training_base
from runtime.artifacts.store import ArtifactError, ArtifactStore
from runtime.http_body import described_body, schema_of, submitted
from runtime.http_errors import ApiError, Details, validation_details
from schemas.events.operator_requested import OperatorRequested
from schemas.fields import Hyperparameters, NoControlCharacters

ACTOR: Final = "api"

IdempotencyKey = Annotated[str | None, Header(alias="Idempotency-Key", min_length=1, max_length=200, pattern=r"^[^\s\x00-\x1f\x7f-\x9f]+$")]
# Larger than any request: paths, names and a few numbers.
MAX_BODY_BYTES: Final = 256 * 1024


class FinetuneStart(BaseModel):
    """The seed's body, nothing more: an unknown field is a caller's mistake."""

    model_config = ConfigDict(extra="forbid")

    base_model: Annotated[str, Field(min_length=1, max_length=300), NoControlCharacters]
    dataset_path: Annotated[str, Field(min_length=1, max_length=1000), NoControlCharacters]
    hyperparameters: Hyperparameters = Hyperparameters()


StartBody = Annotated[FinetuneStart, Depends(submitted(FinetuneStart, max_bytes=MAX_BODY_BYTES))]


def finetune_job_id(request_id: str) -> str:
    """The job id of a request: the same `Idempotency-Key`, the same job."""
    return "job-" + hashlib.sha256(request_id.encode()).hexdigest()[:24]


def session_log(supervisor: Supervisor) -> EventLog:
    """The session's log; raises ApiError 503 while Kafka is away."""
    try:
        return supervisor.connected()
    except NotConnected as error:
        raise ApiError(
            503, "kafka_unavailable", f"Kafka can't be reached now ({error}): try again later", headers={"Retry-After": "5"}
        ) from error


def finetune_routes(supervisor: Supervisor) -> APIRouter:
    """The endpoints over one supervisor."""
    router = APIRouter(prefix="/finetune")

    @router.post("/start", status_code=202, openapi_extra=described_body(schema_of(FinetuneStart)))
    async def start(body: StartBody, idempotency_key: IdempotencyKey = None) -> dict[str, str]:
        """Asks stage 2 for a run of this base model on its pending batch and this dataset."""
        log = session_log(supervisor)
        request_id = f"finetune:{idempotency_key or uuid4().hex}"
        job_id = finetune_job_id(request_id)
        request = _request(body, supervisor, request_id, job_id)
        known = log.read_model.starts.get(job_id)
        if known is not None:
            _same(known, request)
        else:
            await supervisor.request_threads.store(check_start, body, request.model, supervisor, log)
            try:
                await log.commit(request)
            except NotConnected as error:
                raise ApiError(503, "kafka_unavailable", f"{error}: try again with the same Idempotency-Key") from error
        status = finetune_status(log.read_model, job_id) or {"status": "pending"}
        return {"job_id": job_id, "status": str(status["status"]), "status_url": f"/finetune/status?job_id={job_id}"}

    @router.get("/status")
    async def status(job_id: Annotated[str, Query(min_length=1, max_length=200)]) -> dict[str, Any]:
        """Where a job stands, by its own id or that of a request merged into it."""
        found = finetune_status(session_log(supervisor).read_model, job_id)
        if found is None:
            raise ApiError(
                404, "job_not_found", "no such job: expected a job_id of /finetune/start, or a command id of retrain.requested",
                [("job_id", "looked for it in training.state, retrain.requested and operator.requested")],
            )  # fmt: skip
        return found

    @router.get("/tainted")
    async def tainted() -> dict[str, Any]:
        """Versions that were trained on samples taken back since: ids and reasons, and what was trained from them."""
        try:
            versions = await supervisor.request_threads.store(_tainted, supervisor.store)
        except ArtifactError as error:
            raise ApiError(503, "store_unavailable", f"the artifact store can't be read: {error}", headers={"Retry-After": "5"}) from error
        return {"versions": versions}

    return router


def _tainted(store: ArtifactStore) -> list[dict[str, Any]]:
    return [
        {"model": one.model, "version": one.version, "samples": dict(one.samples), "trained_from_it": trained_from(store, one)}
        for one in tainted_versions(store)
    ]


def check_start(body: FinetuneStart, model: str, supervisor: Supervisor, log: EventLog) -> None:
    """Raises ApiError that names everything missing, and where it was looked for, or the row that can't be trained on. Blocking."""
    settings, store = supervisor.settings, supervisor.store
    serving = log.read_model.current.get(model)
    missing: list[tuple[str, str, str]] = []
    if serving is None:
        try:
            find_base(_named(body.base_model, supervisor), store=store, models_dir=settings.models_dir, data_dir=settings.data_dir)
        except BaseNotFound as error:
            missing.append(("base_model_not_found", "base_model", str(error)))
        command = f"`abhyas bootstrap --model {model} --documents FILE --eval FILE`"
        reason = f"{model} is not bootstrapped: run {command}; looked for it in model.current"
        missing.append(("model_not_bootstrapped", "base_model", reason))
    elif training_base(serving.base_model).lower() != training_base(_named(body.base_model, supervisor)).lower():
        reason = f"{model} was bootstrapped from {serving.base_model}: expected that base model"
        raise ApiError(409, "base_model_mismatch", reason, [("base_model", reason)])
    elif short := [guard for guard in serving.gate_guards if guard.items < guard.least]:
        counts = ", ".join(f"{guard.name} has {guard.items} of {guard.least} items" for guard in short)
        reason = f"the gate could promote nothing of {model}: {counts}"
        raise ApiError(409, "guards_too_small", f"{reason}; its bootstrap's decision says what helps", [("base_model", reason)])
    files = FileChecks(supervisor)
    files.look("dataset_path", body.dataset_path, check_dataset)
    missing += [("dataset_not_found", field, message) for field, message in files.missing]
    if missing:
        details: Details = [(field, message) for _, field, message in missing]
        status = 409 if {code for code, _, _ in missing} == {"model_not_bootstrapped"} else 404
        raise ApiError(status, missing[0][0], "; ".join(message for _, _, message in missing), details)
    files.refuse()


def _named(base_model: str, supervisor: Supervisor) -> str:
    """`standard` and `longctx` stand for LLM_MODEL_STANDARD and LLM_MODEL_LONGCTX."""
    settings = supervisor.settings
    return {"standard": settings.llm_model_standard, "longctx": settings.llm_model_longctx}.get(base_model, base_model)


def _request(body: FinetuneStart, supervisor: Supervisor, request_id: str, job_id: str) -> OperatorRequested:
    base_model = _named(body.base_model, supervisor)
    try:
        return OperatorRequested(
            request_id=request_id, action="start", model=slug_of(base_model), actor=ACTOR, job_id=job_id,
            base_model=base_model, dataset_path=body.dataset_path, hyperparameters=body.hyperparameters,
        )  # fmt: skip
    except ValidationError as error:
        raise ApiError(422, "invalid_request", "the request is not valid", validation_details(error)) from error
    except ValueError as error:
        raise ApiError(422, "invalid_request", str(error), [("base_model", str(error))]) from error


def _same(known: OperatorRequested, asked: OperatorRequested) -> None:
    differing = [
        name for name in ("model", "base_model", "dataset_path", "hyperparameters") if getattr(known, name) != getattr(asked, name)
    ]
    if differing:
        raise ApiError(
            409, "idempotency_key_reused", "this Idempotency-Key was used for another request: use a new key for a new request",
            [(name, "differs from the first request of this key") for name in differing],
        )  # fmt: skip
