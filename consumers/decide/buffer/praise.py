"""Which praise of a model is kept: a fair sample of bounded size that is the same in whatever order it came. Pure.

Of each contributor those few with the smallest keyed hashes, of these the smallest: bottom-k sampling (Cohen and Kaplan, "Summarizing
Data using Bottom-k Sketches", PODC 2007). What was put out is not brought back where a kept one is taken back later or expires; the next
praise takes the place.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left, insort
from typing import Final

# Enough for a small share of replay rows in each run; a record of the changelog has about 150 bytes.
KEPT: Final = 500
# As many as the default cap of a batch: nobody's praise speaks for all.
KEPT_OF_EACH: Final = 5

_Rank = tuple[int, str]


class PraiseSample:
    """The names of the kept ones, by rank. Each call is O(log kept), and a move of as many references.

    >>> praise = PraiseSample("m", most=2, of_each=1)
    >>> for name, contributor in (("a", "u:1"), ("b", "u:1"), ("c", "u:2")):
    ...     praise.put_in(name, contributor)
    >>> len(praise), praise.over("u:1") in ("a", "b")
    (3, True)
    """

    def __init__(self, model: str, most: int = KEPT, of_each: int = KEPT_OF_EACH) -> None:
        self._key = hashlib.blake2b(model.encode(), digest_size=32).digest()
        self._most, self._of_each = most, of_each
        self._kept: list[_Rank] = []
        self._by_contributor: dict[str, list[_Rank]] = {}

    def __len__(self) -> int:
        return len(self._kept)

    def admits(self, name: str, contributor: str) -> bool:
        """Whether a praise would stay if it were put in now."""
        rank, theirs = self._rank(name), self._by_contributor.get(contributor, [])
        if rank in theirs:
            return True
        if len(theirs) >= self._of_each:
            return rank < theirs[-1]
        return len(self._kept) < self._most or rank < self._kept[-1]

    def put_in(self, name: str, contributor: str) -> None:
        """One more that is kept, whatever the bounds say: `over` names what has to go."""
        rank = self._rank(name)
        insort(self._kept, rank)
        insort(self._by_contributor.setdefault(contributor, []), rank)

    def take_out(self, name: str, contributor: str) -> None:
        """One that is kept no longer."""
        rank, theirs = self._rank(name), self._by_contributor[contributor]
        del self._kept[bisect_left(self._kept, rank)]
        del theirs[bisect_left(theirs, rank)]
        if not theirs:
            del self._by_contributor[contributor]

    def over(self, contributor: str) -> str | None:
        """The next one that has to go after a contributor's was put in, None where the bounds hold."""
        theirs = self._by_contributor.get(contributor, [])
        if len(theirs) > self._of_each:
            return theirs[-1][1]
        return self._kept[-1][1] if len(self._kept) > self._most else None

    def _rank(self, name: str) -> _Rank:
        return int.from_bytes(hashlib.blake2b(name.encode(), key=self._key, digest_size=8).digest(), "big"), name
