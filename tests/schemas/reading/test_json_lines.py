"""The one JSON Lines reader: numbered lines, each judged alone, and a file of another form named once."""

from __future__ import annotations

import doctest
import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import schemas.reading.json_lines
from schemas.reading.json_lines import NotJsonLines, RawLine, raw_lines, read_lines

OBJECTS = st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=5), st.integers() | st.none(), max_size=3)
LIMIT = 1000


def told(content: bytes) -> list[tuple[int, str]]:
    return [(line.number, line.errors()) for line in read_lines(io.BytesIO(content), max_line_bytes=LIMIT)]


@given(st.lists(OBJECTS), st.sampled_from(["\n", "\r\n", "\n\n", " \n\t\n"]), st.booleans(), st.sampled_from(["", "\ufeff"]))
def test_every_line_is_read_with_its_number(rows: list[Any], end: str, last_end: bool, mark: str) -> None:
    """Values and numbers are those of the lines, whatever the line ends, blank lines, a BOM or a missing last end."""
    text = mark + end.join(json.dumps(row, ensure_ascii=False) for row in rows) + (end if last_end else "")
    lines = list(read_lines(io.BytesIO(text.encode()), max_line_bytes=LIMIT))
    assert [line.value for line in lines] == rows
    assert [json.loads(text.encode().split(b"\n")[line.number - 1].decode("utf-8-sig")) for line in lines] == rows


@given(
    st.binary(max_size=300)
    | st.lists(st.sampled_from([b"[", b"{", b"}", b"\n", b"\r", b'"', b"1", b"\xef\xbb\xbf", b"\x00"])).map(b"".join)
)
def test_no_file_raises_anything_else(content: bytes) -> None:
    """Whatever comes is read or is NotJsonLines; no line is over the bound, and the numbers rise."""
    try:
        lines = list(read_lines(io.BytesIO(content), max_line_bytes=20))
    except NotJsonLines:
        pass
    else:
        assert all(len(line.raw) <= 20 for line in lines)
        assert [line.number for line in lines] == sorted({line.number for line in lines})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"a": 1}\n{"a": 2}\n'.encode("utf-16"), "UTF-16"),
        ('{"a": 1}\n{"a": 2}\n'.encode("utf-16-le"), "UTF-16"),
        ('{"a": 1}\n'.encode("utf-16-be"), "UTF-16"),
        (b'[{"a": 1}, {"a": 2}]', "one JSON array"),
        (b'\xef\xbb\xbf[{"a": 1}, {"a": 2}]\n\n', "one JSON array"),
        (b'[\n  {"a": 1},\n  {"a": 2}\n]\n', "one JSON array"),
        (b'[{"a": 1},\n{"a": 2}]\n', "one JSON array"),
        (b'[{"a": 1}' + b', {"a": 2}' * 200 + b"]", "one JSON array"),
        (b'{\n  "a": 1\n}\n{\n  "a": 2\n}\n', "over several lines"),
        (b'{"a": 1,\n "b": 2}\n', "over several lines"),
        (b"\x1f\x8b\x08\x00", "gzip"),
    ],
)
def test_k6_a_file_of_another_form_is_named_once(content: bytes, message: str) -> None:
    """UTF-16, one array and pretty-printed JSON are one error before the first line, not one a line."""
    lines = read_lines(io.BytesIO(content), max_line_bytes=LIMIT)
    with pytest.raises(NotJsonLines, match=message):
        next(lines)


def test_a_bad_line_is_one_error_wherever_it_stands() -> None:
    """A line that is no JSON, or holds what can't be taken, costs itself alone; the first line is no exception."""
    content = b'{"a": \n{"a": "\xff"}\n{"a": "\\ud800", "b": [NaN]}\n{"a": 1}\n[1]\n' + b'"' + b"x" * LIMIT + b'"\n{}'
    assert told(content) == [
        (1, "not JSON at column 6 (expected value)"),
        (2, "not UTF-8 at byte 8: save it as UTF-8"),
        (3, "a: holds half of a surrogate pair: expected whole characters; b[0]: not a number: expected a number"),
        (4, ""),
        (5, ""),
        (6, "longer than 1000 bytes: expected shorter lines"),
        (7, ""),
    ]


def test_a_line_of_the_bound_is_read_whatever_its_end() -> None:
    """The bound is the line's own, without its end."""
    row = b'"' + b"x" * (LIMIT - 2) + b'"'
    assert told(row + b"\r\n" + row + b"\n" + row) == [(1, ""), (2, ""), (3, "")]
    assert told(b"{}\n" + row + b" \r\n")[1][1] != ""


def test_the_memory_of_a_file_without_line_ends_is_bounded() -> None:
    """No read asks for more than a line, and what is over the bound is thrown away."""

    class Endless(io.RawIOBase):
        asked = 0
        left = 100

        def readline(self, size: int | None = -1, /) -> bytes:
            assert size is not None
            assert size in range(1, LIMIT + 3)
            self.left -= 1
            return b"x" * size if self.left >= 0 else b""

    assert list(raw_lines(Endless(), max_line_bytes=LIMIT)) == [  # type: ignore[arg-type]
        RawLine(1, b"xxxx", "longer than 1000 bytes: expected shorter lines")
    ]


def test_the_examples_of_the_docstrings_hold() -> None:
    """What the module's docstrings show is what it does."""
    found = doctest.testmod(schemas.reading.json_lines)
    assert (found.failed, found.attempted > 3) == (0, True)
