"""The last revision wins, and the window forgets only what is too late to come again."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from consumers.collect.deduplication import Mark, Marks, freshness, lost_with, pack, unpack
from consumers.state_keys import FEEDBACK_KEY

HOUR_S = 3600
MARK = Mark(100 * HOUR_S, 3, False, "m", b"", 739000, (1, 1, 0, 1))
USER = b"u" * 16
# What was said, by its hash, and a mark of it.
A, B, C = (letter * 8 for letter in (b"a", b"b", b"c"))
SAID = replace(MARK, said_ms=5, content=B)

MARKS = st.builds(
    Mark,
    st.integers(1 << 16, 1 << 31),
    st.integers(0, 10**6),
    st.booleans(),
    st.just("m"),
    st.sampled_from([b"", USER, b"v" * 16]),
    st.integers(1, 10**6),
    st.lists(st.integers(0, 10**6), max_size=4).map(tuple),
    st.none() | st.binary(max_size=150),
)
KEYED = st.dictionaries(st.binary(min_size=16, max_size=16).map(lambda sample: FEEDBACK_KEY + sample), MARKS, max_size=20)


def filled(marks: dict[bytes, Mark]) -> Marks[Mark]:
    made = Marks(Mark)
    for name, mark in marks.items():
        made.put(name, mark)
    return made


def test_orders_of_revisions() -> None:
    """Newer revises, the same is a duplicate, older is stale; a retraction beats its own revision only, whatever the times are."""
    assert freshness(None, 0, False, 5, B) == "new"
    assert freshness(SAID, 4, False, 1, A) == "revised"
    assert freshness(SAID, 3, True, 1, A) == "revised"
    assert freshness(SAID, 3, False, 5, B) == "duplicate"
    assert freshness(SAID, 2, True, 9, A) == "stale"


ARRIVALS = st.lists(st.tuples(st.integers(0, 1), st.booleans(), st.integers(1, 3), st.sampled_from([A, B, C])), min_size=1, max_size=6)


@given(ARRIVALS, st.randoms())
def test_k3_what_wins_is_the_same_in_any_order(arrivals: list[tuple[int, bool, int, bytes]], rng: random.Random) -> None:
    """The known words after some events are the largest by (revision, retracted, time, content), however they came and how often."""
    told = [*arrivals, *arrivals]
    rng.shuffle(told)
    known: Mark | None = None
    for revision, retracted, said_ms, content in told:
        fresh = freshness(known, revision, retracted, said_ms, content)
        if fresh == "conflict":
            assert known is not None
            known = replace(known, lost=lost_with(known, content))
        elif fresh not in ("duplicate", "stale"):
            lost = lost_with(known, known.content) if known is not None and fresh == "prevails" else b""
            known = Mark(0, revision, retracted, "m", b"", 1, (), None, said_ms, content, lost)
    assert known is not None
    assert (known.revision, known.retracted, known.said_ms, known.content) == max(arrivals)


def test_k3_conflict_is_told_once_a_content() -> None:
    """Other words at the same revision and moment are told; when they come again they are duplicates."""
    assert freshness(SAID, 3, False, 5, A) == "conflict"
    assert freshness(SAID, 3, False, 5, C) == "prevails"
    assert freshness(replace(SAID, lost=lost_with(SAID, A)), 3, False, 5, A) == "duplicate"
    full = SAID
    for number in range(20):
        full = replace(full, lost=lost_with(full, bytes([number]) * 8))
    assert len(full.lost) == 64


@given(KEYED)
def test_changes_restore_the_marks(marks: dict[bytes, Mark]) -> None:
    """What `put` tells the changelog, restored elsewhere, is the same state; so is what `items` gives."""
    first = filled(marks)
    changes = first.take_changes()
    second = Marks(Mark)
    for key, value in changes.items():
        second.load(key, value)
    assert dict(second.save()) == dict(first.save()) == changes
    assert all(second.get(name, 0) == mark for name, mark in marks.items())


@given(KEYED, st.integers(0, 1 << 31), st.integers(1, 30))
def test_forgetting_drops_only_what_is_forgotten_anyway(marks: dict[bytes, Mark], before_s: int, limit: int) -> None:
    """Dropping changes no answer, whenever it happens and however little at a time; each drop is a tombstone."""
    dropping = filled(marks)
    dropping.take_changes()
    keeping = filled(marks)
    for _ in range(len(marks) + 1):
        dropping.forget(before_s, limit)
    for name in marks:
        assert dropping.get(name, before_s) == keeping.get(name, before_s)
    left = sum(mark.time_s // HOUR_S * HOUR_S + HOUR_S > before_s for mark in marks.values())
    assert len(dropping) == left
    told = dropping.take_changes()
    assert sorted(told) == sorted(name for name in marks if dropping.get(name, 0) is None)
    assert set(told.values()) <= {None}


def test_newer_revision_is_remembered_longer() -> None:
    """A revision with a later event time moves the mark out of its former hour."""
    marks = filled({b"ka": MARK})
    marks.forget(0, 10)
    marks.put(b"ka", Mark(200 * HOUR_S, 4, False, "m", b"", 739004, ()))
    marks.forget(150 * HOUR_S, 10)
    assert len(marks) == 1


@given(KEYED, st.integers(0, 1 << 31), st.integers(0, 1 << 31))
def test_marks_of_a_user(marks: dict[bytes, Mark], until_s: int, before_s: int) -> None:
    """A user's marks are found by event time, those forgotten left out."""
    made = filled(marks)
    expected = sorted((name, mark) for name, mark in marks.items() if mark.user == USER and before_s <= mark.time_s <= until_s)
    assert made.of_user(USER, until_s=until_s, forgotten_before_s=before_s) == expected


def test_times_beyond_the_clock_are_held_at_its_ends() -> None:
    """An event of the year 1 or 9999 is remembered with the nearest time that a mark can hold."""
    for time_s, held in ((-62_000_000_000, 1 << 16), (250_000_000_000, (1 << 32) - 1)):
        marks = filled({b"ka": Mark(time_s, 0, False, "m", b"", 1, ())})
        found = marks.get(b"ka", 0)
        assert found is not None
        assert found.time_s == held
        marks.forget(1 << 31, 10)
        assert len(marks) == (held > 1 << 31)


@given(KEYED)
def test_an_amended_mark_takes_the_place_of_the_former(marks: dict[bytes, Mark]) -> None:
    """The row that comes at the end of a step is in state and changelog, and the mark is forgotten when it would have been."""
    made = filled(marks)
    made.forget(0, 1)
    for key, mark in marks.items():
        made.amend(key, replace(mark, row=b"row"))
    assert dict(made.save()) == made.take_changes()
    assert all(made.get(key, 0) == replace(mark, row=b"row") for key, mark in marks.items())
    for mark in marks.values():
        made.forget(mark.time_s + HOUR_S, len(marks))
    assert len(made) == 0


def test_marks_of_the_releases_before_are_read() -> None:
    """One that ends before the row, and one that ends before what was said and when: 20 bytes more are paid for that."""
    value = pack(MARK)
    for fields, its_bytes in ((7, 7), (8, 6)):
        former = bytes((value[0] - 12 + fields,)) + value[1:-its_bytes]
        assert unpack(former) == MARK == unpack(value)
    said = pack(replace(MARK, said_ms=1_795_406_400_000, content=A))
    assert len(said) == len(value) + 16


def test_tombstone_forgets() -> None:
    """A tombstone in the changelog takes the mark away."""
    marks = filled({b"ka": MARK})
    marks.load(b"ka", None)
    assert marks.get(b"ka", 0) is None
    assert len(marks) == 0
