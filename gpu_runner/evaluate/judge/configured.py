"""The judge of an evaluation from its spec, and what the reports say of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from gpu_runner.dataset.rows import Answer, EvaluationItem
from gpu_runner.evaluate.engine.endpoint import Endpoint, EndpointSettings
from gpu_runner.evaluate.judge.asking import JudgeClient
from gpu_runner.evaluate.judge.calibration import calibrated_languages
from gpu_runner.evaluate.judge.prompts import JudgedCase
from gpu_runner.evaluate.judge.quality import RatingReport, ResponseQuality

API_KEY: Final = "JUDGE_API_KEY"
# A judge that is away costs figures, not the evaluation: it is not waited for as long as the engine is.
ATTEMPTS: Final = 2


@dataclass(frozen=True, slots=True)
class JudgeSettings:
    """Where the judge is, how often it is asked the same, and its calibration report."""

    url: str
    model: str
    timeout_s: float = 120.0
    at_once: int = 8
    samples: int = 1
    calibration: str | None = None


@dataclass(frozen=True)
class Judged:
    """A rating report with what is known of its judge."""

    report: RatingReport
    identity: str
    calibrated: frozenset[str]

    def as_dict(self) -> dict[str, Any]:
        """What results.json says."""
        return {"judge": self.identity, "calibrated": sorted(self.calibrated), "advisory": True, **self.report.as_dict()}

    def facts(self) -> dict[str, str]:
        """What stands at the top of each report."""
        report, failed = self.report, sum(self.report.failures.values())
        told = ", ".join(f"{name} {value:.3f}" for name, value in report.metrics.items() if name != "items") or "no answer was judged"
        kinds = ", ".join(f"{count} {kind.replace('_', ' ')}" for kind, count in report.failures.items() if count)
        counts = f"{len(report.rated)} answers judged, {report.unjudged} not" + (f"; {failed} requests failed: {kinds}" if failed else "")
        believed = f"calibrated for {', '.join(sorted(self.calibrated))}" if self.calibrated else "calibrated for no language"
        return {f"judge {self.identity} (advisory, {believed})": f"{told} ({counts})"}


def response_quality(
    settings: JudgeSettings, environment: Mapping[str, str], *, path: Path | None, progress: Callable[[int], None] = lambda _: None
) -> ResponseQuality:
    """The judge; its key comes from JUDGE_API_KEY in the environment alone."""
    endpoint = Endpoint(
        EndpointSettings(settings.url, settings.model, settings.timeout_s, settings.at_once),
        api_key=environment.get(API_KEY) or None,
        attempts=ATTEMPTS,
    )
    return ResponseQuality(JudgeClient(endpoint), samples=settings.samples, path=path, progress=progress)


def judged_by(
    judge: ResponseQuality, items: Sequence[EvaluationItem], answers: Sequence[Answer], calibrated: frozenset[str] = frozenset()
) -> Judged:
    """The judge's figures of answers to items."""
    cases = [JudgedCase(item.id, item.language, item.question, item.answers, item.messages) for item in items]
    return Judged(judge.rate(cases, {answer.item_id: answer.text for answer in answers}), judge.identity, calibrated)


def judge_answers(
    settings: JudgeSettings, environment: Mapping[str, str], items: Sequence[EvaluationItem], answers: Sequence[Answer], path: Path, *,
    progress: Callable[[int], None] = lambda _: None,
) -> Judged:  # fmt: skip
    """The configured judge's figures; its raw replies go to `path`, `progress` gets how many there are."""
    judge = response_quality(settings, environment, path=path, progress=progress)
    calibration = None if settings.calibration is None else Path(settings.calibration)
    return judged_by(judge, items, answers, calibrated_languages(calibration, judge.identity))
