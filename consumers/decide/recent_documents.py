"""What the newest documents of a model said, for the explanation of a drift: it decides nothing, so it is not journalled.

A replay from the journal makes the same decisions with no terms in them. The changelog gets the record every `WRITE_EVERY` documents, in
pieces: after a crash the newest few of them are missing from the explanations, and from nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

import msgspec

from consumers.decide.inputs import DocumentText
from consumers.drift.terms.recent import RecentTerms
from consumers.drift.terms.table import TermTable

if TYPE_CHECKING:
    from consumers.drift.terms.explain import Explanation

WRITE_EVERY: Final = 64
# Well under the broker's 1 MiB.
PIECE_BYTES: Final = 400_000
TOLD: Final = 20


class Pieces(msgspec.Struct, array_like=True, frozen=True, tag=1):
    """How many pieces the record lies in, and the baseline whose table its terms are counted against."""

    baseline: str
    count: int


class RecentDocuments:
    """The record of one model. Begun again with each baseline; without one it takes nothing."""

    def __init__(self) -> None:
        self._baseline: str | None = None
        self._table: TermTable | None = None
        self._recent: RecentTerms | None = None
        self._unwritten = 0
        self._due = False
        # As the changelog has them: the head's bytes under b"", pieces under their numbers.
        self._written: dict[bytes, bytes] = {}

    def begin(self, baseline: str, table: TermTable) -> None:
        """Counts against this baseline's table from now on; goes on with a restored record of the same one."""
        self._table, self._recent, self._unwritten = table, RecentTerms(table), 0
        self._baseline = baseline
        stored = self._stored(baseline)
        if stored is not None:
            try:
                self._recent.load(stored)
            except (ValueError, msgspec.DecodeError):
                # Another release's: the terms come again with new documents.
                self._recent = RecentTerms(table)

    def take(self, documents: Sequence[DocumentText]) -> None:
        """Takes documents in."""
        if self._recent is not None and documents:
            self._recent.take([one.text for one in documents], [one.source for one in documents], [one.day for one in documents])
            self._unwritten += len(documents)

    def tick(self) -> None:
        """The record is written at a tick, where enough is new."""
        self._due = self._due or self._unwritten >= WRITE_EVERY

    def explain(self, documents: int, language: str | None) -> Explanation | None:
        """The terms that rose and fell in the newest documents, of one language where it alone drifted; None without a record."""
        # With scipy, which only this needs.
        from consumers.drift.terms.explain import explain

        if self._table is None or self._recent is None or not self._recent.documents:
            return None
        return explain(self._table, self._recent, TOLD, documents=documents, language=language)

    def save(self) -> Iterable[tuple[bytes, bytes]]:
        """The record as the changelog has it."""
        return self._written.items()

    def take_changes(self) -> dict[bytes, bytes | None]:
        """What the changelog gets, by piece."""
        if not self._due or self._recent is None or self._baseline is None:
            return {}
        self._due, self._unwritten = False, 0
        whole = self._recent.save()
        pieces = [whole[at : at + PIECE_BYTES] for at in range(0, len(whole), PIECE_BYTES)]
        written = {b"": msgspec.json.encode(Pieces(self._baseline, len(pieces)))}
        written |= {b"%d" % number: piece for number, piece in enumerate(pieces)}
        changes: dict[bytes, bytes | None] = dict.fromkeys(sorted(self._written.keys() - written.keys()))
        self._written = written
        return changes | written

    def load(self, key: bytes, value: bytes | None) -> None:
        """Takes one changelog record back."""
        self._written.pop(key, None)
        if value is not None:
            self._written[key] = value

    def _stored(self, baseline: str) -> bytes | None:
        head = self._written.get(b"")
        if head is None:
            return None
        pieces = msgspec.json.decode(head, type=Pieces)
        found = [self._written.get(b"%d" % number) for number in range(pieces.count)]
        if pieces.baseline != baseline or None in found:
            return None
        return b"".join(piece for piece in found if piece is not None)
