"""Evaluations that a person asked for: durable on disk before the answer, and run again after a restart.

DATA_DIR/evaluations/<job id>/ holds request.json (what was asked, never changed), status.json, and the child's files.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from gpu_runner.jobs.folder import JobFolder
from gpu_runner.json_files import read_json, write_json

ENDED: Final = frozenset({"completed", "failed", "cancelled"})


@dataclass(frozen=True, slots=True)
class EvaluationRequest:
    """What was asked; `model` and `version` are resolved, the files are named as the caller named them."""

    job_id: str
    model: str
    version: str
    eval_dataset: str
    metrics: tuple[str, ...]
    source_documents: str | None
    accepted_at: str


def evaluation_job_id(key: str) -> str:
    """The job id of a caller's key: the same key, the same job."""
    return "eval-" + hashlib.sha256(key.encode()).hexdigest()[:24]


class EvaluationJobs:
    """The evaluation folders of a data directory; the files are the state.

    Those that have not ended are remembered: every folder is read once, at the first question. One runner has the directory.
    """

    def __init__(self, folder: Path, now: Callable[[], datetime]) -> None:
        self._folder = folder
        self._now = now
        self._open: dict[str, EvaluationRequest] | None = None
        self._changing = threading.Lock()  # each call comes from another thread

    def folder(self, job_id: str) -> JobFolder:
        """The files of a job."""
        return JobFolder(self._folder, job_id)

    def accept(self, request: EvaluationRequest) -> EvaluationRequest:
        """Keeps a request for good and returns what is kept under its id: a retry gets the first one back. Blocking."""
        folder = self.folder(request.job_id)
        known = self.request(request.job_id)
        if known is not None:
            return known
        folder.make()
        write_json(folder.path / "status.json", {"status": "queued", "attempt": 0, "updated_at": self._now().isoformat()})
        write_json(folder.path / "request.json", asdict(request))
        with self._changing:
            if self._open is not None:
                self._open[request.job_id] = request
        return request

    def request(self, job_id: str) -> EvaluationRequest | None:
        """The request of a job; None where there is no such job."""
        whole = read_json(self.folder(job_id).path / "request.json")
        if whole is None or whole.get("job_id") != job_id:
            return None
        return EvaluationRequest(**(whole | {"metrics": tuple(whole["metrics"])}))

    def status(self, job_id: str) -> dict[str, Any]:
        """The newest status of a job that exists."""
        return read_json(self.folder(job_id).path / "status.json") or {"status": "queued", "attempt": 0}

    def set_status(self, job_id: str, **changes: object) -> None:
        """Changes the status, with the time."""
        changed = self.status(job_id) | changes | {"updated_at": self._now().isoformat()}
        with self._changing:  # who sees that it has ended doesn't see it wait
            write_json(self.folder(job_id).path / "status.json", changed)
            if changed["status"] in ENDED and self._open is not None:
                self._open.pop(job_id, None)

    def queue_again(self, job_id: str, **changes: object) -> None:
        """The job waits once more, behind everything that waits now: one that is lost again and again holds nobody up."""
        at = self._now().isoformat()
        self.set_status(job_id, status="queued", queued_at=at, **changes)
        with self._changing:
            if self._open is not None and job_id in self._open:
                self._open[job_id] = replace(self._open[job_id], accepted_at=at)

    def waiting(self) -> list[EvaluationRequest]:
        """Jobs that have not ended, those that wait longest first; their folders survive a restart, so they do.

        `accepted_at` is when the job was queued last.
        """
        with self._changing:
            if self._open is None:
                self._open = {request.job_id: request for request in self._scan()}
            return sorted(self._open.values(), key=lambda request: (request.accepted_at, request.job_id))

    def _scan(self) -> list[EvaluationRequest]:
        found = []
        for path in self._folder.glob("*/request.json") if self._folder.is_dir() else ():
            status = read_json(path.with_name("status.json")) or {}
            whole = None if status.get("status") in ENDED else read_json(path)
            request = self.request(str(whole["job_id"])) if whole else None
            if request is not None:
                found.append(replace(request, accepted_at=str(status.get("queued_at", request.accepted_at))))
        return found
