"""How many of a set's numbers went, and how many that must stay were touched."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from bench.redaction.cases import Case
from producers.redaction.redact import redact

_MARKS: Final = re.compile(r"[<(]?\[(AADHAAR|PAN|GSTIN|PHONE|EMAIL|UPI)\][>)]?")
# What is no part of the number and may stay or go with it.
_LEFT: Final = frozenset({"", '""', "upi://pay?pa=", "mailto:"})


@dataclass
class Tally:
    """Counts of one kind, and the cases that went wrong."""

    cases: int = 0
    right: int = 0
    wrong: list[Case] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Measured:
    """One half: recall over what must go; precision is what went rightly of all that went."""

    going: dict[str, Tally]
    staying: dict[str, Tally]

    @property
    def recall(self) -> float:
        """Share of the numbers that must go that went whole, with nothing else of the text."""
        return _share(sum(tally.right for tally in self.going.values()), sum(tally.cases for tally in self.going.values()))

    @property
    def precision(self) -> float:
        """Numbers that went rightly, of these and the texts that must stay and did not."""
        right = sum(tally.right for tally in self.going.values())
        return _share(right, right + sum(len(tally.wrong) for tally in self.staying.values()))

    def as_json(self) -> dict[str, Any]:
        """Recall, precision and each kind's counts."""
        kinds = {name: {"cases": tally.cases, "went": tally.right} for name, tally in self.going.items()}
        stays = {name: {"cases": tally.cases, "stayed": tally.right} for name, tally in self.staying.items()}
        return {
            "must_go": sum(tally.cases for tally in self.going.values()),
            "must_stay": sum(tally.cases for tally in self.staying.values()),
            "recall": round(self.recall, 5),
            "precision": round(self.precision, 5),
            "kinds_that_go": kinds,
            "kinds_that_stay": stays,
        }


def measure(cases: Iterable[Case], without: Callable[[str], str] = lambda text: redact(text).text) -> Measured:
    """The cases through a redactor."""
    going: dict[str, Tally] = {}
    staying: dict[str, Tally] = {}
    for case in cases:
        tally = (going if case.goes else staying).setdefault(case.kind, Tally())
        tally.cases += 1
        if is_right(case, without(case.text)):
            tally.right += 1
        else:
            tally.wrong.append(case)
    return Measured(going, staying)


def is_right(case: Case, redacted: str) -> bool:
    """Whether the number, and nothing else, has gone; or whether all of the text stayed.

    >>> case = Case("phone", True, "tuning", "plain", "call ", "9876543210", " now")
    >>> is_right(case, "call [PHONE] now"), is_right(case, "call 98765[PHONE] now"), is_right(case, "[PHONE] now")
    (True, False, False)
    """
    if not case.goes:
        return redacted == case.text
    before, after = case.before, case.after
    if case.number.startswith("(") and before.endswith("("):
        before = before[:-1]
    if not (redacted.startswith(before) and redacted.endswith(after) and len(redacted) >= len(before) + len(after)):
        return False
    middle = redacted[len(before) : len(redacted) - len(after)]
    return middle != case.number and _MARKS.search(middle) is not None and _MARKS.sub("", middle).strip("(+ ") in _LEFT


def of_half(cases: Sequence[Case], half: str) -> list[Case]:
    """The cases of a half."""
    return [case for case in cases if case.half == half]


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 1.0
