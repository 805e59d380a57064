"""The sets of long answers, and the half that each case belongs to by a keyed hash of its question."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from bench.halves import Half, half_of_text
from schemas.reading.json_lines import own_lines

_HERE: Final = Path(__file__).parent
# Written by two people who had not seen the rules. In English both halves are for tuning since its rule was made anew; Hindi's stand.
TUNING_EN: Final = _HERE / "long_en.jsonl"
BY_OTHERS: Final = (TUNING_EN, _HERE / "long_hi.jsonl")
# Written by two more who had not seen the rules either, after the first set was spent: measured once, when the rule for English was frozen.
FINAL_EN: Final = _HERE / "final_en.jsonl"
# Written with the rules, for development and fitting alone: nothing is measured on it.
OWN: Final = _HERE / "own.jsonl"
_KEY: Final = b"the halves of the set of long answers"

Label = Literal["right", "wrong"]


@dataclass(frozen=True, slots=True)
class LabelledAnswer:
    """One answer to a case's question, and what it is."""

    text: str
    label: Label
    kind: str


@dataclass(frozen=True, slots=True)
class LongCase:
    """A correction of a long answer, and answers that a later model could give."""

    language: str
    topic: str
    question: str
    rejected: str
    reference: str
    answers: tuple[LabelledAnswer, ...]


def read(path: Path) -> list[LongCase]:
    """The cases of a file."""
    return [
        LongCase(**{**case, "answers": tuple(LabelledAnswer(**answer) for answer in case["answers"])})
        for _, case in own_lines(path.read_bytes())
    ]


def half_of(question: str) -> Half:
    """The half of a case: the same question is always in one."""
    return half_of_text(question, _KEY)


def of_half(cases: Iterable[LongCase], half: Half) -> list[LongCase]:
    """The cases of a half."""
    return [case for case in cases if half_of(case.question) == half]
