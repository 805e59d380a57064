"""The last revision wins."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from consumers.core.deduplication import Mark, Marks, freshness

MARK = Mark(3, False, "m", "feedback", 739000, (1, 1, 0, 1))


def test_orders_of_revisions() -> None:
    """Newer revises, the same is a duplicate, older is stale; a retraction beats its own revision only."""
    assert freshness(None, 0, False) == "new"
    assert freshness(MARK, 4, False) == "revised"
    assert freshness(MARK, 3, True) == "revised"
    assert freshness(MARK, 3, False) == "duplicate"
    assert freshness(MARK, 2, True) == "stale"


@given(
    st.dictionaries(
        st.text("0123456789abcdef", min_size=1, max_size=8),
        st.builds(
            Mark,
            st.integers(0, 10**6),
            st.booleans(),
            st.just("m"),
            st.sampled_from(["feedback", "document"]),
            st.integers(1, 10**6),
            st.lists(st.integers(0, 10**6), max_size=4).map(tuple),
        ),
        max_size=20,
    )
)
def test_changes_restore_the_marks(marks: dict[str, Mark]) -> None:
    """What `take_changes` gives, restored elsewhere, is the same state, and is given once."""
    first, second = Marks(), Marks()
    for name, mark in marks.items():
        first.put(name, mark)
    changes = first.take_changes()
    for key, value in changes.items():
        second.restore(key, value)
    assert list(first) == list(second)
    assert (first.take_changes(), second.take_changes()) == ({}, {})


def test_tombstone_forgets() -> None:
    """A tombstone in the changelog takes the mark away."""
    marks = Marks()
    marks.put("a", MARK)
    marks.restore("s|a", None)
    assert marks.get("a") is None
    assert len(marks) == 0
