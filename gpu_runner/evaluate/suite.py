"""The evaluation suite as a library: `HindiQAEval`, `HallucinationDetector`, `ResponseQuality`, and `BenchmarkSuite` over all of them.

Each takes items and answers as text; none needs a model, but for the judge, which is a server. The figures are those of the reports.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from gpu_runner.dataset.rows import Answer, EvaluationItem
from gpu_runner.evaluate import bleu
from gpu_runner.evaluate.aggregate import by_set_and_language
from gpu_runner.evaluate.judge.configured import Judged, judged_by
from gpu_runner.evaluate.judge.quality import ResponseQuality
from gpu_runner.evaluate.published import load_references, scores
from gpu_runner.evaluate.score import DEFAULT_METRICS, FORMAT, SideScores, group_name, score_side
from gpu_runner.text.grounding import Grounding, Source, ground

__all__ = ["BenchmarkResult", "BenchmarkSuite", "HallucinationDetector", "HindiQAEval", "ResponseQuality"]

QA_METRICS: Final = (
    *("exact_match", "f1", "em_guarded", "em_squad", "f1_squad", "em_lenient", "f1_lenient"),
    *bleu.NAMES,
    *("devanagari_consistency", "romanised_hindi_rate", "missing_rate"),
)
HALLUCINATION_METRICS: Final = ("hallucination_rate", "hallucination_coverage", "abstention_rate")


class HindiQAEval:
    """Exact match, F1, BLEU and chrF of answers in Hindi, or in another `language`: its published rules, and this project's beside them.

    >>> HindiQAEval().published({"1": ["आगरा"]}, {"1": "आगरा।"})["metrics"]["mlqa"]
    {'exact_match': 100.0, 'f1': 100.0}
    """

    def __init__(self, language: str = "hi") -> None:
        self.language = language

    def score(self, items: Sequence[EvaluationItem], answers: Sequence[Answer]) -> dict[str, float]:
        """Over the items of this language; shares from 0 to 1, BLEU and chrF from 0 to 100; a missing answer is wrong.

        Raises DataError where there is no such item, and for an answer to none.
        """
        chosen = [item for item in items if item.language == self.language]
        names, known = {item.id for item in chosen}, {item.id for item in items}
        return dict(score_side(chosen, [one for one in answers if one.item_id in names or one.item_id not in known], QA_METRICS).metrics)

    def published(self, references: Mapping[str, Sequence[str]], predictions: Mapping[str, str]) -> dict[str, Any]:
        """What the papers' scripts give for texts by id, as `abhyas score` prints it; EM and F1 in percent."""
        return scores({name: tuple(texts) for name, texts in references.items()}, predictions, self.language)

    def published_of_file(self, squad_file: Path, predictions: Mapping[str, str]) -> dict[str, Any]:
        """The same against a SQuAD file. Raises DataError."""
        return scores(load_references(squad_file), predictions, self.language)


class HallucinationDetector:
    """Whether answers say what their sources do not: unsupported claims over checkable ones, by rules over numbers, names and words."""

    def __init__(self, sources: Mapping[str, str] | None = None) -> None:
        self._sources = sources

    def check(self, answer: str, source: str | None) -> Grounding:
        """One answer against one text; without a text nothing is checkable.

        >>> HallucinationDetector().check("It was founded in 1841.", "The museum was founded in 1814.").unsupported
        1
        """
        return ground(answer, None if source is None else Source(source))

    def rate(self, items: Sequence[EvaluationItem], answers: Sequence[Answer]) -> dict[str, float]:
        """The rate with its coverage and the share of abstentions; what equals a reference is supported. Never NaN."""
        return dict(score_side(items, answers, HALLUCINATION_METRICS, sources=self._sources).metrics)


@dataclass(frozen=True)
class BenchmarkResult:
    """One side's scores, the judge's where there is one, and both as the reports take them."""

    scored: SideScores
    judged: Judged | None
    scores: Mapping[str, Any]


class BenchmarkSuite:
    """Every measure over the same items and answers in one pass, and the judge's figures beside them where `quality` is given.

    The figures are those that the parts give by themselves. `sources` maps a document's id to its text.
    """

    def __init__(
        self, metrics: Sequence[str] = DEFAULT_METRICS, *, sources: Mapping[str, str] | None = None, quality: ResponseQuality | None = None,
        calibrated: frozenset[str] = frozenset(),
    ) -> None:  # fmt: skip
        self._metrics = metrics
        self._sources = sources
        self._quality = quality
        self._calibrated = calibrated

    def judge(self, items: Sequence[EvaluationItem], answers: Sequence[Answer]) -> Judged | None:
        """The judge's figures; None without one."""
        return None if self._quality is None else judged_by(self._quality, items, answers, self._calibrated)

    def run(self, items: Sequence[EvaluationItem], answers: Sequence[Answer], *, judged: Judged | None = None) -> BenchmarkResult:
        """Scores the answers; `judged` are figures of the judge that are there already. Raises as `score_side` does."""
        judged = judged or self.judge(items, answers)
        scored = score_side(items, answers, self._metrics, sources=self._sources)
        texts = {answer.item_id: answer.text for answer in answers}
        whole = {
            "format": FORMAT,
            "items_sha256": {"items": scored.items_sha256},
            "metrics": dict(scored.metrics),
            "items": [
                {"item_id": item.id, "set": item.set, "language": item.language, "group": group_name(item)}
                | {"candidate": {**row, **_judged_row(judged, item.id)}}
                for item, row in zip(items, scored.items, strict=True)
            ],
            "aggregates": {"candidate": by_set_and_language(items, scored.items, [texts.get(item.id) for item in items])},
            "signatures": dict(scored.signatures),
            **({} if judged is None else {"judge": judged.as_dict()}),
        }
        return BenchmarkResult(scored, judged, whole)


def _judged_row(judged: Judged | None, item_id: str) -> dict[str, Any]:
    """What the judge made of one answer; None where it gave nothing."""
    if judged is None:
        return {}
    rated = judged.report.rated.get(item_id)
    return {"judge": None if rated is None else {**rated.scores, "spread": rated.spread}}
