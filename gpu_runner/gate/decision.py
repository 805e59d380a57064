"""What the gate decided, and what it rests on. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal

from gpu_runner.gate.policy import GATE_RULES

Verdict = Literal["promote", "reject", "inconclusive"]
Word = Literal["PROMOTE", "REJECT", "ABSTAIN", "BROKEN"]
GuardState = Literal["satisfied", "harmed", "below_margin", "too_few", "missing", "nothing_to_check"]

PRIMARY_SET: Final = "repair"


@dataclass(frozen=True)
class Effect:
    """The primary: mean paired gain in fixed items with its two-sided 90 % interval and one-sided p-value."""

    gain: float
    low: float
    high: float
    p_value: float
    items: int
    groups: int
    baseline: float
    candidate: float
    significant: bool


@dataclass(frozen=True)
class Guard:
    """One guard: `change` is candidate minus baseline, oriented so that below zero is worse; `bound` its lower 95 % bound.

    `p_harm` is one-sided. `change` is None where there was nothing to compare, `bound` also for latency, `p_harm` where no independent
    units are known. `margin` is that of the set's size. `items` are what was compared: items, or the timed batches of latency. So many
    `items_needed` would show that nothing is lost.
    """

    name: str
    state: GuardState
    change: float | None
    p_harm: float | None
    margin: float
    items: int
    bound: float | None = None
    items_needed: int | None = None


@dataclass(frozen=True)
class Decision:
    """The verdict with its reasons in plain sentences, and what it rests on.

    `broken`: an item, a side or a score is missing, corrupt or another. `items_needed` is the largest number of items of a set that would
    settle an ABSTAIN, by set in `items_needed_of`. `driver` is what got worse, whether or not that refuses (`gpu_runner.gate.driver`).
    `noise_floor` is the share of repair items that the baseline, asked twice, answered otherwise; None where it was not asked twice.
    """

    verdict: Verdict
    reasons: tuple[str, ...]
    primary: Effect | None
    guards: tuple[Guard, ...]
    detectable_effect: float | None
    items_sha256: str | None
    broken: bool = False
    items_needed: int | None = None
    items_needed_of: Mapping[str, int] = field(default_factory=dict)
    driver: Mapping[str, Any] | None = None
    noise_floor: float | None = None
    false_promotions_a_year: float | None = None
    rules: str = GATE_RULES

    @property
    def word(self) -> Word:
        """The verdict as people read it; `inconclusive` is ABSTAIN or BROKEN."""
        if self.verdict == "inconclusive":
            return "BROKEN" if self.broken else "ABSTAIN"
        return "PROMOTE" if self.verdict == "promote" else "REJECT"

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready, with the word."""
        return asdict(self) | {"word": self.word}
