"""Which source groups are held out: by the keyed hash, and after a change of the key only those that were held out before it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

from schemas.holdout import is_holdout, normalise_group


def group_sha256(group: str) -> str:
    """The name of a group in records that hold no text: equal for every spelling of the group."""
    return hashlib.sha256(normalise_group(group).encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True)
class Assignment:
    """The assignment under a key.

    `kept` are the hashes of the groups that a change of the key left in the holdout; None where the key was never changed. Those stay held
    out whatever the new key says. What else the new key names is held back from training too, but for groups of `trained`: what was trained
    is never moved into the holdout.
    """

    key: bytes = field(repr=False)
    percent: int
    kept: frozenset[str] | None = None
    trained: Iterable[str] = ()

    def is_held_out(self, group: str) -> bool:
        """Whether the group is kept out of training."""
        if self.kept is None:
            return is_holdout(group, key=self.key, percent=self.percent)
        if group_sha256(group) in self.kept:
            return True
        return is_holdout(group, key=self.key, percent=self.percent) and normalise_group(group) not in self._trained

    @cached_property
    def _trained(self) -> frozenset[str]:
        return frozenset(map(normalise_group, self.trained))
