"""Drift baselines fitted and put into the store: the first at the bootstrap, the next before a candidate may be promoted. Blocking.

A fit of 50,000 documents takes most of a minute. It runs in a thread: numpy and scipy let go of the interpreter, so the API and the
heartbeats go on (the longest stall measured was a third of a second).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import structlog

from gpu_runner.dataset.fields import DataError
from gpu_runner.versions.active_baselines import StoredBaseline
from gpu_runner.versions.drift_documents import capped, read_documents, requested_documents, write_documents
from gpu_runner.versions.keys import REGISTERED_DOCUMENTS
from runtime.artifacts.stopping import look
from runtime.artifacts.store import ArtifactError, ArtifactStore, files_below, put_folder

if TYPE_CHECKING:
    from consumers.drift.baseline.fit import Baseline, BaselineDocument

_log = structlog.get_logger(__name__)

# The baseline of documents at a rate of false alarms per 100,000 documents; raises BaselineTooSmall.
Fit = Callable[[Sequence["BaselineDocument"], float], "Baseline"]


@dataclass(frozen=True, slots=True)
class DriftFacts:
    """What a version's record says of drift: the baseline that its documents are held against, the documents kept for the next one.

    `reasons` are for a person: what was fitted, or why nothing was.
    """

    baseline: StoredBaseline | None = None
    documents_key: str | None = None
    reasons: tuple[str, ...] = ()

    @staticmethod
    def of(record: Mapping[str, Any] | None) -> DriftFacts:
        """Those of a version's record, without reasons."""
        return DriftFacts(StoredBaseline.of(record), (record or {}).get("drift_documents"))

    def as_dict(self) -> dict[str, Any]:
        """The fields of the record."""
        return {"drift_baseline": self.baseline.as_dict() if self.baseline else None, "drift_documents": self.documents_key}


def fit(documents: Sequence[BaselineDocument], alarms_per_100k: float) -> Baseline:
    """`consumers.drift.baseline.fit.fit_baseline`; may be told to stop. Imported at the first fit: one that fits nothing needs no scipy."""
    from consumers.drift.baseline.fit import fit_baseline

    return fit_baseline(documents, alarms_per_100k=alarms_per_100k, between=look)


def first_baseline(
    store: ArtifactStore, model: str, version: str, documents: Sequence[BaselineDocument], *, fit: Fit, alarms_per_100k: float
) -> DriftFacts:
    """The baseline of a bootstrap's documents, or why there is none; raises ArtifactError where the store can't take it."""
    return _fitted(store, f"drift/{model}/{version}", documents, fit, alarms_per_100k)


def next_baseline(
    store: ArtifactStore, model: str, version: str, leased: Path, before: DriftFacts, *, fit: Fit, alarms_per_100k: float
) -> DriftFacts:
    """The baseline of the documents before and those newly trained on (a file of rows); `before` where there are none.

    Never raises for a fit or a store that failed: then the one before stays, and the reasons say so.
    """
    try:
        newly = list(read_documents(leased)) if leased.is_file() else []
        if not newly:
            return before
        known = _known_documents(store, model, before)
        found = _fitted(store, f"drift/{model}/{version}", [*known, *newly], fit, alarms_per_100k)
    except (ArtifactError, DataError, OSError) as error:
        _log.warning("no new drift baseline", model=model, version=version, error=str(error))
        return DriftFacts(before.baseline, before.documents_key, (f"the drift baseline stays as it was: {error}",))
    stays = ("the drift baseline before stays",) if found.baseline is None and before.baseline is not None else ()
    return DriftFacts(found.baseline or before.baseline, found.documents_key, (*found.reasons, *stays))


def _known_documents(store: ArtifactStore, model: str, before: DriftFacts) -> list[BaselineDocument]:
    registered = REGISTERED_DOCUMENTS.format(model=model)
    with TemporaryDirectory(prefix="abhyas-drift-") as temporary:
        path = Path(temporary) / "documents.jsonl"
        if before.documents_key is not None:
            store.read_file(before.documents_key, path)
            return list(read_documents(path))
        if store.exists(registered):  # the model was bootstrapped by a release that kept no baselines
            store.read_file(registered, path)
            return requested_documents(path)
    return []


def _fitted(store: ArtifactStore, key: str, documents: Sequence[BaselineDocument], fit: Fit, alarms_per_100k: float) -> DriftFacts:
    from consumers.drift.baseline.artifact import save_baseline
    from consumers.drift.baseline.fit import BaselineTooSmall

    kept = capped(documents)
    reasons = [] if len(kept) == len(documents) else [f"of {len(documents)} documents {len(kept)} are kept for the drift baseline"]
    baseline, sha256 = None, ""
    with TemporaryDirectory(prefix="abhyas-drift-") as temporary:
        work = Path(temporary)
        write_documents(work / "documents.jsonl", kept)
        try:
            baseline = fit(kept, alarms_per_100k)
            sha256 = save_baseline(baseline, work / "baseline")
        except BaselineTooSmall as error:
            reasons.append(f"drift of documents is not watched: {error}")
        except Exception as error:  # a model can serve without being watched
            _log.exception("drift baseline could not be fitted", folder=key)
            reasons.append(f"no drift baseline could be fitted to the {len(kept)} documents ({type(error).__name__}): see the runner's log")
        # No record speaks of what may lie there: it is of this same decision, before the runner was stopped.
        put_folder(store, key, files_below(work), replace=True)
    documents_key = f"{key}/documents.jsonl"
    if baseline is None:
        return DriftFacts(None, documents_key, tuple(reasons))
    warning = baseline.warning
    reasons += [f"drift baseline of {baseline.documents} documents", *([warning] if warning else [])]
    return DriftFacts(StoredBaseline(f"{key}/baseline", sha256, baseline.documents), documents_key, tuple(reasons))
