"""What the store still holds of a version, gathered for its page: figures for ever, words only while nobody took them back. Blocking."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from gpu_runner.dataset.fields import DataError
from gpu_runner.dataset.rows import EvaluationItem, TrainingRow, load_training_rows
from gpu_runner.evaluate.report import RESULTS
from gpu_runner.evaluate.report_page.texts import TEXTS
from gpu_runner.jobs.folder import MEMO
from gpu_runner.jobs.report_files import report_key
from gpu_runner.versions.keys import TRAINED_ROWS
from gpu_runner.versions.registry import lineage, version_key
from ops.lineage.records import ModelRecords, StoredRecord, VersionRecords, decided_at
from ops.lineage.timeline import ServingPeriod, served
from ops.lineage.verify.figures import kept_items
from runtime.artifacts.store import ArtifactError, ArtifactStore, read_stored_json


@dataclass(frozen=True, slots=True)
class ItemWords:
    """The words of an item that was asked; `answers` by side, as far as they are kept.

    `sample_id`: whose they are, `rejected`: what that user corrected.
    """

    question: str
    references: tuple[str, ...]
    answers: Mapping[str, str]
    sample_id: str | None
    rejected: str | None = None


@dataclass(frozen=True, slots=True)
class VersionFacts:
    """All that the page tells. `record` is the version's own; `later` what was decided on it since, `returned_to` the rollbacks
    of other versions that went back to it; `periods` are those of the whole model.

    `rows` are those that this version taught of its batch, `words` those of its items by id; `withdrawn` counts the samples that were
    taken back since the training. `scores` is None where they are missing or no JSON.
    """

    model: str
    version: str
    registered: bool
    record: Mapping[str, Any]
    record_key: str
    later: tuple[StoredRecord, ...]
    returned_to: tuple[StoredRecord, ...]
    periods: tuple[ServingPeriod, ...]
    scores: Mapping[str, Any] | None = None
    rows: tuple[TrainingRow, ...] = ()
    words: Mapping[str, ItemWords] = field(default_factory=dict)
    withdrawn: int = 0

    @property
    def serving(self) -> str | None:
        """What the records say serves now."""
        return self.periods[-1].version if self.periods else None

    @property
    def samples(self) -> frozenset[str]:
        """Whose words the page may show."""
        shown = (*(row.sample_id for row in self.rows), *(one.sample_id for one in self.words.values()))
        return frozenset(name for name in shown if name is not None)


def gather(store: ArtifactStore, records: ModelRecords, version: VersionRecords, *, words: bool = True) -> VersionFacts:
    """The facts of a version; without `words` no text that a person wrote is among them.

    Raises ArtifactError where its record is missing.
    """
    own = version.own
    if own is None:
        raise ArtifactError(f"{records.model}/{version.version} has no record of its own: nothing to explain")
    record = own.content
    model, name = records.model, version.version
    gone = withdrawn_samples(store, model, record)
    trained = frozenset(map(str, record.get("sample_ids") or ()))
    return VersionFacts(
        model=model, version=name, registered=version.registered, record=record, record_key=own.key,
        later=version.later, returned_to=_returned_to(records, name), periods=served(records), scores=_scores(store, model, name),
        rows=_rows(store, model, name, trained, gone) if words else (), words=_words(store, model, record, gone) if words else {},
        withdrawn=len(gone & trained),
    )  # fmt: skip


def _returned_to(records: ModelRecords, version: str) -> tuple[StoredRecord, ...]:
    found = (one for others in records.versions.values() for one in others.later if others.version != version)
    return tuple(sorted((one for one in found if one.content.get("to_version") == version), key=decided_at))


def withdrawn_samples(store: ArtifactStore, model: str, record: Mapping[str, Any]) -> frozenset[str]:
    """Samples of a version's lineage that were taken back, as the sweep wrote it down before it took their words out of anything."""
    baseline = str((record.get("baseline") or {}).get("version") or "")
    found: set[str] = set()
    for version in (str(record["version"]), *(lineage(store, model, baseline) if baseline else ())):
        key = f"{version_key(model, version)}/{MEMO}"
        if store.exists(key):
            found |= read_stored_json(store, key)["samples"].keys()
    return frozenset(found)


def _scores(store: ArtifactStore, model: str, version: str) -> Mapping[str, Any] | None:
    key = f"{version_key(model, version)}/scores.json"
    try:
        scores = json.loads(store.read_bytes(key)) if store.exists(key) else None
    except ValueError:
        return None
    return scores if isinstance(scores, dict) and scores.get("items") else None


def _rows(store: ArtifactStore, model: str, version: str, trained: frozenset[str], gone: frozenset[str]) -> tuple[TrainingRow, ...]:
    """The version's own rows: an earlier release kept those of earlier versions beside them."""
    key = TRAINED_ROWS.format(model=model, version=version)
    if not store.exists(key):
        return ()
    with TemporaryDirectory(prefix="abhyas-explain-") as place:
        path = Path(place) / "rows.jsonl"
        store.read_file(key, path)
        try:
            rows = load_training_rows(path) if path.stat().st_size else ()
        except DataError:
            return ()
    return tuple(row for row in rows if row.sample_id not in gone and (row.sample_id is None or row.sample_id in trained))


def _words(store: ArtifactStore, model: str, record: Mapping[str, Any], gone: frozenset[str]) -> dict[str, ItemWords]:
    """Of the copy of the reports, which has the answers too; else of the items that are kept, as earlier releases left them."""
    version, baseline = str(record["version"]), str((record.get("baseline") or {}).get("version") or "")
    key = f"{report_key(model, version, str(record.get('job_id')))}/{RESULTS}"
    if store.exists(key):
        texts: Mapping[str, Any] = read_stored_json(store, key).get(TEXTS) or {}
        found = {item_id: _of_report(text) for item_id, text in texts.items()}
    elif baseline:
        try:
            found = {item_id: _of_item(item) for item_id, item in kept_items(store, model, version, baseline).items()}
        except DataError:
            return {}
    else:
        return {}
    return {item_id: one for item_id, one in found.items() if one.sample_id not in gone}


def _of_report(text: Mapping[str, Any]) -> ItemWords:
    sample_id = text.get("sample_id")
    return ItemWords(
        str(text["question"]), tuple(map(str, text.get("references") or ())),
        {side: str(answer) for side, answer in (text.get("answers") or {}).items()}, None if sample_id is None else str(sample_id),
        text.get("rejected"),
    )  # fmt: skip


def _of_item(item: EvaluationItem) -> ItemWords:
    return ItemWords(item.question, item.answers, {}, item.sample_id, item.rejected)
