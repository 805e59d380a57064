"""GET /reports/<job id>/<file>: the reports of a job, from the runner's disk or their copy in the store.

They hold users' words and what models answered: a page gets a policy that lets it load nothing, ask nothing and be framed nowhere.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

from fastapi import APIRouter, Response
from fastapi import Path as InPath

from gpu_runner.evaluate.report import FILES, HTML, MARKDOWN, RESULTS
from gpu_runner.jobs.report_files import report_folder, report_key
from gpu_runner.supervisor import Supervisor
from runtime.artifacts.store import ArtifactError, ArtifactMissing, ArtifactStore
from runtime.http_errors import ApiError

_TYPES: Final = {
    HTML: "text/html; charset=utf-8",
    MARKDOWN: "text/markdown; charset=utf-8",
    RESULTS: "application/json",
}
# The file's own policy names the hashes of its script and style; a browser keeps both.
_POLICY: Final = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; connect-src 'none'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; sandbox allow-scripts allow-modals"
)
_HEADERS: Final = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    # What is taken back must not go on living in a cache.
    "Cache-Control": "no-store",
}


def report_links(job_id: str) -> dict[str, str]:
    """Where the reports of a job are served, by file name."""
    return {name: f"/reports/{job_id}/{name}" for name in FILES}


def report_routes(supervisor: Supervisor) -> APIRouter:
    """The endpoint over one supervisor."""
    router = APIRouter(prefix="/reports")
    threads = supervisor.request_threads

    @router.get("/{job_id}/{name}", response_class=Response)
    async def report(job_id: Annotated[str, InPath(min_length=1, max_length=200)], name: str) -> Response:
        """One of results.json, report.md and report.html; 404 for another name, and where the job has no reports."""
        if name not in FILES:
            raise ApiError(404, "report_not_found", f"no such report: expected one of {', '.join(FILES)}", [("name", "not one of these")])
        folder = report_folder(supervisor.settings.eval_reports_dir, job_id)
        data = await threads.folder(_on_disk, folder / name)
        version = await threads.folder(_version, supervisor, job_id) if data is None else None
        if version is not None:
            data = await threads.store(_stored, supervisor.store, f"{report_key(*version, job_id)}/{name}")
        if data is None:
            looked = f"looked for it in {folder}" + (" and in the store beside the version" if version else "")
            raise ApiError(
                404, "report_not_found", "no such report: the job is unknown, or has not been evaluated yet", [("job_id", looked)]
            )
        return Response(data, media_type=_TYPES[name], headers=_HEADERS)

    return router


def _on_disk(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None


def _version(supervisor: Supervisor, job_id: str) -> tuple[str, str] | None:
    """The model and version that a job made or evaluated; None for one that nobody knows, or while Kafka is away."""
    asked = supervisor.evaluations.request(job_id)
    if asked is not None:
        return asked.model, asked.version
    trained = supervisor.log.read_model.jobs.get(job_id) if supervisor.log is not None else None
    return None if trained is None else (trained.model, trained.version)


def _stored(store: ArtifactStore, key: str) -> bytes | None:
    try:
        return store.read_bytes(key)
    except ArtifactMissing:
        return None
    except ArtifactError as error:
        raise ApiError(503, "store_unavailable", f"the artifact store can't be read: {error}", headers={"Retry-After": "5"}) from error
