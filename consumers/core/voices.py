"""How many pending negatives count when no user may speak for all: a cap for each voice, and how many voices there are."""

from __future__ import annotations


class Voices:
    """Pending negatives by voice (a user, else a conversation; all without either are one). Each call is O(1).

    >>> voices = Voices(cap=2)
    >>> for voice in ["u:a", "u:a", "u:a", "u:b"]:
    ...     voices.put_in(voice)
    >>> voices.counted, len(voices)
    (3, 2)
    """

    def __init__(self, cap: int) -> None:
        self.cap = cap
        self.counted = 0
        self._pending: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._pending)

    def put_in(self, voice: str) -> None:
        """One more pending negative of a voice."""
        count = self._pending.get(voice, 0) + 1
        self._pending[voice] = count
        if count <= self.cap:
            self.counted += 1

    def take_out(self, voice: str) -> None:
        """One pending negative of a voice less."""
        count = self._pending[voice] - 1
        if count < self.cap:
            self.counted -= 1
        if count:
            self._pending[voice] = count
        else:
            del self._pending[voice]
