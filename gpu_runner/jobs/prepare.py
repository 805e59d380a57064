"""From an accepted command to a job folder that a child can train on: samples, replay, items and the weights to start from."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from gpu_runner.dataset.fields import DataError
from gpu_runner.dataset.firewall.embedder import installed_embedder
from gpu_runner.dataset.memory.sampling import MemoryTurn
from gpu_runner.dataset.prepare import NoData, PreparedDataset, PrepareRequest, prepare
from gpu_runner.dataset.rows import EvaluationItem, TrainingRow, is_replayed, load_evaluation_items, load_training_rows
from gpu_runner.errors import JobRefused, JobWithoutData
from gpu_runner.event_log.withdrawals import KnownSample, Withdrawals
from gpu_runner.gate.policy import PolicyError
from gpu_runner.jobs.data_files import DataFileMissing, find_data_file
from gpu_runner.jobs.folder import JobFolder
from gpu_runner.jobs.leased_samples import LeasedSamples, said
from gpu_runner.json_files import write_json
from gpu_runner.settings import RunnerSettings
from gpu_runner.versions.drift_documents import leased_rows, write_rows
from gpu_runner.versions.gate_policy_file import ActivePolicy, active_policy
from gpu_runner.versions.holdout import KeyChange, after_changes, current_key_id, holdout_record, key_changes, leaked_before
from gpu_runner.versions.keys import MODEL_ITEMS, MODEL_REPLAY
from gpu_runner.versions.lineage_rows import LineageRows, gather, learnt_by_versions
from gpu_runner.versions.registry import artifact_folder, judged_candidates
from runtime.artifacts.content_hash import file_sha256
from runtime.artifacts.stopping import look
from runtime.artifacts.store import ArtifactError, ArtifactMissing, ArtifactStore, key_of
from schemas.events.model_current import ModelCurrent
from schemas.events.sample_collected import SampleCollected
from schemas.events.training_state import TrainingState
from schemas.holdout import key_id


class Preparation:
    """Makes `dataset/`, `drift/`, `prepared.json` and `spec.json` of a job; blocking, torch-free."""

    def __init__(self, store: ArtifactStore, settings: RunnerSettings) -> None:
        self._store = store
        self._settings = settings

    def run(
        self, state: TrainingState, serving: ModelCurrent, leased: LeasedSamples, withdrawals: Withdrawals, folder: JobFolder
    ) -> dict[str, Any]:
        """Prepares the job, without what was taken back from earlier versions, and returns its spec.

        Raises JobWithoutData where nothing is left to train on, JobRefused for data or settings that can't be used.
        """
        changes = key_changes(self._store, serving.model)
        key = self._holdout_key(serving, changes)
        gate_policy(self._store, serving.model)  # a policy that can't be used is told before hours of training, not after
        try:
            earlier = self._earlier(serving, leased, withdrawals, folder)
            items = after_changes(self._load_items(MODEL_ITEMS.format(model=serving.model), folder), changes)
            start = artifact_folder(self._store, serving.artifact_uri, serving.artifact_sha256, self._settings.cache_dir())
            prepared = prepare(
                PrepareRequest(
                    out=folder.dataset,
                    samples=[self._with_text(sample) for sample in leased.samples],
                    replay=earlier.base,
                    earlier=earlier.rows,
                    users={name: sample.user_hash for name, sample in earlier.samples.items() if sample.user_hash},
                    model_items=(*items, *earlier.items),
                    holdout_key=key,
                    holdout_percent=serving.holdout_percent,
                    seed=self._settings.training_seed,
                    dataset_path=self._dataset(state, folder),
                    dataset_name=state.accepted_command().dataset_path,
                    support_min=self._settings.support_min,
                    train_closed_book=self._settings.train_closed_book,
                    turn=MemoryTurn(earlier.places, judged_candidates(self._store, serving.model)),
                    embedder=installed_embedder(look) if self._settings.firewall_by_meaning else None,
                    kept_groups=changes[-1].kept if changes else None,
                )
            )
        except NoData as error:
            raise JobWithoutData(
                f"nothing is left to train on: {_counts(error.counts)}; left out before: {_counts(leased.dropped)}"
            ) from error
        except (DataError, DataFileMissing, ArtifactMissing) as error:
            raise JobRefused(str(error)) from error
        finally:
            # The copies of stored rows and items, which nothing would take out of them what is taken back later.
            shutil.rmtree(folder.path / "registered", ignore_errors=True)
        known = dict(earlier.samples)
        for sample in leased.samples:
            before = known.get(sample.sample_id)
            known[sample.sample_id] = replace(KnownSample.of(sample), trained=before is not None and before.trained)
        write_rows(folder.leased_documents, leased_rows(leased.samples))
        leaked = self._leaked(prepared, serving)
        pinned = holdout_record(items, key=key_id(key), percent=serving.holdout_percent, leaked=leaked)
        told = said(leased.samples)
        self._write_prepared(folder, prepared, dict(leased.dropped) | earlier.dropped, known, serving=serving, holdout=pinned, told=told)
        spec = self._spec(state, serving, start, prepared, folder)
        write_json(folder.spec, spec)
        return spec

    def _holdout_key(self, serving: ModelCurrent, changes: Sequence[KeyChange]) -> bytes:
        try:
            key = self._settings.holdout_key_bytes()
        except ValueError as error:
            raise JobRefused(str(error)) from error
        active_id = current_key_id(serving.holdout_key_id, changes)
        if key_id(key) != active_id:
            since = f"its key was changed to {active_id}" if changes else f"{serving.model} was bootstrapped with {active_id}"
            told = "set the key it was changed to" if changes else "set the key it was bootstrapped with"
            raise JobRefused(f"HOLDOUT_KEY has id {key_id(key)}, {since}: {told}")
        return key

    def _leaked(self, prepared: PreparedDataset, serving: ModelCurrent) -> dict[str, list[str]]:
        """The held-out items that rows gave away: of this batch, which were set aside, and of what the lineage trained on, now or then."""
        trained = {leak.hit.item_id for leak in prepared.leaks if is_replayed(leak.kind)}
        trained |= leaked_before(self._store, serving.model, serving.version)
        batch = {leak.hit.item_id for leak in prepared.leaks if not is_replayed(leak.kind)}
        return {"batch": sorted(batch), "trained": sorted(trained)}

    def _with_text(self, sample: SampleCollected) -> Mapping[str, Any]:
        row = sample.model_dump(mode="json")
        if sample.kind == "document" and sample.text is None and sample.uri is not None:
            row["text"] = self._referenced_text(sample)
        return row

    def _referenced_text(self, sample: SampleCollected) -> str:
        try:
            data = self._store.read_bytes(key_of(str(sample.uri), self._store.bucket))
        except ArtifactError as error:
            raise JobRefused(f"document {sample.doc_id}: its text can't be read: {error}") from error
        found = _text_sha256(data)
        if found != sample.content_sha256:
            raise JobRefused(
                f"document {sample.doc_id}: {sample.uri} has sha256 {found[:12]}, the event said {str(sample.content_sha256)[:12]}"
            )
        return data.decode("utf-8", "replace")

    def _earlier(self, serving: ModelCurrent, leased: LeasedSamples, withdrawals: Withdrawals, folder: JobFolder) -> LineageRows:
        """The base's replay rows, and what the serving version's lineage learnt and was asked, without what does not belong."""
        versions = learnt_by_versions(
            self._store, serving.model, serving.version,
            rows_of=lambda key: self._load_rows(key, folder), items_of=lambda key: self._load_items(key, folder),
        )  # fmt: skip
        base = self._load_rows(MODEL_REPLAY.format(model=serving.model), folder)
        return gather(serving.model, versions, base, withdrawals, {sample.sample_id: sample.revision for sample in leased.samples})

    def _load_rows(self, key: str, folder: JobFolder) -> tuple[TrainingRow, ...]:
        path = self._local(key, folder)
        return load_training_rows(path) if path is not None else ()

    def _load_items(self, key: str, folder: JobFolder) -> tuple[EvaluationItem, ...]:
        path = self._local(key, folder)
        # An empty file: every item of that version was taken back.
        return load_evaluation_items(path) if path is not None and path.stat().st_size else ()

    def _local(self, key: str, folder: JobFolder) -> Path | None:
        if not self._store.exists(key):
            return None
        path = folder.path / "registered" / key.replace("/", "__")
        path.parent.mkdir(parents=True, exist_ok=True)
        self._store.read_file(key, path)
        return path

    def _dataset(self, state: TrainingState, folder: JobFolder) -> Path | None:
        dataset_path = state.accepted_command().dataset_path
        if dataset_path is None:
            return None
        try:
            found = find_data_file(dataset_path, store=self._store, data_dir=self._settings.data_dir)
        except ArtifactError as error:
            raise JobRefused(f"dataset_path: {error}") from error
        return found.open(self._store, folder.path / "requested")

    def _write_prepared(
        self,
        folder: JobFolder,
        prepared: PreparedDataset,
        dropped: Mapping[str, int],
        known: Mapping[str, KnownSample],
        *,
        serving: ModelCurrent,
        told: Mapping[str, Any],
        holdout: Mapping[str, Any],
    ) -> None:
        facts = {
            "model": serving.model,
            "baseline": {"version": serving.version, "uri": serving.artifact_uri, "sha256": serving.artifact_sha256},
            "sample_ids": list(prepared.sample_ids),
            "samples": {
                sample_id: replace(sample, trained=sample.trained or sample_id in prepared.sample_ids).as_dict()
                for sample_id, sample in sorted(known.items())
            },
            "counts": dict(prepared.counts),
            "dropped": dict(prepared.dropped) | dict(dropped),
            "quarantined": [item.as_dict() for item in prepared.quarantined],
            "firewall": dict(prepared.firewall),
            "holdout": dict(holdout),
            "primary": prepared.primary,
            "support_min": self._settings.support_min,
            "withdrawn": dict(prepared.withdrawn),
            "said": told,
            "manifest_sha256": file_sha256(prepared.manifest),
        }
        write_json(folder.prepared, facts)

    def _spec(
        self, state: TrainingState, serving: ModelCurrent, start: Path, prepared: PreparedDataset, folder: JobFolder
    ) -> dict[str, Any]:
        settings = self._settings
        files = ("train", "eval", "evaluation", *(["told"] if settings.evaluation_told_corrections else []))
        return {
            "job_id": state.job_id,
            "attempt": state.attempt,
            "model_id": state.model,
            "version": state.version,
            "start": {"path": str(start.absolute()), "name": serving.version, "sha256": serving.artifact_sha256},
            "hyperparameters": state.hyperparameters,
            "seed": settings.training_seed,
            "dataset": {
                **{name: (prepared.folder / f"{name}.jsonl").relative_to(folder.path).as_posix() for name in files},
                "sha256": {name: file_sha256(prepared.folder / f"{name}.jsonl") for name in files},
                "new_rows": prepared.counts["new_training_rows"],
                "replay_rows": prepared.counts["replay_rows"],
                "stands_for": {name: list(others) for name, others in sorted(prepared.stands_for.items())},
            },
            "replay_share": settings.training_replay_share,
            "adapter_scale": settings.training_adapter_scale,
            "checkpoint_every_steps": settings.training_checkpoint_every_steps,
            "max_new_tokens": settings.evaluation_max_new_tokens,
            "told_corrections": settings.evaluation_told_corrections,
            "date": state.accepted_command().requested_at.isoformat(),
        }


def gate_policy(store: ArtifactStore, model: str) -> ActivePolicy:
    """The gate's policy of the model. Raises JobRefused where its file can't be used."""
    try:
        return active_policy(store, model, items_key=MODEL_ITEMS.format(model=model))
    except PolicyError as error:
        raise JobRefused(str(error)) from error


def _text_sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items())) or "nothing"
