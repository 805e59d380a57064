"""A holdout stays a holdout: a keyed hash of the normalised source group decides it, the same way for ever.

The key keeps the assignment unguessable (nobody can craft feedback that lands in or out of it) and is named by its id in the
model's record. A group is in the holdout when its 64-bit share of HMAC-SHA256 lies below `percent` %, so a larger percentage
only ever adds groups.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

from schemas.identity import normalise_group

__all__ = ["GROUP_CHARACTERS", "REMEMBERED_GROUPS", "HoldoutAssigner", "is_holdout", "key_id", "normalise_group"]

_SHARES = 1 << 64
# Names that an assigner remembers: groups repeat (a document, a monument), and normalising one costs more than the hash.
REMEMBERED_GROUPS: Final = 20_000
# The limit of `schemas.fields.Group`.
GROUP_CHARACTERS: Final = 500


def key_id(key: bytes) -> str:
    """The name under which a holdout key is stored beside a model: the first 8 hex digits of its sha256."""
    return hashlib.sha256(key).hexdigest()[:8]


def is_holdout(group: str, *, key: bytes, percent: int) -> bool:
    """Whether `group` is held out for ever under this key; `percent` is the expected share of groups, 0 to 100.

    Raises ValueError for a percentage out of range or an empty key, because either would release the holdout in silence.
    """
    _check(key, percent)
    return _is_below(hmac.digest(key, normalise_group(group).encode("utf-8", "surrogatepass"), "sha256"), percent)


class HoldoutAssigner:
    """`is_holdout` for many groups under one key: the same answers, and the group's normalised name with them."""

    def __init__(self, *, key: bytes, percent: int) -> None:
        _check(key, percent)
        self._key = key
        self._percent = percent
        self._known: dict[str, tuple[str, bool]] = {}

    def assign(self, text: str) -> tuple[str, bool]:
        """The normalised group, at most 500 characters ("" for a text without any), and whether it is held out."""
        known = self._known.get(text)
        if known is None:
            group = normalise_group(text)[:GROUP_CHARACTERS].strip()
            known = group, is_holdout(group, key=self._key, percent=self._percent)
            if len(self._known) >= REMEMBERED_GROUPS:
                self._known.clear()
            self._known[text] = known
        return known


def _check(key: bytes, percent: int) -> None:
    if not 0 <= percent <= 100:
        raise ValueError(f"percent is {percent}: expected 0 to 100, set HOLDOUT_PERCENT to a share of the groups")
    if not key:
        raise ValueError("key is empty: set HOLDOUT_KEY to a secret that never changes for this model")


def _is_below(digest: bytes, percent: int) -> bool:
    return int.from_bytes(digest[:8], "big") * 100 < percent * _SHARES
