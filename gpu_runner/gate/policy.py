"""What the gate asks for: the policy with its margins and minima, read from a file strictly and written with a word on each. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Final

from gpu_runner.dataset.evaluation_items import MOST_ITEMS_OF_A_SET
from gpu_runner.text.languages import primary_language

GUARDS: Final = ("holdout", "languages", "old_facts", "earlier_repair", "script", "hallucination", "latency", "lineage_start")


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


def _names(allowed: Sequence[str]) -> Callable[[str, Any], tuple[str, ...]]:
    def read(name: str, value: Any) -> tuple[str, ...]:
        expected = f"expected a list of at least one of {', '.join(allowed)}"
        if not isinstance(value, list | tuple) or not value:
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


def _shown(value: Any) -> str:
    told = repr(value)
    return told if len(told) <= 60 else f"{told[:60]}…"


def _asked(default: Any, read: Callable[[str, Any], Any], meaning: str) -> Any:
    """A field of the policy: how its value in a file is read, and the words that stand above it there."""
    return field(default=default, metadata={"read": read, "meaning": meaning})


@dataclass(frozen=True)
class Policy:
    """What the gate asks for. Margins are the largest loss of a point estimate that is let pass, in the guard's own unit.

    A language with no item in `holdout` and `old_facts` is a missing guard. `latency_margin` and `lineage_margin` are also the least loss
    that counts as harm. `min_*` are counts below which a set proves nothing.
    """

    alpha: float = _asked(
        0.05, _share(0, 0.5), "One-sided level of the gain on the repair items, and family-wise level of harm over all guards."
    )
    margin: float = _asked(
        0.05,
        _share(0, 1),
        "The largest loss in right answers that holdout, old_facts, earlier_repair and each language may show (0.05: 5 points).",
    )
    script_margin: float = _asked(0.05, _share(0, 1), "The same for the share of answers in the right script.")
    hallucination_margin: float = _asked(0.05, _share(0, 1), "The same for the share of answers whose claims their source supports.")
    latency_margin: float = _asked(0.5, _share(0, 10), "How much slower the candidate may be for the same work (0.5: 50 %).")
    lineage_margin: float = _asked(
        0.15, _share(0, 1), "The largest loss against the first version of the lineage, so that small losses don't add up unseen."
    )
    languages: tuple[str, ...] = _asked(
        ("hi", "en"), _languages, "Every language of which nothing may be lost; each needs min_guard_items in the evaluation set."
    )
    guards: tuple[str, ...] = _asked(GUARDS, _names(GUARDS), "What is guarded. A guard that is left out guards nothing.")
    min_primary_groups: int = _asked(10, _count(100_000), "The fewest source groups of repair items that can show a gain.")
    # More than are asked of a set could never be there.
    min_guard_items: int = _asked(
        20,
        _count(MOST_ITEMS_OF_A_SET),
        "The fewest items with which holdout, old_facts, each language and script can show that nothing was lost.",
    )

    def as_dict(self) -> dict[str, str | float | int | bool | None]:
        """Flat, for the decision record and its event."""
        return {name: ",".join(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}


def policy_of(given: Any, *, languages: Sequence[str]) -> Policy:
    """The policy of a file's content; a field that is not given has its default, `languages` the ones that are passed.

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
    return Policy(**values)


def policy_text(policy: Policy) -> str:
    """The policy as a YAML file in which every field is told; `policy_of` reads it back."""
    lines = ["# What the gate asks of a candidate. Read before each decision, which names this file's hash."]
    for one in fields(Policy):
        value = getattr(policy, one.name)
        told = f"[{', '.join(value)}]" if isinstance(value, tuple) else repr(value)
        lines += [f"# {one.metadata['meaning']}", f"{one.name}: {told}"]
    return "\n".join(lines) + "\n"
