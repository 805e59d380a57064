"""One question of the bench's material, and which of them are held out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Asked:
    """A question with its answer; `key` is alike for all wordings and languages of one question, `group` is what it is about."""

    key: str
    question: str
    answer: str
    language: str
    group: str
    wording: int = 0


def held_groups(groups: Sequence[str], share: int) -> frozenset[str]:
    """One group in `share`, spread evenly over their order."""
    return frozenset(sorted(set(groups))[::share])
