"""The trigger's journal: its inputs in the order it took them, and the decisions made again from them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from consumers.decide.inputs import Entry, SignalSeen, from_journal
from consumers.decide.trigger import Decision, ModelTrigger
from consumers.decide.trigger_state import TriggerPolicy
from consumers.wire import JournalOut
from schemas.events.trigger_journal import TriggerJournal

ENTRIES_A_RECORD: Final = 1000
# The broker takes records of 1 MiB. An entry has about 250 bytes beside its sketch, at most twice that.
ENTRY_BYTES: Final = 500
RECORD_BYTES: Final = 700_000


def journal(model: str, first_sequence: int, entries: Sequence[Entry]) -> Iterator[JournalOut]:
    """The journal records of a run of entries, numbered on from `first_sequence`."""
    part: list[Entry] = []
    size_bytes = 0
    for entry in entries:
        more_bytes = _size_bytes(entry)
        if part and (len(part) == ENTRIES_A_RECORD or size_bytes + more_bytes > RECORD_BYTES):
            yield JournalOut(model, first_sequence, [other.to_journal() for other in part])
            first_sequence += len(part)
            part, size_bytes = [], 0
        part.append(entry)
        size_bytes += more_bytes
    if part:
        yield JournalOut(model, first_sequence, [other.to_journal() for other in part])


def _size_bytes(entry: Entry) -> int:
    sketch = entry.input.sketch if isinstance(entry.input, SignalSeen) else None
    return ENTRY_BYTES + len(sketch or "")


def replay(model: str, policy: TriggerPolicy, records: Iterable[TriggerJournal]) -> list[Decision]:
    """The decisions that the journal's entries lead to, from an empty state and with the policy's baselines.

    No texts are in it: the terms that explain a drift of documents are empty, all that decides is the same. Raises ValueError where entries
    are missing: decisions made from a journal with a gap would be others.
    """
    trigger = ModelTrigger(model, policy)
    decisions: list[Decision] = []
    expected = 0
    for record in records:
        if record.model != model:
            continue
        if record.first_sequence != expected:
            raise ValueError(f"journal of {model}: entry {expected} expected, {record.first_sequence} found; older entries left the topic")
        for entry in record.entries:
            decisions += trigger.apply(from_journal(entry))
        expected += len(record.entries)
    return decisions
