"""The trigger's journal: its inputs in the order it took them, and the decisions made again from them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from consumers.core.inputs import Entry, from_journal
from consumers.core.trigger import Decision, ModelTrigger
from consumers.core.trigger_state import TriggerPolicy
from consumers.core.wire import JournalOut
from schemas.journal import TriggerJournal

# About 250 bytes an entry: a record stays well under the broker's 1 MiB.
ENTRIES_A_RECORD = 1000


def journal(model: str, first_sequence: int, entries: Sequence[Entry]) -> Iterator[JournalOut]:
    """The journal records of a run of entries, numbered on from `first_sequence`."""
    for start in range(0, len(entries), ENTRIES_A_RECORD):
        part = entries[start : start + ENTRIES_A_RECORD]
        yield JournalOut(model, first_sequence + start, [entry.to_journal() for entry in part])


def replay(model: str, policy: TriggerPolicy, records: Iterable[TriggerJournal]) -> list[Decision]:
    """The decisions that the journal's entries lead to, from an empty state.

    Raises ValueError where entries are missing: decisions made from a journal with a gap would be others.
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
