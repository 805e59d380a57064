"""A baseline as a versioned artifact: arrays in one safetensors file, everything else in JSON, and the hash of both."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load, save

from consumers.drift.baseline.calibrate import Thresholds
from consumers.drift.baseline.fit import Baseline
from consumers.drift.baseline.validate import Checked
from consumers.drift.features.featurise import Featuriser
from consumers.drift.terms.table import TermTable, UnreadableTermTable
from consumers.drift.windows.property_rates import Rate
from consumers.drift.windows.window_statistics import WindowStatistic

FORMAT: Final = 2
ARRAYS: Final = "baseline.safetensors"
FACTS: Final = "baseline.json"


class UnreadableBaseline(ValueError):
    """The folder holds no baseline of this release; the message says what was expected."""


def save_baseline(baseline: Baseline, folder: Path) -> str:
    """Writes the baseline and returns its sha256; the JSON is written last, so that a half-written one is none."""
    folder.mkdir(parents=True, exist_ok=True)
    arrays = {
        "table": baseline.featuriser.table,
        "vocabulary": np.packbits(baseline.featuriser.vocabulary),
        "edges": baseline.featuriser.edges,
        "centroids": baseline.featuriser.centroids,
    }
    for stat in baseline.window_statistics:
        arrays[f"{stat.key}.mean"] = stat.mean
        arrays[f"{stat.key}.whitening"] = stat.whitening
        arrays[f"{stat.key}.means_without"] = stat.means_without
        arrays[f"{stat.key}.documents_without"] = stat.documents_without
    arrays |= baseline.terms.to_arrays()
    written = save(arrays)
    digest = hashlib.sha256(written).hexdigest()
    facts: dict[str, Any] = {
        "format": FORMAT,
        "arrays_sha256": digest,
        "documents": baseline.documents,
        "heads": [[stat.name, stat.language, stat.baseline_documents] for stat in baseline.window_statistics],
        "bucket_documents": baseline.bucket_documents,
        "levels": baseline.levels,
        "alarms_per_100k": baseline.alarms_per_100k,
        "checked": asdict(baseline.checked),
        "hi_share": baseline.hi_share,
        **baseline.terms.to_facts(),
        "rates": [asdict(rate) for rate in baseline.rates],
        "alarm": {name: list(found) for name, found in baseline.thresholds.alarm.items()},
        "confirm": {name: list(found) for name, found in baseline.thresholds.confirm.items()},
    }
    (folder / ARRAYS).write_bytes(written)
    (folder / FACTS).write_text(json.dumps(facts, indent=1) + "\n")
    return digest


def load_baseline(folder: Path) -> Baseline:
    """The baseline of a folder; raises UnreadableBaseline."""
    try:
        facts = json.loads((folder / FACTS).read_text())
        written = (folder / ARRAYS).read_bytes()
    except (OSError, ValueError) as error:
        raise UnreadableBaseline(f"{folder}: expected {FACTS} and {ARRAYS} of `abhyas drift fit` ({error})") from None
    if not isinstance(facts, dict) or facts.get("format") != FORMAT:
        raise UnreadableBaseline(f"{folder / FACTS}: expected format {FORMAT}; fit the baseline again with this release")
    if facts["arrays_sha256"] != hashlib.sha256(written).hexdigest():
        raise UnreadableBaseline(f"{folder / ARRAYS}: its sha256 is not the one in {FACTS}; the two are not of one fit")
    arrays = load(written)
    featuriser = Featuriser(arrays["table"], np.unpackbits(arrays["vocabulary"]).astype(np.bool_), arrays["edges"], arrays["centroids"])
    window_statistics = tuple(_window_statistic(arrays, *described) for described in facts["heads"])
    thresholds = Thresholds(
        {name: tuple(found) for name, found in facts["alarm"].items()}, {name: tuple(found) for name, found in facts["confirm"].items()}
    )
    try:
        terms = TermTable.from_arrays(arrays, facts)
    except UnreadableTermTable as error:
        raise UnreadableBaseline(f"{folder}: {error}") from None
    return Baseline(
        featuriser,
        window_statistics,
        tuple(_rate(found) for found in facts["rates"]),
        terms,
        thresholds,
        facts["documents"],
        facts["bucket_documents"],
        facts["levels"],
        facts["alarms_per_100k"],
        Checked(**facts["checked"]),
        facts["hi_share"],
    )


def _window_statistic(arrays: dict[str, NDArray[Any]], name: str, language: str | None, documents: int) -> WindowStatistic:
    key = name if language is None else f"{name}:{language}"
    mean, whitening, means_without, documents_without = (
        arrays[f"{key}.{part}"] for part in ("mean", "whitening", "means_without", "documents_without")
    )
    return WindowStatistic(name, mean, whitening, documents, means_without, documents_without, language)


def _rate(found: dict[str, Any]) -> Rate:
    without = tuple((events, having) for events, having in found.pop("without"))
    return Rate(**found, without=without)
