"""How many complaints of a set would be trained, and how many corrections be sent to review, by language and script."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from bench.complaints.cases import LabelledCase
from consumers.collect.worth.judge import Worth, weigh_correction
from schemas.events.sample_collected import LeftOut

Judge = Callable[[LabelledCase], LeftOut | None]


@dataclass
class Stratum:
    """One language and script: the cases, and those that went wrong."""

    complaints: int = 0
    corrections: int = 0
    trained: list[LabelledCase] = field(default_factory=list)
    reviewed: list[LabelledCase] = field(default_factory=list)

    @property
    def trained_share(self) -> float:
        """Complaints that would be trained, of all."""
        return len(self.trained) / self.complaints if self.complaints else 0.0

    @property
    def reviewed_share(self) -> float:
        """Corrections that would be left out, of all."""
        return len(self.reviewed) / self.corrections if self.corrections else 0.0

    def as_json(self) -> dict[str, Any]:
        """Counts and shares, and the kinds of what went wrong."""
        return {
            "complaints": self.complaints,
            "complaints_trained": len(self.trained),
            "complaints_trained_share": round(self.trained_share, 4),
            "corrections": self.corrections,
            "corrections_reviewed": len(self.reviewed),
            "corrections_reviewed_share": round(self.reviewed_share, 4),
            "kinds_trained": _kinds(self.trained),
            "kinds_reviewed": _kinds(self.reviewed),
        }


def judged(case: LabelledCase) -> LeftOut | None:
    """What the rule says of a case."""
    return weighed(case).left_out


def weighed(case: LabelledCase) -> Worth:
    """What the rule says of a case, and what it would train of it."""
    return weigh_correction(query=case.query, response=case.response, correction=case.correction, language=case.language)


def measure(cases: Iterable[LabelledCase], judge: Judge = judged) -> dict[str, Stratum]:
    """The strata of the cases, by name."""
    strata: dict[str, Stratum] = defaultdict(Stratum)
    for case in cases:
        stratum, left_out = strata[case.stratum], judge(case)
        if case.label == "complaint":
            stratum.complaints += 1
            stratum.trained += [case] * (left_out is None)
        else:
            stratum.corrections += 1
            stratum.reviewed += [case] * (left_out is not None)
    return dict(sorted(strata.items()))


def cuts(cases: Iterable[LabelledCase]) -> dict[str, int]:
    """What is made of the corrections that are taken.

    Complaints with an answer in them: the answer itself, a part that holds it, the whole, or another part; the other corrections: kept
    whole, or cut.
    """
    counts = dict.fromkeys(("answer", "holds", "whole", "other", "kept", "cut"), 0)
    for case in cases:
        left_out, found = weighed(case)
        if case.label == "complaint" or left_out is not None:
            continue
        if case.kind != "answer_in_complaint":
            counts["kept" if found == case.correction else "cut"] += 1
        elif found.strip(" .।") == (case.answer or case.correction).strip(" .।"):
            counts["answer"] += 1
        else:
            counts["whole" if found == case.correction else "holds" if case.answer and case.answer in found else "other"] += 1
    return counts


def cost_us(cases: Sequence[LabelledCase], rounds: int = 5) -> float:
    """Microseconds of processor time a call, the least of some rounds."""
    took = []
    for _ in range(rounds):
        start = time.process_time()
        for case in cases:
            judged(case)
        took.append(time.process_time() - start)
    return min(took) / len(cases) * 1e6


def _kinds(cases: Sequence[LabelledCase]) -> dict[str, int]:
    found: dict[str, int] = defaultdict(int)
    for case in cases:
        found[case.kind] += 1
    return dict(sorted(found.items()))
