"""Can this judge be believed in this language: its verdicts beside people's, and beside "the longer answer is the better one".

People's verdicts are comparisons of two answers, or a review's decision whether a correction is better than the answer that it corrects.
A judge is calibrated for a language where there are LEAST_PAIRS pairs or more, the lower 95 % bound of its agreement is above the
agreement of "longer wins", and kappa is LEAST_KAPPA or more. Until then its figures are told as advisory, and no gate reads them ever.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from gpu_runner.dataset.fields import DataError, Fields, read_objects
from gpu_runner.dataset.rows import guess_language
from gpu_runner.evaluate.judge.agreement import agreement, cohens_kappa, wilson_lower
from gpu_runner.evaluate.judge.prompts import JudgedCase
from gpu_runner.evaluate.judge.quality import ComparisonReport, ResponseQuality
from gpu_runner.evaluate.judge.verdicts import Winner
from gpu_runner.json_files import read_json

LEAST_PAIRS: Final = 100
LEAST_KAPPA: Final = 0.4
EXPECTED: Final = (
    "'question', 'a', 'b' and 'preferred' ('a', 'b' or 'tie'), or "
    "'question', 'response', 'correction' and 'decision' ('accept' or 'reject')"
)


@dataclass(frozen=True)
class HumanPair:
    """One comparison that a person made."""

    case: JudgedCase
    first: str
    second: str
    preferred: Winner


def read_pairs(path: Path) -> tuple[HumanPair, ...]:
    """The pairs of a file of JSON Lines. Raises DataError for the first row that is neither a comparison nor a review's decision."""
    return tuple(_pair(Fields(f"{path}:{number}", row), number) for number, row in read_objects(path))


def _pair(fields: Fields, number: int) -> HumanPair:
    question, row = fields.text("question"), fields.values
    language = row.get("language") if isinstance(row.get("language"), str) else guess_language(question)
    case = JudgedCase(fields.identity("id", f"pair-{number}"), str(language), question, _references(fields))
    preferred: dict[object, Winner]
    if "preferred" in row:
        preferred = {"a": "first", "b": "second", "tie": "tie"}
        answers, verdict = ("a", "b"), row["preferred"]
    elif "decision" in row:
        # A review says whether the correction is right: refused, the answer stands.
        preferred = {"reject": "first", "accept": "second"}
        answers, verdict = ("response", "correction"), row["decision"]
    else:
        raise DataError(f"{fields.where}: expected {EXPECTED}")
    if not isinstance(verdict, str) or verdict not in preferred:
        raise DataError(f"{fields.where}: the verdict is {verdict!r}: expected {EXPECTED}")
    return HumanPair(case, fields.text(answers[0]), fields.text(answers[1]), preferred[verdict])


def _references(fields: Fields) -> tuple[str, ...]:
    found = fields.values.get("references", [])
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise fields.error("references", "a list of strings")
    return tuple(found)


def longer_wins(pair: HumanPair) -> Winner:
    """The trivial judge."""
    difference = len(pair.first) - len(pair.second)
    return "first" if difference > 0 else "second" if difference < 0 else "tie"


def calibrate(judge: ResponseQuality, pairs: Sequence[HumanPair]) -> dict[str, Any]:
    """The report: for each language and all the judge's agreement and kappa with people, the baseline's, and whether it is calibrated.

    Pairs that the judge did not judge count in none of the figures, and by kind of failure beside them.
    """
    if len({pair.case.id for pair in pairs}) < len(pairs):
        raise DataError("two pairs have the same 'id': expected an id for each, or none")
    firsts, seconds = {pair.case.id: pair.first for pair in pairs}, {pair.case.id: pair.second for pair in pairs}
    report = judge.compare([pair.case for pair in pairs], firsts, seconds)
    languages = sorted({pair.case.language for pair in pairs})
    return {
        "format": 1,
        "judge": judge.identity,
        "all": _figures(pairs, report),
        "languages": {name: _figures([pair for pair in pairs if pair.case.language == name], report) for name in languages},
        "rule": f"{LEAST_PAIRS} pairs, lower 95 % bound of agreement above that of 'longer wins', kappa {LEAST_KAPPA}",
        **{name: value for name, value in report.as_dict().items() if name not in ("by_language", "judged")},
    }


def _figures(pairs: Sequence[HumanPair], report: ComparisonReport) -> dict[str, Any]:
    judged = [pair for pair in pairs if pair.case.id in report.compared]
    people = [pair.preferred for pair in judged]
    verdicts = [report.compared[pair.case.id].winner for pair in judged]
    longer = [longer_wins(pair) for pair in judged]
    found, trivial, kappa = agreement(people, verdicts), agreement(people, longer), cohens_kappa(people, verdicts)
    low = wilson_lower(found, len(judged))
    return {
        "pairs": len(pairs), "judged": len(judged), "agreement": round(found, 6), "agreement_low": round(low, 6), "kappa": round(kappa, 6),
        "longer_wins": {"agreement": round(trivial, 6), "kappa": round(cohens_kappa(people, longer), 6)},
        "calibrated": len(judged) >= LEAST_PAIRS and low > trivial and kappa >= LEAST_KAPPA,
    }  # fmt: skip


def calibrated_languages(path: Path | None, identity: str) -> frozenset[str]:
    """Languages that a calibration report says this judge is calibrated for; none without a report, or with another judge's."""
    found: Mapping[str, Any] = (read_json(path) or {}) if path is not None else {}
    if found.get("judge") != identity:
        return frozenset()
    return frozenset(name for name, figures in found.get("languages", {}).items() if figures.get("calibrated") is True)
