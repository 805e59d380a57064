"""The one JSON reader: the standard library's value for all that can be taken, a named place for the rest, and no other error."""

from __future__ import annotations

import doctest
import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import schemas.reading.json_depth
import schemas.reading.json_text
from schemas.reading.json_depth import MAX_DEPTH
from schemas.reading.json_text import MAX_DIGITS, UnreadableJson, read_json, strict_json

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=5) | st.dictionaries(TEXT, inner, max_size=5), max_leaves=40)
WILD = st.recursive(
    LEAVES | st.floats() | st.text(st.characters()) | st.integers(10**4290, 10**4310),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(st.characters(), max_size=5), inner, max_size=5),
    max_leaves=20,
)


def _dumps(value: Any) -> bytes:
    try:
        return json.dumps(value).encode()
    except ValueError:  # an integer that Python itself can't write
        return b'{"a": ' + b"9" * (MAX_DIGITS + 1) + b"}"


def places(raw: bytes) -> dict[str, str]:
    return {problem.place(): problem.message for problem in read_json(raw).problems}


@given(VALUES, st.booleans(), st.sampled_from([b"", b"\xef\xbb\xbf"]))
def test_json_has_the_value_that_the_standard_library_reads(value: Any, ascii_only: bool, mark: bytes) -> None:
    """For JSON within the bounds the value is json.loads's, with a BOM or without, and nothing is wrong with it."""
    raw = json.dumps(value, ensure_ascii=ascii_only).encode()
    found = read_json(mark + raw)
    assert found.problems == ()
    assert repr(found.value) == repr(json.loads(raw))


@given(VALUES, VALUES)
def test_what_lies_beside_a_bad_value_is_read_as_ever(before: Any, after: Any) -> None:
    """One value that can't be taken costs itself alone: the others are json.loads's."""
    raw = json.dumps([before, {"bad": float("nan"), "good": after}]).encode()
    found = read_json(raw)
    assert [problem.place() for problem in found.problems] == ["[1].bad"]
    assert repr(found.value) == repr(json.loads(json.dumps([before, {"bad": None, "good": after}])))


@given(st.binary(max_size=200) | WILD.map(_dumps))
def test_no_text_raises_anything_else(raw: bytes) -> None:
    """Whatever comes is read or is UnreadableJson, and what was read can be written as UTF-8 JSON."""
    try:
        found = read_json(raw)
    except UnreadableJson:
        pass
    else:
        json.dumps(found.value, allow_nan=False, ensure_ascii=False).encode()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (r'"\ud800"', "holds half of a surrogate pair"),
        (r'"a \udc00 b"', "holds half of a surrogate pair"),
        ("NaN", "not a number"),
        ("-Infinity", "an infinite number"),
        ("1e400", "a number out of range"),
        ("1" * 5000, f"expected at most {MAX_DIGITS}"),
        ("-" + "1" * 5000, f"expected at most {MAX_DIGITS}"),
        ("[" * 100_000 + "]" * 100_000, f"expected at most {MAX_DEPTH} levels"),
        ('{"a":' * 300 + "1" + "}" * 300, f"expected at most {MAX_DEPTH} levels"),
    ],
)
def test_k6_a_bad_value_is_named_by_its_field_and_the_next_item_is_read(text: str, message: str) -> None:
    """Lone surrogates, endless numbers and endless nesting cost their own item of a batch, and nothing but None stands there."""
    found = read_json(f'{{"items": [{{"query": "a"}}, {{"query": {text}}}, {{"query": "b"}}]}}'.encode())
    (problem,) = found.problems
    assert problem.place().startswith("items[1].query")
    assert message in problem.message
    assert (found.value["items"][0], found.value["items"][2]) == ({"query": "a"}, {"query": "b"})
    with pytest.raises(UnreadableJson) as raised:
        strict_json(text.encode())
    assert message in str(raised.value)


def test_a_name_with_half_a_surrogate_pair_is_left_out_and_told() -> None:
    """A field whose name is no text is a problem of its object; its neighbours are read."""
    found = read_json(rb'{"a": {"\ud800": 1, "b": 2}}')
    assert found.value == {"a": {"b": 2}}
    assert [problem.place() for problem in found.problems] == ["a"]


def test_a_whole_pair_of_surrogates_is_one_character() -> None:
    """Escaped characters outside the basic plane are text as any other."""
    assert read_json(rb'["\ud83d\ude4f"]').value == ["🙏"]


@pytest.mark.parametrize("depth", [MAX_DEPTH, MAX_DEPTH + 1])
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_the_bound_of_depth_is_exact(depth: int, opening: str, closing: str) -> None:
    """64 levels are taken, 65 are not, whether a fast reader could or not; brackets in a text are no levels."""
    raw = (opening * depth + '"[[[[{{{{"' + closing * depth).encode()
    assert bool(read_json(raw).problems) is (depth > MAX_DEPTH)


def test_the_bound_of_digits_is_exact() -> None:
    """An integer of 4,300 digits is taken, of 4,301 is not; a real number may have any number of digits."""
    assert read_json(b"-" + b"1" * MAX_DIGITS).problems == ()
    assert read_json(b"-" + b"1" * (MAX_DIGITS + 1)).problems != ()
    assert read_json(b"0." + b"1" * 9000).value == pytest.approx(1 / 9)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", "empty: expected JSON"),
        (b"\xef\xbb\xbf \n", "empty: expected JSON"),
        (b'{"a": "\xff"}', "not UTF-8 at byte 8: save it as UTF-8"),
        (b'\xef\xbb\xbf{"a": "\xff"}', "not UTF-8 at byte 11: save it as UTF-8"),
        (b'"\xed\xa0\x80"', "not UTF-8 at byte 2: save it as UTF-8"),
        ('{"a": 1}'.encode("utf-16"), "the text is UTF-16 or UTF-32: save it as UTF-8"),
        ('{"a": 1}'.encode("utf-16-le"), "the text is UTF-16 or UTF-32: save it as UTF-8"),
        ('{"a": 1}'.encode("utf-32-be"), "the text is UTF-16 or UTF-32: save it as UTF-8"),
        (b'{"a": 1,\n "b" 2}', "not JSON at line 2 column 6 (expected ':' delimiter)"),
        (b"{} {}", "not JSON at line 1 column 4 (expected the end, found more)"),
        (b"[[" * 60 + b"]]" * 60 + b'\n"9876543210"', "not JSON at line 2 column 1 (expected the end, found more)"),
        (b'{"phone": "9876543210', "not JSON at line 1 column 11 (unterminated string starting)"),
    ],
)
def test_what_is_no_json_is_called_what_it_is(raw: bytes, message: str) -> None:
    """The one error says what the text is instead and where, in its own words alone."""
    with pytest.raises(UnreadableJson) as raised:
        read_json(raw)
    assert str(raised.value) == message


def test_a_path_shows_names_and_nothing_else() -> None:
    """A name that may be a user's words is not repeated."""
    assert list(places(b'{"98765 43210": {"ok": NaN}, "x.y-z": NaN}')) == ["x.y-z", "….ok"]


def test_of_a_name_that_comes_twice_the_last_counts() -> None:
    """On both ways through the reader, as in the standard library."""
    assert read_json(b'{"a": 1, "a": 2}').value == {"a": 2}
    assert read_json(b'{"a": NaN, "a": 2, "b": NaN}').value == {"a": 2, "b": None}


@pytest.mark.parametrize("raw", [b"[" + b"NaN," * 10_001 + b"1]", b"[" * 64 + b"[]," * 10_001 + b"1" + b"]" * 64])
def test_thousands_of_bad_values_are_one_error(raw: bytes) -> None:
    """The list of problems is bounded, and what is over the bound is never taken for read."""
    with pytest.raises(UnreadableJson, match="more than 10000"):
        read_json(raw)


@pytest.mark.parametrize("raw", [b"[" * 2**22, b'\\"' * 2**21, b'"' + b'\\"' * 2**21, b'{"a":' * 2**19, b'[["' * 2**20, b"[{}," * 2**20])
def test_four_mebibytes_of_anything_are_read_in_bounded_time(raw: bytes) -> None:
    """What is made to be slow takes seconds at most (CPU time, on a machine that does other things too)."""
    before = time.process_time()
    with pytest.raises(UnreadableJson):
        read_json(raw)
    assert time.process_time() - before < 4


def test_the_examples_of_the_docstrings_hold() -> None:
    """What the module's docstrings show is what it does."""
    for module in (schemas.reading.json_text, schemas.reading.json_depth):
        found = doctest.testmod(module)
        assert (found.failed, found.attempted > 0) == (0, True)
