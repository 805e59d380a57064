"""The files of one training job, DATA_DIR/jobs/<job id>/: what is there says how far the job got.

`spec.json` is written when the dataset is whole, and training starts after it: from then on the dataset is pinned.
`result.json` is written last by the child.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from gpu_runner.dataset.folder import FILES
from gpu_runner.dataset.rows import answers_to
from gpu_runner.errors import JobInterrupted, JobRefused
from gpu_runner.event_log.withdrawals import KnownSample, Reason, known_samples
from gpu_runner.jobs.sample_lines import forget_lines, keep_lines
from gpu_runner.json_files import read_json, write_json
from gpu_runner.train.told import ANSWERS as TOLD_ANSWERS
from gpu_runner.versions.keys import WITHDRAWALS_FILE, folder_name
from runtime.artifacts.content_hash import file_sha256, folder_sha256
from schemas.reading.json_lines import own_lines

MEMO: Final = WITHDRAWALS_FILE
# Everything that holds rows, or weights made of them; `discard` removes it.
_MADE_OF_ROWS: Final = ("dataset", "drift", ".dataset.part", ".dataset.old", "registered", "checkpoints", "adapter", "merged", "evaluation")


class JobFolder:
    """Paths of a job's files and what they hold."""

    def __init__(self, jobs_dir: Path, job_id: str) -> None:
        # Absolute: the spec names it to a child.
        self.path = (jobs_dir / folder_name(job_id)).absolute()
        self.dataset = self.path / "dataset"
        self.spec = self.path / "spec.json"
        self.result = self.path / "result.json"
        self.prepared = self.path / "prepared.json"
        self.log = self.path / "child.log"
        self.leased_documents = self.path / "drift" / "leased.jsonl"

    def make(self) -> None:
        """Makes the folder; raises JobInterrupted where it can't be made."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise JobInterrupted(f"job folder {self.path} can't be made: {error}") from error

    def started_at(self, attempt: int, now: datetime) -> datetime:
        """When this attempt first ran; `now` is remembered the first time. `RUN_MAX_HOURS` counts from here, restarts included."""
        path = self.path / "attempts.json"
        attempts = read_json(path) or {}
        known = attempts.get(str(attempt))
        if isinstance(known, str):
            return datetime.fromisoformat(known)
        write_json(path, attempts | {str(attempt): now.isoformat()})
        return now

    def made_of(self) -> tuple[str, dict[str, KnownSample]] | None:
        """The model, and its samples that the dataset is made of; None where none was prepared."""
        prepared = read_json(self.prepared)
        return None if prepared is None else (str(prepared["model"]), known_samples(prepared["samples"]))

    def settle_trained(self, result: Mapping[str, Any]) -> dict[str, Any] | None:
        """What `prepared.json` says, in which the samples that the child left out are no longer among the trained ones.

        None where there is no such file; the same result gives the same file.
        """
        prepared = read_json(self.prepared)
        left_out = set((result.get("left_out") or {}).get("samples", ()))
        if prepared is None or not left_out.intersection(prepared["sample_ids"]):
            return prepared
        prepared["sample_ids"] = [sample_id for sample_id in prepared["sample_ids"] if sample_id not in left_out]
        for sample_id in left_out & prepared["samples"].keys():
            prepared["samples"][sample_id]["trained"] = False
        write_json(self.prepared, prepared)
        return prepared

    def has_forgotten(self) -> bool:
        """Whether anything was taken out of the files of a job that has trained."""
        return (self.path / MEMO).is_file()

    def discard(self) -> None:
        """Removes the dataset and everything made of it, so that the job is prepared anew.

        `spec.json` goes first, so that nothing half-removed is trained on; `prepared.json`, which says whose text is here, last.
        """
        for path in (self.spec, self.result):
            path.unlink(missing_ok=True)
        for name in _MADE_OF_ROWS:
            if (self.path / name).exists():
                shutil.rmtree(self.path / name)
        self.prepared.unlink(missing_ok=True)

    def forget(self, withdrawn: Mapping[str, Reason], *, answers: bool) -> None:
        """Takes rows, items and (where no child writes them) the models' answers of the samples out of a job that has trained.

        The hashes in `spec.json` stay: they say what was trained on.
        """
        for name in FILES:
            forget_lines(self.dataset / f"{name}.jsonl", withdrawn)
        forget_lines(self.leased_documents, withdrawn)
        if answers:
            # By what is left to ask, and not by what was just removed: that may have happened while the answers were written.
            items = self.dataset / "evaluation.jsonl"
            left = {str(row["id"]) for _, row in own_lines(items.read_bytes())} if items.is_file() else set()
            path = self.path / "evaluation" / "answers.jsonl"
            if path.is_file():
                keep_lines(path, answers_to(left, path.read_bytes()))
            # What a baseline answered that was told corrections may repeat any of them; its figures are there already.
            (self.path / "evaluation" / TOLD_ANSWERS).unlink(missing_ok=True)
            write_json(self.path / MEMO, (read_json(self.path / MEMO) or {}) | dict(withdrawn))

    def pinned_spec(self, attempt: int) -> dict[str, Any] | None:
        """The spec of a run that has started, its dataset verified, of this attempt from now on; None where training has not started yet.

        Raises JobRefused for a dataset that no longer is what the spec says.
        """
        spec = read_json(self.spec)
        if spec is None or read_json(self.prepared) is None:
            return None
        for name, sha256 in spec["dataset"]["sha256"].items():
            path = self.path / spec["dataset"][name]
            if not path.is_file() or file_sha256(path) != sha256:
                raise JobRefused(f"{path} differs from the sha256 in spec.json: the dataset was changed while the job ran")
        if spec["attempt"] != attempt:
            spec["attempt"] = attempt
            write_json(self.spec, spec)
        return spec

    def verified_result(self) -> dict[str, Any] | None:
        """The child's result where every artifact is what it says; None where there is none, or a file is missing or differs."""
        result = read_json(self.result)
        if result is None:
            return None
        try:
            whole = all(folder_sha256(self.path / result[part]["path"]) == result[part]["sha256"] for part in ("adapter", "merged"))
            whole = whole and file_sha256(self.path / result["scores"]) == result["scores_sha256"]
        except (OSError, KeyError, TypeError):
            return None
        return result if whole else None
