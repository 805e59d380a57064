"""The feedback folder, made from the topic sample.collected: what `abhyas export feedback` does.

One file `feedback_<sample id>.json` for each feedback, its last revision, and `aggregated_feedback.json` with the
figures over them. Absent, also where an earlier export had written it, is retracted feedback and what an erased user had said up to
the erasure's time; what the user said later is there.
The topics stay the only store: the same topics give the same bytes, and files that no longer belong there are removed.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import structlog

from ops.topic_reader import records
from runtime.artifacts.content_hash import is_leftover
from runtime.kafka.connection import KafkaConnection
from runtime.whole_files import sync_path, whole_file
from schemas import topics
from schemas.envelope import MalformedEvent, decode
from schemas.events.sample_collected import SampleCollected
from schemas.events.user_erased import UserErased

log = structlog.get_logger()

AGGREGATED: Final = "aggregated_feedback.json"
_PATTERN: Final = "feedback_*.json"
# What former releases called an unfinished file.
_FORMER_LEFTOVER: Final = ".*.json.partial"


@dataclass(frozen=True, slots=True)
class ExportReport:
    """The folder, and how many feedback records it holds; how many of its files were written, unchanged and removed."""

    folder: Path
    written: int
    unchanged: int
    removed: int
    records: int


async def export_feedback(connection: KafkaConnection, data_dir: Path, to: Path | None = None) -> ExportReport:
    """Brings the folder `to`, else DATA_DIR/feedback, up to the topics' ends of now; raises OperationFailed, and OSError for the folder."""
    samples = await _newest_samples(connection)
    return await asyncio.to_thread(_write, to or data_dir / "feedback", samples)


async def _newest_samples(connection: KafkaConnection) -> list[SampleCollected]:
    """The last revision of each feedback that is neither retracted nor erased, by sample id."""
    # By model too: what moved to another model is retracted at the former one alone. And by user: a former id said nothing of them.
    newest: dict[tuple[str, str, str | None], SampleCollected] = {}
    renamed: dict[tuple[str, str | None], str] = {}
    erased: dict[str, datetime] = {}
    names = [connection.topic(topics.SAMPLE_COLLECTED), connection.topic(topics.USER_ERASED)]
    async for record in records(connection, names):
        try:
            if record.topic == names[1]:
                # A compacted topic may hold a tombstone; the erasure before it is done with.
                if record.value is not None:
                    envelope, erasure = decode(record.value, record.headers, UserErased)
                    erased[erasure.user_hash] = max(envelope.time, erased.get(erasure.user_hash, envelope.time))
                continue
            sample = decode(record.value, record.headers, SampleCollected)[1]
        except MalformedEvent as error:
            log.warning("record left out", topic=record.topic, partition=record.partition, offset=record.offset, error=str(error))
            continue
        if sample.kind != "feedback":
            continue
        renamed.update({(name, sample.user_hash): sample.sample_id for name in sample.former_ids})
        place = (sample.sample_id, sample.model, sample.user_hash)
        if place not in newest or _order(sample) >= _order(newest[place]):
            newest[place] = sample
    return _last(newest.values(), renamed, erased)


def _last(
    samples: Iterable[SampleCollected], renamed: Mapping[tuple[str, str | None], str], erased: Mapping[str, datetime]
) -> list[SampleCollected]:
    """Of each feedback the last revision, where that is no retraction, over the models and the ids that it had."""
    by_model: dict[tuple[str, str], SampleCollected] = {}
    for sample in samples:
        place = (renamed.get((sample.sample_id, sample.user_hash), sample.sample_id), sample.model)
        if place not in by_model or _order(sample) >= _order(by_model[place]):
            by_model[place] = sample
    last: dict[str, SampleCollected] = {}
    for (name, _), sample in by_model.items():
        if not sample.retracted and not _erased(sample, erased) and (name not in last or _order(sample) >= _order(last[name])):
            last[name] = sample
    return sorted(last.values(), key=lambda sample: sample.sample_id)


def _order(sample: SampleCollected) -> tuple[int, bool, datetime, str]:
    """By what of two revisions of a sample the later one is later: stage 1's order."""
    return sample.revision, sample.retracted and not sample.moved, sample.occurred_at, sample.content or ""


def _erased(sample: SampleCollected, erased: Mapping[str, datetime]) -> bool:
    until = erased.get(sample.user_hash) if sample.user_hash is not None else None
    return until is not None and sample.occurred_at <= until


def aggregate(samples: Iterable[SampleCollected]) -> dict[str, Any]:
    """The figures over the exported feedback: counts and mean score, over all and for each model."""
    by_model: dict[str, list[SampleCollected]] = {}
    every = list(samples)
    for sample in every:
        by_model.setdefault(sample.model, []).append(sample)
    return {**_figures(every), "models": {model: _figures(by_model[model]) for model in sorted(by_model)}}


def _figures(samples: list[SampleCollected]) -> dict[str, Any]:
    scores = sorted(sample.score for sample in samples if sample.score is not None)
    times = [sample.occurred_at for sample in samples]
    return {
        "records": len(samples),
        "negative": sum(sample.negative for sample in samples),
        "corrections": sum(sample.correction is not None for sample in samples),
        "quarantined": sum(sample.quarantine is not None for sample in samples),
        "users": len({sample.user_hash for sample in samples if sample.user_hash is not None}),
        # Summed in one order, whatever the order of partitions: floats do not associate.
        "mean_score": round(sum(scores) / len(scores), 6) if scores else None,
        "languages": _counted(sample.language or "unknown" for sample in samples),
        "model_versions": _counted(sample.model_version or "unknown" for sample in samples),
        "first_occurred_at": min(times).isoformat() if times else None,
        "last_occurred_at": max(times).isoformat() if times else None,
    }


def _counted(names: Iterable[str]) -> Mapping[str, int]:
    return dict(sorted(Counter(names).items()))


def _write(folder: Path, samples: list[SampleCollected]) -> ExportReport:
    folder.mkdir(parents=True, exist_ok=True)
    files = {f"feedback_{sample.sample_id}.json": sample.model_dump(mode="json", exclude_none=True) for sample in samples}
    files[AGGREGATED] = aggregate(samples)
    written = 0
    # The figures last: whoever sees them finds the records they are about.
    for name, content in files.items():
        written += _write_if_changed(folder / name, json.dumps(content, ensure_ascii=False, indent=2, sort_keys=True) + "\n")
    stale = [path for path in folder.glob(_PATTERN) if path.name not in files]
    for path in stale:
        path.unlink()
    # What a stopped export left half-written.
    for path in [path for path in folder.glob(".*") if is_leftover(path.name) or path.match(_FORMER_LEFTOVER)]:
        path.unlink()
    sync_path(folder)
    return ExportReport(folder, written, len(files) - written, len(stale), len(samples))


def _write_if_changed(path: Path, text: str) -> bool:
    data = text.encode()
    if path.is_file() and path.read_bytes() == data:
        return False
    with whole_file(path) as part:
        part.write_bytes(data)
    return True
