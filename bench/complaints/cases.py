"""The sets of cases, and the half that each belongs to by a keyed hash."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from bench.halves import Half, half_of_text
from schemas.reading.json_lines import own_lines

_HERE: Final = Path(__file__).parent
SET: Final = _HERE / "cases.jsonl"
# Written by three people who had not seen the rules.
BY_OTHERS: Final = _HERE / "cases_by_others.jsonl"
# For fitting alone: nothing is measured on them.
MORE: Final = _HERE / "more_cases.jsonl"
_KEY: Final = b"the halves of the complaints set"

Label = Literal["complaint", "correction"]


@dataclass(frozen=True, slots=True)
class LabelledCase:
    """One correction as a user gave it, and what it is; `answer` is the part of a complaint that answers."""

    language: str
    script: str
    label: Label
    kind: str
    query: str
    response: str
    correction: str
    answer: str | None = None

    @property
    def stratum(self) -> str:
        """The language and script that figures are told by; languages without rules of their own are one."""
        return f"{self.language}-{self.script}" if self.language in ("en", "hi") else "other"


def read(path: Path = SET) -> list[LabelledCase]:
    """The cases of a file."""
    return [LabelledCase(**case) for _, case in own_lines(path.read_bytes())]


def half_of(case: LabelledCase) -> Half:
    """The half of a case by others: complaints of the same words, and corrections of the same question, are in one."""
    words = case.correction if case.label == "complaint" else case.query
    return half_of_text(words, _KEY)


def of_half(cases: list[LabelledCase], half: Half) -> list[LabelledCase]:
    """The cases of a half."""
    return [case for case in cases if half_of(case) == half]
