"""What a document costs in batches of 500: feature rows, terms and monitor, scikit-learn's n-grams beside; and what is stored of it."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, Final

import numpy as np

from bench.drift.streams.pools import ROOT, Pool
from bench.drift.streams.population import Stream, population
from bench.peers.environments import Peer, PeerUnavailable, interpreter
from bench.stream.figures import Figure
from consumers.drift.baseline.fit import Baseline, BaselineDocument, fit_baseline
from consumers.drift.features.sketch import group_of, packed, sketched
from consumers.drift.monitor import Monitor
from consumers.drift.terms.recent import RecentTerms
from consumers.drift.text.code_points import code_points

BATCH: Final = 500
BATCHES: Final = 40
BASELINE: Final = 16_000
# Calibration costs much and changes no cost of a document.
CALIBRATED_STREAMS: Final = 20
SCIKIT_LEARN: Final = Peer("scikit-learn", ("scikit-learn==1.9.1",))
ENVIRONMENTS: Final = Path(".abhyas/peers")
CHILD_TIMEOUT_S: Final = 600.0


@dataclass(frozen=True, slots=True)
class Documents:
    """A stream's texts and sources."""

    texts: list[str]
    sources: list[str]

    @staticmethod
    def of(pool: Pool, stream: Stream) -> Documents:
        """Those of a stream of the pool."""
        texts = [pool.texts[number] for number in stream.documents.tolist()]
        return Documents(texts, [pool.sources[source] for source in stream.sources.tolist()])

    def batches(self) -> Iterator[tuple[list[str], list[str]]]:
        """Texts and sources by batch."""
        for first in range(0, len(self.texts), BATCH):
            yield self.texts[first : first + BATCH], self.sources[first : first + BATCH]


def cost_figures(pool: Pool, environments: Path = ENVIRONMENTS) -> list[Figure]:
    """Cost and size on documents of the bench's own population."""
    rng = np.random.default_rng(0)
    world = population(pool)
    reference, stream = (Documents.of(pool, world.draw(rng, count)) for count in (BASELINE, BATCH * BATCHES))
    days = [date(2026, 1, 5) + timedelta(days=at * 28 // BASELINE) for at in range(BASELINE)]
    fitted = fit_baseline(list(map(BaselineDocument, reference.texts, reference.sources, days)), streams=CALIBRATED_STREAMS)
    characters = sum(map(len, stream.texts)) / len(stream.texts)
    how = f"user and system time of one core, the fastest of {BATCHES} batches of {BATCH}, {characters:.0f} characters a document"
    found = _document_figures(fitted, stream, how)
    alone = min(_seconds(partial(fitted.featuriser.rows, [text])) for text in stream.texts[:BATCH])
    found.append(Figure("feature rows, a document alone", 1e6 * alone, "µs", "a batch of one: why documents are taken in batches"))
    return [*found, *_beside(reference, stream, found[0].value, environments), *_size_figures(fitted, stream)]


def _document_figures(fitted: Baseline, stream: Documents, how: str) -> list[Figure]:
    """Each step's cost and the whole, from the same batches; first the rows of texts."""
    recent, monitor, size = RecentTerms(fitted.terms), Monitor(fitted), fitted.bucket_documents
    taken: dict[str, list[float]] = {step: [] for step in ("rows", "read", "rows read", "terms read", "monitor", "terms")}
    beside = RecentTerms(fitted.terms)

    def watch(rows: Any, groups: Any) -> None:
        for first in range(0, len(rows), size):
            for _ in monitor.push(sketched(rows[first : first + size], groups[first : first + size])):
                pass

    for texts, sources in stream.batches():
        rows, read = fitted.featuriser.rows(texts), code_points(texts)
        groups = np.array([group_of(source) for source in sources])
        steps: dict[str, Callable[[], object]] = {
            "rows": partial(fitted.featuriser.rows, texts),
            "read": partial(code_points, texts),
            "rows read": partial(fitted.featuriser.rows, read),
            "terms read": partial(recent.take, read, sources),
            "monitor": partial(watch, rows, groups),
            "terms": partial(beside.take, texts, sources),
        }
        for step, work in steps.items():
            taken[step].append(1e6 * _seconds(work) / BATCH)
    best = {step: min(times) for step, times in taken.items()}

    def together(*steps: str) -> tuple[float, float]:
        sums = list(map(sum, zip(*(taken[step] for step in steps), strict=True)))
        return min(sums), median(sums)

    both, both_median = together("read", "rows read", "terms read")
    whole, whole_median = together("read", "rows read", "terms read", "monitor")
    return [
        Figure("feature rows, a document", best["rows"], "µs", how, at_most=17.0),
        Figure("terms, a document", best["terms"], "µs", f"{how}; by themselves, as at stage 2"),
        Figure("rows and terms, a document", both, "µs", f"{how}, read once; the median batch {both_median:.1f}", at_most=17.0),
        Figure("sketch and monitor, a document", best["monitor"], "µs", f"{how}, buckets of {size}"),
        Figure("the whole, a document", whole, "µs", f"{how}: rows, terms, sketch and monitor; the median batch {whole_median:.1f}"),
    ]


def _beside(reference: Documents, stream: Documents, ours_us: float, environments: Path) -> list[Figure]:
    """scikit-learn's character n-grams on the same documents, and how many times our rows they cost; nothing where it does not install."""
    try:
        told = scikit_learn(reference.texts, stream.texts, environments)
    except PeerUnavailable as error:
        print(f"scikit-learn is not measured: {error}", flush=True)
        return []
    how = f"scikit-learn {told['version']}, char_wb (2,4), transform of the same batches on one thread, the fastest"
    found = list[Figure]()
    for name, cost_us in told["us_per_doc"].items():
        found += [
            Figure(f"{name}, a document", cost_us, "µs", how),
            Figure(f"{name} to feature rows", cost_us / ours_us, "times", f"{how}; our rows have projection, bins, clusters and rates too"),
        ]
    return found


def scikit_learn(reference: Sequence[str], stream: Sequence[str], environments: Path) -> dict[str, Any]:
    """Version and cost by vectorizer from a process in scikit-learn's own environment; raises PeerUnavailable."""
    python = interpreter(SCIKIT_LEARN, environments)
    with TemporaryDirectory() as folder:
        asked: dict[str, Any] = {"batch": BATCH}
        for name, texts in (("reference", reference), ("stream", stream)):
            asked[name] = f"{folder}/{name}.json"
            Path(asked[name]).write_text(json.dumps([*texts], ensure_ascii=False), encoding="utf-8")
        ran = subprocess.run(
            [str(python), "-m", "bench.drift.peers.vectorizer_child", json.dumps(asked)],
            cwd=ROOT,
            env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=CHILD_TIMEOUT_S,
            check=False,
        )
    if ran.returncode:
        raise PeerUnavailable(f"{SCIKIT_LEARN.name}: {ran.stderr.strip()[-600:]}")
    told: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return told


def _size_figures(fitted: Baseline, stream: Documents) -> list[Figure]:
    rows = np.concatenate([fitted.featuriser.rows(texts) for texts, _ in stream.batches()])
    groups = np.array([group_of(source) for source in stream.sources])
    found = [
        Figure(
            f"a day's sketch of {documents:,} documents", len(packed(sketched(rows[:documents], groups[:documents]))), "B", "packed",
            at_most=2_048,
        )
        for documents in (625, 6_250, 20_000)
    ]  # fmt: skip
    recent, largest = RecentTerms(fitted.terms), 0
    for texts, sources in stream.batches():
        recent.take(texts, sources)
        largest = max(largest, len(recent.save()))
    how = f"the largest after each batch of {len(stream.texts):,} documents"
    return [*found, Figure("the record of recent terms", largest, "B", how, at_most=131_072)]


def _seconds(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started
