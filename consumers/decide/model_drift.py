"""The drift of one model: documents and feedback, what fires, and the evidence for it. Same inputs, same decisions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Any

from consumers.decide.document_drift import DocumentDrift, DriftWarning, Known, detector_of
from consumers.decide.feedback_drift import DETECTOR, FeedbackDrift
from consumers.decide.feedback_rate import RateReport, RatesPolicy
from consumers.decide.inputs import SignalSeen, from_ms
from consumers.drift.rates.detector import DetectorStatus
from consumers.kept_state import KeptState
from consumers.state_keys import FEEDBACK_PART, RATE_PART
from schemas.events.drift_detected import DriftEvidence

if TYPE_CHECKING:
    from consumers.drift.monitor import Finding


def none_known(sha256: str) -> None:
    """No baseline is known: documents are not watched."""
    return


@dataclass(frozen=True, slots=True)
class DriftPolicy:
    """`baseline` gives the baseline of documents by its sha256, None where it is not known.

    Event-days older than `window_days` do not enter. After a fire documents fire nothing for `cool_down_documents`.
    """

    baseline: Known
    window_days: int
    rates: RatesPolicy
    cool_down_documents: int = 20_000


@dataclass(frozen=True, slots=True)
class Drift:
    """A confirmed drift: what fired, what else has warned, and what explains it (fields of `drift.detected`)."""

    evidence: tuple[DriftEvidence, ...]
    explained: dict[str, Any]


class DriftWatch:
    """The drift of one model: its documents and its feedback, fed by summaries and ticks, and what they say together."""

    def __init__(self, policy: DriftPolicy) -> None:
        self._policy = policy
        self.documents = DocumentDrift(policy.baseline, window_days=policy.window_days, cool_down=policy.cool_down_documents)
        self.feedback = FeedbackDrift(policy.rates, window_days=policy.window_days)

    def take(self, seen: SignalSeen, today: int | None) -> bool:
        """Merges a summary; False where its day has left the window (days as ordinals)."""
        if today is not None and seen.day < today - self._policy.window_days:
            return False
        if seen.input == "feedback":
            self.feedback.take(seen)
        else:
            self.documents.take(seen)
        return True

    def tick(self, now_ms: int) -> Drift | None:
        """Closes the buckets that are full; what fired with them."""
        today = from_ms(now_ms).date().toordinal()
        findings = self.documents.tick(now_ms, today)
        rates = self.feedback.tick(now_ms, today)
        if not findings and not rates:
            return None
        fired = [_shown(finding, fired=True) for finding in findings] + [
            _report(name, language, DETECTOR, report) for name, language, report in rates
        ]
        seen = {(item.signal, item.language, item.detector) for item in fired}
        others = [_shown(warning, fired=False) for warning in self.documents.warnings]
        others += [_report(name, language, detector, report) for name, language, detector, report in self.feedback.reports()]
        evidence = (*fired, *(item for item in others if (item.signal, item.language, item.detector) not in seen))
        return Drift(evidence, self.documents.explained(findings[0]) if findings else {})

    def statuses(self) -> Iterator[DetectorStatus]:
        """What each detector says now."""
        yield from self.feedback.statuses()
        yield from self.documents.statuses()

    def save(self) -> Iterator[tuple[bytes, bytes]]:
        """The whole state as changelog records, behind the model."""
        yield from self.feedback.save()
        yield from self.documents.save()

    def take_changes(self) -> dict[bytes, bytes | None]:
        """The changelog records since the last call, behind the model."""
        return self.feedback.take_changes() | self.documents.take_changes()

    def load(self, key: bytes, value: bytes | None) -> None:
        """Takes one changelog record back."""
        part: KeptState = self.feedback if key.startswith((FEEDBACK_PART, RATE_PART)) else self.documents
        part.load(key, value)


def _shown(found: Finding | DriftWarning, *, fired: bool) -> DriftEvidence:
    return DriftEvidence(
        signal=found.signal,
        detector=detector_of(found.signal),
        statistic=round_to_six(found.statistic),
        threshold=round_to_six(found.threshold),
        effect=round(found.effect, 6),
        language=found.language,
        fired=fired,
        window_events=max(found.documents, 1),
        since=_midnight(found.since_day),
    )


def _report(name: str, language: str | None, detector: str, report: RateReport) -> DriftEvidence:
    return DriftEvidence(
        signal=name,
        detector=detector,
        statistic=round_to_six(report.statistic),
        threshold=round_to_six(report.threshold),
        effect=round(report.effect, 6),
        language=language,
        fired=report.fired,
        window_events=report.events,
        since=None if report.since_ms is None else from_ms(report.since_ms),
    )


def round_to_six(value: float) -> float:
    """Six significant digits: evidence of an e-detector goes far beyond what decimals tell.

    >>> round_to_six(123456789.0), round_to_six(0.123456789)
    (123457000.0, 0.123457)
    """
    return float(f"{value:.6g}")


def _midnight(day: int) -> datetime:
    return datetime.combine(date.fromordinal(day), time(), UTC)
