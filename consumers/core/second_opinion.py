"""river's detectors beside the e-detector: what another method says of the same buckets. Told in the evidence, never firing alone."""

from __future__ import annotations

from typing import Literal, assert_never

from consumers.drift.detector import RateDetector
from consumers.drift.e_detector import RateCount
from consumers.drift.river_detectors import AdwinOfRate, PageHinkleyOfRate

SecondOpinion = Literal["adwin", "page_hinkley", "none"]


def new_opinion(kind: SecondOpinion, baseline: RateCount, delta: float) -> RateDetector | None:
    """An untouched detector, None where no second opinion is wanted. `delta` is ADWIN's confidence."""
    match kind:
        case "adwin":
            return AdwinOfRate(delta)
        case "page_hinkley":
            return PageHinkleyOfRate(baseline)
        case "none":
            return None
    assert_never(kind)
