"""`abhyas drift fit` and `abhyas drift run`: a baseline from a file of documents, and other documents watched against it."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from ops.commands.options import Json, JsonDecisions
from ops.errors import WrongUsage
from ops.input_files.document_rows import document_rows

if TYPE_CHECKING:
    from consumers.drift.baseline.fit import Baseline, BaselineDocument
    from consumers.drift.monitor import Finding, Monitor
    from consumers.drift.terms.explain import Explanation, Term
    from consumers.drift.text.code_points import CodePoints

# Documents that are featurised at once: what a bucket has would cost several times as much a document.
BATCH: Final = 500


def fit(
    *,
    baseline: Annotated[
        Path, typer.Option("--baseline", metavar="DOCS.jsonl", help="The documents of the training corpus, in their order.")
    ],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where the baseline is written to.")],
    alarms_per_100k: Annotated[float, typer.Option(min=0.001, max=10, help="False alarms in 100,000 documents.")] = 0.1,
    seed: Annotated[int, typer.Option(min=0, help="The same documents and seed give the same baseline.")] = 0,
    as_json: Json = False,
) -> int:
    """Fits a drift baseline: features, means, and thresholds from resampled documents. Rows are {"text", "source", "occurred_at"?}."""
    from consumers.drift.baseline.artifact import save_baseline
    from consumers.drift.baseline.fit import BaselineTooSmall, fit_baseline

    started = time.perf_counter()
    documents = list(document_rows(baseline))
    try:
        fitted = fit_baseline(documents, seed=seed, alarms_per_100k=alarms_per_100k)
    except BaselineTooSmall as error:
        raise WrongUsage(f"{baseline}: {error}") from None
    told = {
        "out": str(out),
        "sha256": save_baseline(fitted, out),
        "documents": fitted.documents,
        "measured_documents": fitted.window_statistics[0].baseline_documents,
        "sources": len({document.source for document in documents}),
        "days": len({document.day for document in documents}),
        "alarms_per_100k": alarms_per_100k,
        "checked_alarms_per_100k": fitted.checked.alarms_per_100k,
        "checked_at_most": round(fitted.checked.at_most, 3),
        "seconds": round(time.perf_counter() - started, 1),
    }
    if fitted.warning:
        told["warning"] = fitted.warning
    print(json.dumps(told) if as_json else "\n".join(f"{name:24} {value}" for name, value in told.items()))
    return 0


def run(
    *,
    baseline: Annotated[Path, typer.Option("--baseline", metavar="DIR", help="What `abhyas drift fit` wrote.")],
    events: Annotated[Path, typer.Option("--events", metavar="DOCS.jsonl", help="Documents in their order.")],
    cool_down: Annotated[int, typer.Option(min=0, metavar="N", help="After it fired, fire for none of the next N documents.")] = 20_000,
    as_json: JsonDecisions = False,
) -> int:
    """Watches documents against a baseline. An alarm is a window that moved; it fires when later documents confirm it."""
    # Before numpy is imported: a second BLAS thread gains nothing here, and spins.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from consumers.drift.baseline.artifact import UnreadableBaseline, load_baseline
    from consumers.drift.monitor import Monitor
    from consumers.drift.terms.explain import explain
    from consumers.drift.terms.recent import RecentTerms
    from consumers.drift.text.code_points import code_points

    try:
        fitted = load_baseline(baseline)
    except UnreadableBaseline as error:
        raise WrongUsage(str(error)) from None
    monitor, recent = Monitor(fitted, cool_down_documents=cool_down), RecentTerms(fitted.terms)
    docs = alarms = fired = 0
    watching_s = 0.0
    for batch in _batches(document_rows(events)):
        docs += len(batch)
        started = time.perf_counter()
        read = code_points([document.text for document in batch])
        recent.take(read, [document.source for document in batch])
        found = list(_watched(fitted, monitor, read, [document.source for document in batch]))
        watching_s += time.perf_counter() - started
        for finding in found:
            alarms += not finding.fired
            fired += finding.fired
            row = decision_row(finding, explain(fitted.terms, recent, documents=finding.since_warning, language=finding.language))
            print(json.dumps(row) if as_json else _sentence(row), flush=True)
    totals = {"docs": docs, "alarms": alarms, "fired": fired, "us_per_doc": round(1e6 * watching_s / max(docs, 1), 2)}
    left_out = docs % fitted.bucket_documents
    if left_out:
        totals["left_out"] = left_out
    print(json.dumps(totals) if as_json else _summary(totals))
    return 0


def decision_row(finding: Finding, explanation: Explanation) -> dict[str, Any]:
    """A decision as it is printed; documents are counted from the file's first. Terms are those of the newest documents, surest first."""
    from consumers.drift.monitor import since

    return {
        "n": finding.n,
        "head": finding.signal,
        "language": finding.language,
        "statistic": round(finding.statistic, 3),
        "threshold": round(finding.threshold, 3),
        "effect": round(finding.effect, 6),
        "alarm": not finding.fired,
        "fired": finding.fired,
        "window_documents": finding.documents,
        "since": since(finding) + 1,
        "terms": {
            "rose": [_term_fields(term) for term in explanation.rose],
            "fell": [_term_fields(term) for term in explanation.fell],
            "documents": explanation.documents,
        },
    }


def _term_fields(term: Term) -> dict[str, Any]:
    told = {"term": term.term, "kind": term.kind, "z": round(term.z, 2), "before": round(term.before, 6), "after": round(term.after, 6)}
    return told | {name: list(found) for name in ("spellings", "examples") if (found := getattr(term, name))}


def _batches(documents: Iterator[BaselineDocument]) -> Iterator[list[BaselineDocument]]:
    while batch := list(islice(documents, BATCH)):
        yield batch


def _watched(fitted: Baseline, monitor: Monitor, read: CodePoints, sources: Sequence[str]) -> Iterator[Finding]:
    import numpy as np

    from consumers.drift.features.sketch import group_of, sketched

    rows = fitted.featuriser.rows(read)
    groups = np.array([group_of(source) for source in sources])
    size = fitted.bucket_documents
    # The last documents of a file may be fewer than a bucket: thresholds are for full ones.
    for first in range(0, len(rows) // size * size, size):
        yield from monitor.push(sketched(rows[first : first + size], groups[first : first + size]))


def _sentence(row: dict[str, Any]) -> str:
    what = "confirmed, fired" if row["fired"] else "alarm"
    rose = ", ".join(told["term"] for told in row["terms"]["rose"][:8])
    head = row["head"] if row["language"] is None else f"{row['head']} in {row['language']}"
    return (
        f"document {row['n']:,}: {what}: {head} is {row['effect']:.4f} from the baseline "
        f"in the {row['window_documents']:,} documents since {row['since']:,} "
        f"(statistic {row['statistic']:,.1f}, threshold {row['threshold']:,.1f})" + (f"; rose: {rose}" if rose else "")
    )


def _summary(totals: dict[str, Any]) -> str:
    left_out = f", the last {totals['left_out']} left out (less than a bucket)" if "left_out" in totals else ""
    return (
        f"{totals['docs']:,} documents{left_out}: {totals['alarms']} alarms, {totals['fired']} fired, {totals['us_per_doc']} µs a document"
    )
