"""Whose samples count: of each contributor no more than a cap. Pure."""

from __future__ import annotations


class Contributors:
    """Pending negatives by contributor (a user, else a conversation; all without either are one). Each call is O(1).

    >>> contributors = Contributors(cap=2)
    >>> for contributor in ["u:a", "u:a", "u:a", "u:b"]:
    ...     contributors.put_in(contributor)
    >>> contributors.counted, len(contributors)
    (3, 2)
    """

    def __init__(self, cap: int) -> None:
        self.cap = cap
        self.counted = 0
        self._pending: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._pending)

    def put_in(self, contributor: str) -> None:
        """One more pending negative of a contributor."""
        count = self._pending.get(contributor, 0) + 1
        self._pending[contributor] = count
        if count <= self.cap:
            self.counted += 1

    def take_out(self, contributor: str) -> None:
        """One pending negative of a contributor less."""
        count = self._pending[contributor] - 1
        if count < self.cap:
            self.counted -= 1
        if count:
            self._pending[contributor] = count
        else:
            del self._pending[contributor]
