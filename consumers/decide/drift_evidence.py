"""What a window shows against the baseline, beside the terms: clusters, languages, histograms of the quantities that moved most."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from consumers.drift.baseline.fit import Baseline
from consumers.drift.features.layout import BINNED
from consumers.drift.features.sketch import Sums, documents, means, of_language, total
from consumers.drift.terms.explain import Term
from schemas.events.drift_detected import DriftHistogram, DriftShare, DriftTerm

CLUSTERS_TOLD: Final = 5
HISTOGRAMS_TOLD: Final = 3
_DIGITS: Final = 6


@dataclass(frozen=True, slots=True)
class Shares:
    """Shares of documents before and after, what moved most first."""

    clusters: tuple[DriftShare, ...] = ()
    languages: tuple[DriftShare, ...] = ()
    histograms: tuple[DriftHistogram, ...] = ()


def shares(baseline: Baseline, window: Sums) -> Shares:
    """The shares of a window that holds documents."""
    overall = {stat.name: stat for stat in baseline.window_statistics if stat.language is None}
    summed = total(window)
    before, after = overall["cluster"].mean, means(summed, "cluster")
    moved = np.argsort(-np.abs(after - before), kind="stable")[:CLUSTERS_TOLD].tolist()
    features = []
    for number, name in enumerate(BINNED):
        bins = means(summed, name)
        features.append((float(np.abs(bins - overall[name].mean).sum()), -number, name, bins))
    features.sort(key=lambda feature: feature[:2], reverse=True)
    return Shares(
        tuple(DriftShare(name=f"cluster {at}", before=_share(before[at]), after=_share(after[at])) for at in moved),
        _languages(baseline, window),
        tuple(
            DriftHistogram(
                feature=name,
                edges=tuple(round(float(edge), _DIGITS) for edge in baseline.featuriser.edges[-number]),
                before=tuple(map(_share, overall[name].mean)),
                after=tuple(map(_share, bins)),
            )
            for _, number, name, bins in features[:HISTOGRAMS_TOLD]
        ),
    )


def drift_terms(terms: tuple[Term, ...]) -> tuple[DriftTerm, ...]:
    """Terms as `drift.detected` holds them."""
    return tuple(
        DriftTerm(
            term=term.term,
            kind=term.kind,
            before=_share(term.before),
            after=_share(term.after),
            z=term.z,
            spellings=term.spellings,
            examples=term.examples,
        )
        for term in terms
    )


def _languages(baseline: Baseline, window: Sums) -> tuple[DriftShare, ...]:
    before, after = baseline.hi_share, int(of_language(window, "hi")[0]) / max(documents(window), 1)
    return (
        DriftShare(name="hi", before=_share(before), after=_share(after)),
        DriftShare(name="en", before=_share(1 - before), after=_share(1 - after)),
    )


def _share(value: float) -> float:
    return round(min(max(float(value), 0.0), 1.0), _DIGITS)
