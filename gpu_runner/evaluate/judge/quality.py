"""`ResponseQuality`: a language model as judge of answers, each by itself and two against each other. Advisory: no gate reads it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean, pstdev
from typing import Any, Final

from gpu_runner.evaluate.judge.asking import TEMPERATURE, JudgeClient, Judgements, JudgeRequest, RawJudgement
from gpu_runner.evaluate.judge.prompts import (
    CRITERIA,
    SCALE,
    JudgedCase,
    comparing_messages,
    comparing_schema,
    rating_messages,
    rating_schema,
)
from gpu_runner.evaluate.judge.verdicts import FAILURES, JudgeFailed, ThreeScores, Winner, read_rating, read_winner
from gpu_runner.evaluate.judge.win_rate import WinRate, win_rate

NAMES: Final = ("response_quality", *CRITERIA)


@dataclass(frozen=True)
class RatedAnswer:
    """One answer's figures from 0 to 1, their spread over the samples (population deviation), and how many samples gave one."""

    scores: Mapping[str, float]
    spread: float
    samples: int


@dataclass(frozen=True)
class RatingReport:
    """Figures over the answers that were judged; `failures` counts requests by kind, `unjudged` the answers that no sample judged.

    An empty answer is the worst, without asking. `metrics` is empty where nothing was judged: there is no figure then, and no NaN.
    """

    metrics: Mapping[str, float]
    by_language: Mapping[str, Mapping[str, float]]
    rated: Mapping[str, RatedAnswer]
    failures: Mapping[str, int]
    unjudged: int
    empty: int
    samples: int

    def as_dict(self) -> dict[str, Any]:
        """What results.json says."""
        return {
            "metrics": dict(self.metrics), "by_language": {name: dict(values) for name, values in self.by_language.items()},
            "judged": len(self.rated), "unjudged": self.unjudged, "empty": self.empty, "samples": self.samples,
            "failures": dict(self.failures),
            "mean_spread": round(fmean(one.spread for one in self.rated.values()), 6) if self.rated else 0.0,
        }  # fmt: skip


@dataclass(frozen=True)
class ComparedPair:
    """One pair's outcome for its first answer: 1 won, 0.5 tie, 0 lost, the mean over samples; in `agreed` both orders agree."""

    score: float
    spread: float
    samples: int
    agreed: int

    @property
    def winner(self) -> Winner:
        """By the mean over samples."""
        return "first" if self.score > 0.5 else "second" if self.score < 0.5 else "tie"


@dataclass(frozen=True)
class ComparisonReport:
    """Of pairs asked in both orders: where the orders disagree it is a tie. `first_shown` is how often what was shown first won."""

    rate: WinRate
    by_language: Mapping[str, WinRate]
    compared: Mapping[str, ComparedPair]
    failures: Mapping[str, int]
    unjudged: int
    orders_agree: float
    first_shown: float

    def as_dict(self) -> dict[str, Any]:
        """What a report says."""
        return {
            "win_rate": _rate(self.rate), "by_language": {name: _rate(rate) for name, rate in self.by_language.items()},
            "judged": len(self.compared), "unjudged": self.unjudged, "failures": dict(self.failures),
            "orders_agree": round(self.orders_agree, 6), "first_shown_wins": round(self.first_shown, 6),
        }  # fmt: skip


@dataclass
class _Counted:
    """What is counted beside: failures by kind, pairs of orders and those that agree, winners and those that were shown first."""

    failures: Counter[str] = field(default_factory=Counter)
    agreed: int = 0
    orders: int = 0
    shown_first: int = 0
    decided: int = 0


class ResponseQuality:
    """Rates and compares answers. `samples` above 1 asks each question so often, at a temperature, and tells the spread.

    Raw replies go to `path` where one is given. Nothing that the judge or its server does raises: failures are counted by kind.
    """

    def __init__(
        self, client: JudgeClient, *, samples: int = 1, path: Path | None = None, progress: Callable[[int], None] = lambda _: None
    ) -> None:
        self._judgements = Judgements(client, path, progress)
        self._samples = samples
        self._temperature = TEMPERATURE if samples > 1 else 0.0
        self.identity = client.identity

    def rate(self, cases: Sequence[JudgedCase], answers: Mapping[str, str]) -> RatingReport:
        """Relevance, correctness and completeness of one answer to each case; one without an answer counts as empty."""
        asked = [case for case in cases if answers.get(case.id, "").strip()]
        requests = [
            JudgeRequest(
                case.id, f"rate {sample}", rating_messages(case, answers[case.id]), rating_schema(), sample, self._temperature
            )
            for case in asked
            for sample in range(self._samples)
        ]  # fmt: skip
        counted = _Counted()
        ratings: dict[str, list[ThreeScores]] = {case.id: [] for case in asked}
        for request, raw in zip(requests, self._judgements.of(requests), strict=True):
            try:
                ratings[request.item_id].append(read_rating(raw.whole()))
            except JudgeFailed as failed:
                counted.failures[failed.kind] += 1
        empty = {case.id: RatedAnswer(dict.fromkeys(NAMES, 0.0), 0.0, 0) for case in cases if case.id not in ratings}
        rated = {case.id: empty.get(case.id) or _rated(ratings[case.id]) for case in cases if case.id in empty or ratings[case.id]}
        languages = sorted({case.language for case in cases if case.id in rated})
        return RatingReport(
            metrics=_means(list(rated.values())),
            by_language={
                name: _means([rated[case.id] for case in cases if case.id in rated and case.language == name]) for name in languages
            },
            rated=rated,
            failures={kind: counted.failures[kind] for kind in FAILURES},
            unjudged=len(cases) - len(rated),
            empty=len(empty),
            samples=self._samples,
        )

    def compare(self, cases: Sequence[JudgedCase], first: Mapping[str, str], second: Mapping[str, str]) -> ComparisonReport:
        """Which of two answers to each case is better, each pair asked in both orders."""
        requests = [
            JudgeRequest(
                case.id, f"{order} {sample}", comparing_messages(case, shown[0].get(case.id, ""), shown[1].get(case.id, "")),
                comparing_schema(), sample, self._temperature,
            )
            for case in cases
            for sample in range(self._samples)
            for order, shown in (("straight", (first, second)), ("turned", (second, first)))
        ]  # fmt: skip
        counted, raws = _Counted(), iter(self._judgements.of(requests))
        compared: dict[str, ComparedPair] = {}
        for case in cases:
            scores = []
            before = counted.agreed
            for _ in range(self._samples):
                score = _both(_read(next(raws), counted), _read(next(raws), counted), counted)
                if score is not None:
                    scores.append(score)
            if scores:
                compared[case.id] = ComparedPair(fmean(scores), pstdev(scores), len(scores), counted.agreed - before)
        known = [case for case in cases if case.id in compared]
        languages = sorted({case.language for case in known})

        def rate_of(chosen: Sequence[JudgedCase]) -> WinRate:
            scores = [compared[case.id].score for case in chosen]
            return win_rate(scores, [len(first.get(case.id, "")) - len(second.get(case.id, "")) for case in chosen])

        return ComparisonReport(
            rate=rate_of(known),
            by_language={name: rate_of([case for case in known if case.language == name]) for name in languages},
            compared=compared,
            failures={kind: counted.failures[kind] for kind in FAILURES},
            unjudged=len(cases) - len(known),
            orders_agree=counted.agreed / counted.orders if counted.orders else 0.0,
            first_shown=counted.shown_first / counted.decided if counted.decided else 0.5,
        )


def _read(raw: RawJudgement, counted: _Counted) -> Winner | None:
    try:
        winner = read_winner(raw.whole())
    except JudgeFailed as failed:
        counted.failures[failed.kind] += 1
        return None
    counted.decided += winner != "tie"
    counted.shown_first += winner == "first"
    return winner


def _both(straight: Winner | None, turned: Winner | None, counted: _Counted) -> float | None:
    """The score of the pair's first answer from both orders; None where one of them failed: half a judgement is none."""
    if straight is None or turned is None:
        return None
    counted.orders += 1
    if straight != _TURNED[turned]:
        return 0.5
    counted.agreed += 1
    return _SCORES[straight]


_TURNED: Final[Mapping[Winner, Winner]] = {"first": "second", "second": "first", "tie": "tie"}
_SCORES: Final[Mapping[Winner, float]] = {"first": 1.0, "second": 0.0, "tie": 0.5}


def _rated(ratings: Sequence[ThreeScores]) -> RatedAnswer:
    """Scores from 0 to 1 over the samples; `response_quality` is the mean of the three."""
    low, high = SCALE
    each = [{name: (getattr(rating, name) - low) / (high - low) for name in CRITERIA} for rating in ratings]
    whole = [fmean(one.values()) for one in each]
    scores = {"response_quality": fmean(whole)} | {name: fmean(one[name] for one in each) for name in CRITERIA}
    return RatedAnswer({name: round(score, 6) for name, score in scores.items()}, round(pstdev(whole), 6), len(ratings))


def _means(rated: Sequence[RatedAnswer]) -> dict[str, float]:
    """Each figure's mean over the judged answers; nothing where there are none."""
    if not rated:
        return {}
    return {name: round(fmean(one.scores[name] for one in rated), 6) for name in NAMES} | {"items": len(rated)}


def _rate(rate: WinRate) -> dict[str, float]:
    return {
        "win_rate": round(rate.raw, 6), "length_controlled": round(rate.controlled, 6), "longer_wins": round(rate.longer, 6),
        "pairs": rate.pairs,
    }  # fmt: skip
