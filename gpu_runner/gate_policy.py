"""What the gate asks for: the policy with its margins, and how each guard reads an item's scores. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

LANGUAGE_SETS: Final = ("holdout", "old_facts")


class UnusableScores(ValueError):
    """The scores (or the policy) can't carry a decision; the message is the reason."""


@dataclass(frozen=True)
class Policy:
    """What the gate asks for. Margins are the largest loss of a point estimate that is let pass, in the guard's own unit.

    `alpha` is the one-sided level of the primary and the family-wise level of the guards. `languages` are those that must be guarded; a
    language with no item in `holdout` and `old_facts` is a missing guard. `latency_margin` 0.5 means 50 % slower a token, also the least
    slowdown that counts as harm: a clock differs between two runs of one model. `min_*` are counts below which a set proves nothing.
    """

    alpha: float = 0.05
    margin: float = 0.05
    script_margin: float = 0.05
    hallucination_margin: float = 0.05
    latency_margin: float = 0.5
    languages: tuple[str, ...] = ("hi", "en")
    guards: tuple[str, ...] = ("holdout", "languages", "old_facts", "earlier_repair", "script", "hallucination", "latency")
    min_primary_groups: int = 10
    min_guard_items: int = 20

    def as_dict(self) -> dict[str, str | float | int | bool | None]:
        """Flat, for the decision record and its event."""
        return {name: ",".join(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}


@dataclass(frozen=True)
class Measure:
    """How a guard reads one item: `value` of each side (higher is better; None: not comparable), on items that it `covers`.

    `harm_beyond_margin`: values are logarithms, and only a loss beyond the margin is harm.
    """

    name: str
    covers: Callable[[Mapping[str, Any]], bool]
    value: Callable[[Mapping[str, Any]], float | None]
    margin: float
    may_be_absent: bool = False
    harm_beyond_margin: bool = False
    least_items: int = 0


def measures(policy: Policy) -> list[Measure]:
    """The guards that the policy lists, in its order; an unknown name is refused because it would guard nothing."""
    out: list[Measure] = []
    for name in policy.guards:
        if name in ("holdout", "old_facts", "earlier_repair"):
            absent = name == "earlier_repair"
            out.append(Measure(name, _of_set(name), _em, policy.margin, absent, least_items=0 if absent else policy.min_guard_items))
        elif name == "languages":
            out += [
                Measure(f"language {tag}", _of_language(tag), _em, policy.margin, least_items=policy.min_guard_items)
                for tag in policy.languages
            ]
        elif name == "script":
            out.append(Measure("script", _in_words, _script, policy.script_margin, least_items=policy.min_guard_items))
        elif name == "hallucination":
            out.append(Measure("hallucination", _checkable, _grounded, policy.hallucination_margin, may_be_absent=True))
        elif name == "latency":
            out.append(Measure("latency", _any, _speed, policy.latency_margin, harm_beyond_margin=True, least_items=policy.min_guard_items))
        else:
            raise UnusableScores(f"the policy lists the guard {name!r}, which is not known")
    return out


def number(value: Any) -> float:
    """The value as a finite float. Raises UnusableScores for anything else: a NaN must never pass for a score."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise UnusableScores(f"a score is {value!r}, not a finite number")
    return float(value)


def log_slowdown(margin: float) -> float:
    """A slowdown (0.5 = 50 % slower) on the scale on which latencies are compared."""
    return math.log1p(margin)


def _of_set(name: str) -> Callable[[Mapping[str, Any]], bool]:
    return lambda item: bool(item["set"] == name)


def _of_language(tag: str) -> Callable[[Mapping[str, Any]], bool]:
    return lambda item: item["set"] in LANGUAGE_SETS and bool(item["language"] == tag)


def _any(_item: Mapping[str, Any]) -> bool:
    return True


def _in_words(item: Mapping[str, Any]) -> bool:
    """An item that at least one side answered in letters: a bare number has no script."""
    return any(item[side]["script_violation"] is not None for side in ("baseline", "candidate"))


def _checkable(item: Mapping[str, Any]) -> bool:
    return any(number(item[side]["checkable"]) > 0 for side in ("baseline", "candidate"))


def _em(row: Mapping[str, Any]) -> float:
    return number(row["em"])


def _script(row: Mapping[str, Any]) -> float:
    return -float(bool(row["script_violation"]))


def _grounded(row: Mapping[str, Any]) -> float:
    return -float(number(row["unsupported"]) > 0)


def _speed(row: Mapping[str, Any]) -> float | None:
    """Minus the logarithm of the latency of one token: differences are log ratios, below zero where the candidate is slower.

    Of one token, because a right answer may be longer than the wrong one that it replaces, and that is no harm.
    """
    latency, tokens = number(row["latency_ms"]), number(row["tokens"])
    return -math.log(latency / tokens) if latency > 0 and tokens > 0 else None
