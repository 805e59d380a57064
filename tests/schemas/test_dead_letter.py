"""Dead letters: the original record comes out as it went in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.dead_letter import MALFORMED, DeadLetter, read

HEADERS = st.lists(
    st.tuples(st.sampled_from(["ce_id", "dlq_reason", "dlq_null_value", "x"]) | st.text(max_size=5), st.none() | st.binary(max_size=10)),
    max_size=5,
)


@given(
    st.none() | st.binary(max_size=20),
    st.none() | st.binary(max_size=20),
    HEADERS,
    st.text(st.characters(exclude_categories=["Cs"]), max_size=50),
)
def test_a_dead_letter_round_trips(key: bytes | None, value: bytes | None, headers: list[tuple[str, bytes | None]], detail: str) -> None:
    """Key, value (none is not empty) and headers, even ones that look like ours, are those of the original record."""
    letter = DeadLetter("abhyas.feedback.submitted.v1", 3, 17, MALFORMED, detail, "stage1", key, value, tuple(headers))
    assert read(key, value if value is not None else b"", letter.wire_headers()) == letter


def test_a_dead_letter_that_cannot_be_read_either_keeps_both_reasons() -> None:
    """A dead letter of a dead letter holds the first one whole, so that both can be sent again."""
    first = DeadLetter("t", 0, 1, MALFORMED, "not JSON", "stage1", b"k", None, (("ce_id", b"\xff"),))
    second = DeadLetter("t.dlq", 0, 9, MALFORMED, "again", "redrive", b"k", None, tuple(first.wire_headers()))
    outer = read(b"k", None, second.wire_headers())
    assert outer == second
    assert read(outer.key, outer.value, outer.headers) == first


def test_another_record_is_no_dead_letter() -> None:
    """The error names the headers that are missing."""
    with pytest.raises(ValueError, match="not a dead letter: headers dlq_reason, dlq_detail"):
        read(None, b"x", [("ce_id", b"1")])
