"""One reader of events' rows: the same rows from every form of file, and what can't be read is told before the first of them."""

from __future__ import annotations

import csv
import gzip
import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpu_runner.dataset.fields import DataError
from ops.input_files.event_rows import EventRow, event_rows
from schemas.reading.json_lines import NotJsonLines

FIELDS = ("query", "correction", "rating", "tags", "occurred_at")
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=20).filter(lambda text: text.strip() == text)
ROWS = st.lists(
    st.fixed_dictionaries({"query": TEXT.filter(lambda text: text[0] not in "[{")}, optional={"tags": st.lists(TEXT)}),
    min_size=1,
    max_size=5,
)


def as_lines(rows: list[Any]) -> bytes:
    return b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows)


def as_csv(rows: list[Any]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    writer.writerow(("query", "tags"))
    for row in rows:
        writer.writerow((row["query"], json.dumps(row["tags"]) if "tags" in row else ""))
    return text.getvalue().encode()


def read(content: bytes, *, by_time: bool = False) -> list[EventRow]:
    with event_rows(io.BytesIO(content), "f", FIELDS) as found:
        return list(found.rows(by_time=by_time))


def values(content: bytes) -> list[Any]:
    return [row.line.value for row in read(content)]


@given(ROWS)
def test_a_row_is_the_same_in_every_form(rows: list[Any]) -> None:
    """Lines, an array on one line or over several, CSV, each compressed or not: ids made of content are then the same too."""
    forms = (as_lines(rows), json.dumps(rows).encode(), json.dumps(rows, indent=1, ensure_ascii=False).encode(), as_csv(rows))
    for form in forms:
        assert values(form) == values(gzip.compress(form)) == values(b"\xef\xbb\xbf" + form) == rows


def test_a_row_is_placed_by_the_given_files_lines() -> None:
    """Not by those of what is written in between: a cell may hold line ends, an array's rows may share a line."""
    cells = b'query,tags\r\n"a\nb","[""x""]"\n\nc,\n'
    assert [(row.place, row.line.value) for row in read(cells)] == [
        ((2, ""), {"query": "a\nb", "tags": ["x"]}),
        ((5, ""), {"query": "c"}),
    ]
    listed = [tuple(row.place) for row in read(b'[{"query": "a"}, {"query": "b"},\n\n 7]')]
    assert listed == [(1, "row 1 of the list: "), (1, "row 2 of the list: "), (3, "row 3 of the list: ")]


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_rows_of_every_form_come_by_time(pack: Any) -> None:
    """Oldest first, and each keeps the place where it stands."""
    content = b"query,occurred_at\nnew,2026-11-20T00:00:00Z\nold,2026-11-01T00:00:00Z\n"
    found = read(pack(content), by_time=True)
    assert [(row.place.line, row.line.value["query"]) for row in found] == [(3, "old"), (2, "new")]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'[{"query": "a"}, {"query": "b"}', r"^f:1: not JSON \(the text ends too early\)"),
        (b'[\n{"query": "a"},\n{"query": NaN}]', "^f:3: row 2 of the list: field 'query': not a number"),
        (b"[]", "^f: no rows"),
        (b"query,tags\n", "^f: no rows"),
        (b"query,mood\na,b\n", "^f:1: the column mood: expected columns of correction, occurred_at, query"),
        (b"query,9876543210\na,b\n", "^f:1: the column …: expected"),
        (b"query,query\na,b\n", "^f:1: the column query comes twice"),
        (b"query,tags\na,\na\n", "^f:3: expected 2 cells as in the first row, found 1"),
        (b'query,tags\na,"x\n', "^f:2: not CSV"),
        (gzip.compress(as_lines([{"query": "a" * 9_000}]))[:-9], "^f: is compressed .gzip. and damaged or cut off"),
        (gzip.compress(gzip.compress(b"{}")), "^f: is compressed .gzip.: unpack it first"),
    ],
)
def test_what_can_not_be_read_to_its_end_is_refused_before_the_first_row(content: bytes, words: str) -> None:
    """By file and line, and by field or column where there is one; no name that may be somebody's words."""
    with pytest.raises(DataError, match=words):
        event_rows(io.BytesIO(content), "f", FIELDS)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'{\n  "query": "a"\n}\n', "has a JSON object over several lines"),
        ('[{"query": "a"}]'.encode("utf-16-le"), "is UTF-16"),
        (b"PK\x03\x04", "zip"),
    ],
)
def test_another_form_is_named_once(content: bytes, words: str) -> None:
    """What was refused as a whole before still is."""
    with pytest.raises(NotJsonLines, match=words):
        read(content)


def test_lines_with_mistakes_stay_lines() -> None:
    """A first line that is an array, or no JSON at all, costs itself alone."""
    assert values(b'[1, 2]\n{"query": "a"}\n') == [[1, 2], {"query": "a"}]
    assert values(b'oh, no\n{"query": "a"}\n') == [None, {"query": "a"}]
