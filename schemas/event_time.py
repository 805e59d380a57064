"""Times of events: RFC 3339 and nothing else, always in UTC inside, so that no later step can leave the calendar.

Python's own reader takes more (week dates, no seconds, `+0530`, a comma) and less (lower-case t and z, leap seconds) than RFC 3339.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Annotated, Any, Final

from pydantic import AwareDatetime, BeforeValidator

FIRST_YEAR: Final = 2
LAST_YEAR: Final = 9998
EXPECTED: Final = "expected an RFC 3339 time with its zone, such as 2026-11-25T06:00:00Z"

# ASCII digits alone. RFC 3339, section 5.6: T and Z of either case, or a space for T (its NOTE); any number of digits in a fraction.
_TIME: Final = re.compile(
    r"(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ](?P<clock>[0-2][0-9]:[0-5][0-9]:)(?P<second>[0-5][0-9]|60)(?:\.(?P<fraction>[0-9]+))?"
    r"(?P<zone>[Zz]|(?P<sign>[+-])(?P<hours>[01][0-9]|2[0-3]):(?P<minutes>[0-5][0-9]))?"
)


def parse_time(text: str, *, zone: timezone | None = None) -> datetime:
    """The UTC time that an RFC 3339 text names; without a zone in the text it is in `zone`, or refused where that is None.

    A leap second counts as the last microsecond before it ends, so that it stays in its day; digits below microseconds are cut. Raises
    ValueError that says what was expected, also for a time outside the years 2 to 9998.

    >>> parse_time("2026-11-25T11:30:00+05:30").isoformat(), parse_time("2016-12-31T23:59:60z").isoformat()
    ('2026-11-25T06:00:00+00:00', '2016-12-31T23:59:59.999999+00:00')
    """
    found = _TIME.fullmatch(text)
    if found is None or (found["zone"] is None and zone is None):
        raise ValueError(EXPECTED)
    leap = found["second"] == "60"
    fraction = "999999" if leap else (found["fraction"] or "")[:6].ljust(6, "0")
    try:
        moment = datetime.fromisoformat(f"{found['date']}T{found['clock']}{'59' if leap else found['second']}.{fraction}")
    except ValueError:
        raise ValueError(EXPECTED) from None
    moment = to_utc(moment.replace(tzinfo=zone if found["zone"] is None else _offset(found)))
    if leap and (moment.hour, moment.minute) != (23, 59):
        raise ValueError(f"{EXPECTED}; a second 60 is at the end of a day in UTC alone")
    return moment


def to_utc(moment: datetime) -> datetime:
    """The same moment in UTC; raises ValueError for a time without a zone, and for one outside the years 2 to 9998.

    A year of the calendar is left free on either side, so that a step to another zone, day or window cannot leave it.
    """
    if moment.tzinfo is None:
        raise ValueError("time has no zone: expected an aware datetime")
    try:
        utc = moment.astimezone(UTC)
    except OverflowError:
        utc = None
    if utc is None or not FIRST_YEAR <= utc.year <= LAST_YEAR:
        raise ValueError(f"{EXPECTED}, in the years {FIRST_YEAR} to {LAST_YEAR}")
    return utc


def _offset(found: re.Match[str]) -> timezone:
    if not found["sign"]:
        return UTC
    offset = timedelta(hours=int(found["hours"]), minutes=int(found["minutes"]))
    return timezone(-offset if found["sign"] == "-" else offset)


def _event_time(value: Any) -> datetime:
    if isinstance(value, datetime):
        return to_utc(value)
    if not isinstance(value, str):
        # Not TypeError: pydantic makes a field's error of a ValueError alone.
        raise ValueError(EXPECTED)
    return parse_time(value)


# The type of every time in an event.
EventTime = Annotated[AwareDatetime, BeforeValidator(_event_time)]
