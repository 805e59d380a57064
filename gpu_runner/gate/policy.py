"""What the gate asks for: the policy with its margins and minima, read from a file strictly and written with a word on each. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from itertools import pairwise
from typing import Any, Final

from gpu_runner.dataset.evaluation_items import MOST_ITEMS_OF_A_SET
from gpu_runner.gate.margins import margin_for
from gpu_runner.text.languages import primary_language

# The statistics behind a verdict, as a record names them: the same rules on the same scores give the same verdict.
GATE_RULES: Final = "tango-holm-1"
GUARDS: Final = ("holdout", "languages", "old_facts", "earlier_repair", "script", "hallucination", "latency", "lineage_start")
# What an evaluation of a model always has: its pinned items, answered in letters and timed.
REQUIRED: Final = ("holdout", "languages", "old_facts", "script", "latency")


class PolicyError(ValueError):
    """The policy can't be used; the message names the field, what was expected and what was found."""


def _share(least: float, most: float) -> Callable[[str, Any], float]:
    def read(name: str, value: Any) -> float:
        plain = isinstance(value, int | float) and not isinstance(value, bool)
        if not plain or not least < value <= most:
            raise PolicyError(f"field {name} is {_shown(value)}: expected a number above {least:g}, at most {most:g}, such as 0.05")
        return float(value)

    return read


def _count(most: int) -> Callable[[str, Any], int]:
    def read(name: str, value: Any) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
            raise PolicyError(f"field {name} is {_shown(value)}: expected a whole number from 1 to {most}")
        return value

    return read


def _names(allowed: Sequence[str], *, or_none: bool = False) -> Callable[[str, Any], tuple[str, ...]]:
    def read(name: str, value: Any) -> tuple[str, ...]:
        expected = f"expected a list of {'some' if or_none else 'at least one'} of {', '.join(allowed)}"
        if not isinstance(value, list | tuple) or not (value or or_none):
            raise PolicyError(f"field {name} is {_shown(value)}: {expected}")
        for entry in value:
            if not isinstance(entry, str) or entry not in allowed:
                raise PolicyError(f"field {name} has {_shown(entry)}: {expected}")
        if len(set(value)) != len(value):
            raise PolicyError(f"field {name} names something twice: {expected}, each once")
        return tuple(value)

    return read


def _languages(name: str, value: Any) -> tuple[str, ...]:
    expected = "expected a list of at least one language by the first part of its tag, such as hi"
    if not isinstance(value, list | tuple) or not value:
        raise PolicyError(f"field {name} is {_shown(value)}: {expected}")
    for entry in value:
        if not isinstance(entry, str) or primary_language(entry) != entry:
            raise PolicyError(f"field {name} has {_shown(entry)}: {expected}")
    if len(set(value)) != len(value):
        raise PolicyError(f"field {name} names something twice: {expected}, each once")
    return tuple(value)


def _factors(name: str, value: Any) -> tuple[tuple[int, float], ...]:
    expected = "expected items and factors such as {40: 3.6, 100: 2, 300: 1}, factors from 1 to 20 that fall as the items rise"
    if isinstance(value, Mapping):
        value = sorted(value.items(), key=lambda row: (not isinstance(row[0], int), str(row[0]) if not isinstance(row[0], int) else row[0]))
    if not isinstance(value, list | tuple) or not value or not all(isinstance(row, list | tuple) and len(row) == 2 for row in value):
        raise PolicyError(f"field {name} is {_shown(value)}: {expected}")
    for items, factor in value:
        plain = isinstance(factor, int | float) and not isinstance(factor, bool) and 1 <= factor <= 20
        if not isinstance(items, int) or isinstance(items, bool) or not 1 <= items <= 100_000 or not plain:
            raise PolicyError(f"field {name} has {_shown({items: factor})}: {expected}")
    rows = tuple((items, float(factor)) for items, factor in value)
    if any(few >= many or high < low for (few, high), (many, low) in pairwise(rows)):
        raise PolicyError(f"field {name} is {_shown(dict(rows))}: {expected}")
    return rows


def _shown(value: Any) -> str:
    told = repr(value)
    return told if len(told) <= 60 else f"{told[:60]}…"


def _asked(default: Any, read: Callable[[str, Any], Any], meaning: str) -> Any:
    """A field of the policy: how its value in a file is read, and the words that stand above it there."""
    return field(default=default, metadata={"read": read, "meaning": meaning})


@dataclass(frozen=True)
class Policy:
    """What the gate asks for. A margin is the largest loss that may be left possible: the lower 95 % bound has to lie above it.

    `latency_margin` is held against the measured slowdown, and is also the least that counts as harm. `min_*` are counts below which a set
    proves nothing.
    """

    alpha: float = _asked(0.05, _share(0, 0.5), "One-sided level of the gain on the repair items.")
    harm_alpha: float = _asked(0.01, _share(0, 0.5), "Family-wise level of harm over all guards (Holm).")
    margin: float = _asked(
        0.05,
        _share(0, 1),
        "The loss in right answers that has to be ruled out for holdout, old_facts, earlier_repair and each language, each by itself "
        "(0.05: 5 points); times margin_factors.",
    )
    margin_factors: tuple[tuple[int, float], ...] = _asked(
        ((40, 3.6), (100, 1.95), (300, 1.0)),
        _factors,
        "How many times the margins grow for a set of so many items, which can't show as much; between two rows on a line of logarithms.",
    )
    script_margin: float = _asked(0.05, _share(0, 1), "The same as margin for the share of answers in the right script.")
    hallucination_margin: float = _asked(0.05, _share(0, 1), "The same for the share of answers whose claims their source supports.")
    latency_margin: float = _asked(0.5, _share(0, 10), "How much slower the candidate may be for the same work (0.5: 50 %).")
    lineage_margin: float = _asked(
        0.15,
        _share(0, 1),
        "The loss against the first version of the lineage that has to be ruled out, so that small losses don't add up unseen.",
    )
    languages: tuple[str, ...] = _asked(
        ("hi", "en"), _languages, "Every language of which nothing may be lost; each needs min_guard_items in the evaluation set."
    )
    guards: tuple[str, ...] = _asked(GUARDS, _names(GUARDS), "What is guarded. A guard that is left out guards nothing.")
    required: tuple[str, ...] = _asked(
        REQUIRED, _names(GUARDS, or_none=True), "Guards that must have something to compare: without it nothing is promoted."
    )
    cadence_days: float = _asked(
        7.0, _share(0, 3660), "Days between two runs: how many false promotions a year the levels allow is told by it."
    )
    min_primary_groups: int = _asked(10, _count(100_000), "The fewest source groups of repair items that can show a gain.")
    # More than are asked of a set could never be there.
    min_guard_items: int = _asked(
        20,
        _count(MOST_ITEMS_OF_A_SET),
        "The fewest items with which holdout, old_facts, each language and script can show that nothing was lost.",
    )

    def as_dict(self) -> dict[str, str | float | int | bool | None]:
        """Flat, for the decision record and its event."""
        return {name: ",".join(map(_entry, value)) if isinstance(value, tuple) else value for name, value in asdict(self).items()}

    def margin_of(self, margin: float, items: int) -> float:
        """What a guard of so many items may lose, where large sets may lose `margin`."""
        return margin_for(margin, items, self.margin_factors)

    def false_promotions_a_year(self) -> float:
        """How many candidates without any gain would be promoted a year, at most, if each run brought such a one."""
        return self.alpha * 365 / self.cadence_days


def _entry(value: str | tuple[int, float]) -> str:
    return value if isinstance(value, str) else f"{value[0]}: {value[1]:g}"


def policy_of(given: Any, *, languages: Sequence[str], required: Sequence[str] = REQUIRED) -> Policy:
    """The policy of a file's content; a field that is not given has its default, `languages` and `required` what is passed.

    Raises PolicyError for anything but an object of known fields in their ranges.
    """
    if given is None:
        given = {}
    if not isinstance(given, Mapping):
        raise PolicyError(f"the policy is {_shown(given)}: expected fields, one a line, such as `margin: 0.05`")
    known = {one.name: one for one in fields(Policy)}
    for name in given:
        if name not in known:
            raise PolicyError(f"field {_shown(name)} is not known: expected some of {', '.join(known)}")
    values = {name: known[name].metadata["read"](name, value) for name, value in given.items()}
    values.setdefault("languages", tuple(languages))
    values.setdefault("required", tuple(required))
    return Policy(**values)


def policy_text(policy: Policy) -> str:
    """The policy as a YAML file in which every field is told; `policy_of` reads it back."""
    lines = ["# What the gate asks of a candidate. Read before each decision, which names this file's hash."]
    for one in fields(Policy):
        value = getattr(policy, one.name)
        told = _yaml(value)
        lines += [f"# {one.metadata['meaning']}", f"{one.name}: {told}"]
    return "\n".join(lines) + "\n"


def _yaml(value: Any) -> str:
    if not isinstance(value, tuple):
        return repr(value)
    pairs = bool(value) and isinstance(value[0], tuple)
    return f"{'{' if pairs else '['}{', '.join(map(_entry, value))}{'}' if pairs else ']'}"
