"""Times: RFC 3339 exactly, both ways, and never out of the calendar."""

from __future__ import annotations

import doctest
import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

import schemas.event_time
from schemas.event_time import EventTime, parse_time

OFFSETS = st.integers(-23 * 60 - 59, 23 * 60 + 59).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(st.datetimes(timezones=st.just(UTC), min_value=datetime(2, 1, 3), max_value=datetime(9998, 12, 29)), OFFSETS)
def test_every_time_of_the_calendar_is_read_back(moment: datetime, offset: timezone) -> None:
    """What isoformat writes is RFC 3339 and names the same moment, in UTC."""
    read = parse_time(moment.astimezone(offset).isoformat())
    assert read == moment
    assert read.tzinfo is UTC


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-11-23t04:05:06z", "2026-11-23T04:05:06+00:00"),
        ("2026-11-23 04:05:06Z", "2026-11-23T04:05:06+00:00"),
        ("2026-11-23T04:05:06.123456789Z", "2026-11-23T04:05:06.123456+00:00"),
        ("2026-11-23T04:05:06.5-00:00", "2026-11-23T04:05:06.500000+00:00"),
        ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59.999999+00:00"),
        ("2017-01-01T05:29:60.25+05:30", "2016-12-31T23:59:59.999999+00:00"),
        ("9999-01-01T00:00:00+00:01", "9998-12-31T23:59:00+00:00"),
        ("2024-02-29T00:00:00Z", "2024-02-29T00:00:00+00:00"),
    ],
)
def test_k6_what_rfc_3339_allows_is_taken(text: str, utc: str) -> None:
    """Either case of T and Z, a space, fractions of any length, the unknown offset, leap seconds."""
    assert parse_time(text).isoformat() == utc


@pytest.mark.parametrize(
    "text",
    [
        "2026-W48-1T04:05:06Z",
        "2026-327T04:05:06Z",
        "2026-11-23",
        "2026-11-23T04:05Z",
        "2026-11-23T04:05:06",
        "2026-11-23T04:05:06,123Z",
        "2026-11-23T04:05:06.Z",
        "2026-11-23T24:00:00Z",
        "2026-11-23T23:60:00Z",
        "2026-11-23T04:05:60Z",
        "2026-11-23T23:59:60+05:30",
        "2026-11-23T04:05:06+0530",
        "2026-11-23T04:05:06+05",
        "2026-11-23T04:05:06+24:00",
        "2026-11-23T04:05:06+05:30Z",
        "2026-11-23T04:05:06+05:30:15",
        "20261123T040506Z",
        "2026-02-29T04:05:06Z",
        "2026-11-3T04:05:06Z",
        "+12026-11-23T04:05:06Z",
        "0000-01-01T00:00:00Z",
        "२०२६-११-२३T04:05:06Z",
        "2026-11-23T04:05:06Z\n",
        " 2026-11-23T04:05:06Z",
        "23 Nov 2026 04:05:06 GMT",
        "1700000000",
        "",
        "0001-01-01T00:00:00+05:30",
        "9999-12-31T23:59:59-05:00",
        "0001-01-01T00:00:00Z",
        "9998-12-31T23:59:59-00:01",
        "9999-12-31T23:59:59Z",
    ],
)
def test_k6_what_rfc_3339_does_not_allow_is_refused_with_what_is_expected(text: str) -> None:
    """Other forms of ISO 8601, times that are none, and times outside the calendar in UTC."""
    with pytest.raises(ValueError, match=re.escape("expected an RFC 3339 time")):
        parse_time(text)


@pytest.mark.parametrize(
    "value",
    [1_700_000_000, 1e400, True, None, [], datetime(2026, 1, 1), datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=5)))],
)
def test_the_field_type_refuses_everything_but_times(value: object) -> None:
    """Numbers may be seconds or milliseconds: they are refused; a value that cannot be a time never raises anything else."""
    with pytest.raises(ValidationError, match="zone"):
        TypeAdapter(EventTime).validate_python(value)


def test_a_time_without_a_zone_is_taken_where_the_reader_names_one() -> None:
    """Files of documents may leave the zone out."""
    assert parse_time("2026-11-23T04:05:06", zone=UTC) == datetime(2026, 11, 23, 4, 5, 6, tzinfo=UTC)


def test_the_examples_of_the_docstrings_hold() -> None:
    """What the module's docstrings show is what it does."""
    found = doctest.testmod(schemas.event_time)
    assert (found.failed, found.attempted > 0) == (0, True)
