"""Every check of one version, in order. Blocking; nothing is written."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from gpu_runner.event_log.withdrawals import known_samples
from gpu_runner.jobs.folder import JobFolder
from gpu_runner.settings import RunnerSettings
from gpu_runner.versions.keys import TRAINED_SAMPLES
from gpu_runner.versions.registry import version_key
from ops.lineage.records import ModelRecords, StoredRecord, VersionRecords
from ops.lineage.timeline import served
from ops.lineage.verify.check_result import CheckResult
from ops.lineage.verify.figures import figure_findings, item_findings
from ops.lineage.verify.hashes import hash_findings
from ops.lineage.verify.verdict import decided_by_these_rules, outcome_findings, verdict_findings
from runtime.artifacts.content_hash import file_sha256
from runtime.artifacts.store import ArtifactError, ArtifactStore, read_stored_json


def verify(store: ArtifactStore, settings: RunnerSettings, records: ModelRecords, version: VersionRecords) -> Iterator[CheckResult]:
    """What of a version's record can be computed again, and whether it is what it says.

    Raises ArtifactError where the store can't be read at all.
    """
    own = version.own
    if own is None:
        yield CheckResult("record", "differs", f"finetuned/{records.model}/{version.version} has later decisions and no record of its own")
        return
    yield _record_finding(records, version, own)
    yield from hash_findings(store, records.model, version, own)
    if own.content.get("gate_verdict") is None:
        told = "a person registered it" if version.registered else "a bootstrap is a person's decision"
        yield CheckResult("verdict", "unchecked", f"{told}: there are no scores that it follows from")
        return
    yield from _dataset_findings(store, settings, records.model, own.content)
    try:
        scores = json.loads(store.read_bytes(f"{version_key(records.model, version.version)}/scores.json"))
        yield from item_findings(store, records.model, own.content, scores, same_release=decided_by_these_rules(own.content))
        yield from figure_findings(scores)
        yield from verdict_findings(store, records.model, own.content, scores)
    except (ArtifactError, ValueError, LookupError, TypeError, AttributeError) as error:
        yield CheckResult("scores", "differs", f"scores.json can't be used ({type(error).__name__}: {str(error)[:200]})")
    yield from outcome_findings(own, served(records))


def _record_finding(records: ModelRecords, version: VersionRecords, own: StoredRecord) -> CheckResult:
    content = own.content
    if (content.get("model"), content.get("version")) != (records.model, version.version):
        return CheckResult("record", "differs", f"{own.key} speaks of {content.get('model')}/{content.get('version')}")
    return CheckResult("record", "ok", f"{own.key}: read; that nobody changed it is seen by what it names, no hash of it is kept")


def _dataset_findings(store: ArtifactStore, settings: RunnerSettings, model: str, record: Mapping[str, Any]) -> Iterator[CheckResult]:
    """The samples that the version's list names as trained, and the files that it was trained on while their job's folder is there."""
    key = TRAINED_SAMPLES.format(model=model, version=record["version"])
    name = "trained samples"
    if not store.exists(key):
        yield CheckResult(name, "unchecked", f"{key} is not kept: an earlier release wrote none")
    else:
        known = known_samples(read_stored_json(store, key))
        unnamed = [one for one in record.get("sample_ids", ()) if one not in known or not known[one].trained]
        if unnamed:
            yield CheckResult(name, "differs", f"{len(unnamed)} samples of the record are not among the trained ones of {key}")
        else:
            yield CheckResult(name, "ok", f"all {len(record.get('sample_ids', ()))} samples of the record are in {key}")
    folder = JobFolder(settings.jobs_dir(), str(record.get("job_id")))
    name = "training files"
    recorded: Mapping[str, str] = record.get("dataset_sha256") or {}
    paths = {part: folder.dataset / f"{part}.jsonl" for part in recorded}
    if not recorded or not all(path.is_file() for path in paths.values()):
        yield CheckResult(
            name, "unchecked", "the job's folder is not on this machine, or its rows were removed: the store keeps no whole dataset"
        )
        return
    changed = [part for part, path in paths.items() if file_sha256(path) != recorded[part]]
    if not changed:
        yield CheckResult(name, "ok", f"{', '.join(sorted(paths))} have the hashes of the record")
    elif folder.has_forgotten():
        yield CheckResult(name, "unchecked", f"{', '.join(changed)}: words were taken back since, which changes the files")
    else:
        yield CheckResult(name, "differs", f"{', '.join(changed)} of {folder.path} are not the files that were trained on")
