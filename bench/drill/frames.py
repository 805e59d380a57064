"""Requests as they lie in a client's bytes, for a proxy that holds one of them back: where each begins, and whose transaction it is of."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

# The API keys of Kafka's protocol.
ADD_PARTITIONS: Final = 24
END_TRANSACTION: Final = 26
OF_TRANSACTIONS: Final = (ADD_PARTITIONS, END_TRANSACTION)
# Length of what follows, API key, API version, correlation id.
_HEADER: Final = struct.Struct(">ihhi")
_LENGTH_BYTES: Final = 4


@dataclass(frozen=True, slots=True)
class Frame:
    """One request of a transaction, its length in front."""

    raw: bytes

    @property
    def api_key(self) -> int:
        """What is asked."""
        return int(_HEADER.unpack_from(self.raw)[1])

    @property
    def transactional_id(self) -> str:
        """Whose transaction it is, in the versions that aiokafka speaks: the client's name lies before it."""
        text, at = "", _HEADER.size
        for _ in ("client", "transactional id"):
            (length,) = struct.unpack_from(">h", self.raw, at)
            at += 2 + max(length, 0)
            text = self.raw[at - max(length, 0) : at].decode()
        return text


class Frames:
    """Cuts the bytes of one client into requests of transactions and everything between them."""

    def __init__(self) -> None:
        # The beginning of a request of which more has to come, and how much of one that goes on unseen is still to come.
        self._kept = b""
        self._passing = 0

    def cut(self, data: bytes) -> list[bytes | Frame]:
        """All that can go on, in its order."""
        found: list[bytes | Frame] = []
        data, self._kept = self._kept + data, b""
        start, at = 0, min(self._passing, len(data))
        self._passing -= at
        while len(data) - at >= _HEADER.size:
            length, api_key, _, _ = _HEADER.unpack_from(data, at)
            end = at + _LENGTH_BYTES + length
            if api_key not in OF_TRANSACTIONS:
                at, self._passing = min(end, len(data)), max(end - len(data), 0)
            elif end > len(data):
                break
            else:
                found += [data[start:at], Frame(data[at:end])]
                start = at = end
        self._kept = data[at:]
        return [piece for piece in (*found, data[start:at]) if piece]
