"""The lines of a file by event time: every line once, oldest first, whatever the file's order and whatever is wrong with some."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ops.input_files.history_order import lines_by_time
from schemas.reading.json_lines import NotJsonLines, read_lines

TIMES = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30)).map(lambda moment: moment.replace(tzinfo=UTC).isoformat())
ROWS = st.fixed_dictionaries({"occurred_at": TIMES | st.sampled_from(["0001-01-01T00:00:00+05:30", "9999-12-31T23:59:59-05:00"])})
LINES = ROWS.map(lambda row: json.dumps(row).encode()) | st.sampled_from(
    [b"", b"  ", b"{", b"[1]", b"null", b"{}", b'{"occurred_at": 7}', b'{"occurred_at": "2026-11-25"}', b"\xff\xfe", b"x" * 300]
)


@settings(deadline=None)
@given(st.lists(LINES, max_size=30), st.sampled_from([b"\n", b"\r\n"]), st.booleans())
def test_every_line_comes_once_and_in_order(lines: list[bytes], end: bytes, closed: bool) -> None:
    """The same lines, numbers and errors as the file's own order gives; times never go back."""
    content = b"{}" + end + end.join(lines) + end * closed
    found = list(lines_by_time(io.BytesIO(content), max_line_bytes=200))
    in_order = list(read_lines(io.BytesIO(content), max_line_bytes=200))
    assert sorted(line.number for line in found) == [line.number for line in in_order]
    assert {line.number: (line.value, bool(line.errors())) for line in found} == {
        line.number: (line.value, bool(line.errors())) for line in in_order
    }
    times = [datetime.fromisoformat(line.value["occurred_at"]) for line in found if _timed(line.value)]
    assert times == sorted(times)


def _timed(value: object) -> bool:
    return isinstance(value, dict) and len(str(value.get("occurred_at", ""))) > 12


def test_a_file_of_another_form_is_named_once() -> None:
    """As in the file's own order: before any line."""
    with pytest.raises(NotJsonLines, match="UTF-16"):
        next(lines_by_time(io.BytesIO('{"a": 1}\n'.encode("utf-16")), max_line_bytes=100))
