"""The former forms of the stages' states, each with what takes it to the next. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final, Literal

import msgspec

from consumers.collect.deduplication import ID_BYTES, Mark, pack
from consumers.kept_state import KeyedValue, Migration
from consumers.state_keys import FORMER_DOCUMENT_KEY, FORMER_FEEDBACK_KEY, MARK_1_KEY

_DAY_S: Final = 24 * 3600
_EPOCH_DAY: Final = datetime(1970, 1, 1).toordinal()


class Mark1(msgspec.Struct, array_like=True, tag=1, frozen=True):
    """A mark of version 1, JSON under `s|<sample id in hex>`."""

    revision: int
    retracted: bool
    model: str
    kind: Literal["feedback", "document"]
    day: int
    contribution: tuple[int, ...]


_decode_mark_1: Final = msgspec.json.Decoder(Mark1).decode


def marks_by_input(key: bytes, value: bytes | None) -> Iterable[KeyedValue]:
    """Stage 1, 1 → 2: marks under a letter for their input and the first bytes of their id, packed, with a time and a user.

    Version 1 kept the event-day alone: the time is the day's last second, so that no mark is forgotten while its event can still
    be accepted. Its users are unknown: an erasure takes such samples out of stage 2's buffer, and their marks go with the window.
    """
    if not key.startswith(MARK_1_KEY):
        return ((key, value),)
    sample = bytes.fromhex(key[len(MARK_1_KEY) :].decode())[:ID_BYTES]
    if value is None:
        return ((FORMER_FEEDBACK_KEY + sample, None), (FORMER_DOCUMENT_KEY + sample, None))
    old = _decode_mark_1(value)
    time_s = (old.day - _EPOCH_DAY + 1) * _DAY_S - 1
    mark = Mark(time_s, old.revision, old.retracted, old.model, b"", old.day, old.contribution)
    return (((FORMER_FEEDBACK_KEY if old.kind == "feedback" else FORMER_DOCUMENT_KEY) + sample, pack(mark)),)


def unchanged(key: bytes, value: bytes | None) -> Iterable[KeyedValue]:
    """What is new stands behind the other fields, or under keys of its own, and is empty where there was none.

    Stage 1, 2 → 3: documents' rows in their marks, languages in contributions and counts, sketches of days. Stage 2, 1 → 2: samples'
    contributor and time. Stage 1, 3 → 4: marks of this release lie under letters of their own; those of the former id stay under theirs,
    because nobody can hash an id anew, and are looked up there. Stage 2, 3 → 4: samples' milliseconds and content.
    Stage 2, 4 → 5: samples' ended batches, a model's ended runs: those that ended before are not known.
    Stage 2, 5 → 6: what a negative is worth, what was tried, praise among the samples, a model's recipe.
    """
    return ((key, value),)


def drift_by_sketches(key: bytes, value: bytes | None) -> Iterable[KeyedValue]:
    """Stage 2, 2 → 3: the former drift signals and day counts (`w|<model>|w|…`, `w|<model>|d|…`) have nothing that stands for them.

    Rates of feedback gather their baselines afresh, and a day that goes on is counted whole once more.
    """
    parts = key.split(b"|")
    return () if parts[0] == b"w" and len(parts) > 2 and parts[2] in (b"w", b"d") else ((key, value),)


STAGE1: Final[tuple[Migration, ...]] = (marks_by_input, unchanged, unchanged)
STAGE2: Final[tuple[Migration, ...]] = (unchanged, drift_by_sketches, unchanged, unchanged, unchanged)
