"""river's ADWIN as the trigger uses it: checked at every bucket."""

from __future__ import annotations

from functools import partial

from consumers.core.drift import Detector, DriftPolicy


def new_adwin(delta: float) -> Detector:
    """An untouched ADWIN. river checks every 32nd value by default; buckets are few, so each one is checked.

    >>> detector = new_adwin(0.002)
    >>> for value in [0.0] * 60 + [1.0] * 30:
    ...     _ = detector.update(value)
    ...     if detector.drift_detected:
    ...         print("a change")
    a change
    """
    # 2.5 s of CPU, most of it scipy, which ADWIN never calls: stage 1 and the ticker have no use for it.
    from river.drift import ADWIN

    detector: Detector = ADWIN(delta=delta, clock=1)
    return detector


def adwin_policy(*, delta: float, min_bucket_events: int, window_days: int) -> DriftPolicy:
    """The drift policy with ADWIN at confidence `delta`."""
    return DriftPolicy(partial(new_adwin, delta), delta, min_bucket_events, window_days)
