"""What the words before and after a number, or the heading of its column, say it is."""

from __future__ import annotations

import re
import unicodedata
from enum import Enum
from typing import Final

from producers.redaction import vocabulary as words
from producers.redaction.characters import with_ascii_digits

_BEFORE: Final = 56
_AFTER: Final = 28
# A table's heading is looked for this far above a cell.
_ABOVE: Final = 2_000
_ADDRESS: Final = 200


class Verdict(Enum):
    """Whose number it is: of a person (AADHAAR: an Aadhaar number by name), of a thing, or not said."""

    PERSON = "person"
    AADHAAR = "aadhaar"
    THING = "thing"
    UNKNOWN = "unknown"


_NAMED: Final = re.compile(f"(?P<aadhaar>{words.AADHAAR})|{words.PERSON}")
_PERSON_FILLED: Final = re.compile(rf"(?:{words.MARKS}|#|{words.FILLERS}|{words.PERSON_FILLERS}){{0,16}}$")
_THING: Final = re.compile(words.BEFORE)
_THING_BEFORE: Final = re.compile(rf"(?:{words.BEFORE})(?:{words.MARKS}|{words.FILLERS}|(?:1[89]|20)\d\d(?:-\d\d)?\b){{0,12}}$")
# An operand before it, "x = ", "log(".
_JOINED_BEFORE: Final = re.compile(r"(?:[\d)!]\s?[+*x<>^=]|[*^×÷]\s?\d{1,9}\s(?:is|are|equals)|(?:^|\W)[a-z]\s?=|==|[a-z]\()\s?$")
# What closes in on the pages of a citation: volume, issue, year.
_CITED_BEFORE: Final = re.compile(r"(?:\b\d{1,4}\s?(?:\(\d{1,5}\))?\s?[:;]|\d{1,4}\s?\([^)\n]{1,12}\)\s?,|\b(?:1[5-9]|20)\d\d[,:;])\s?$")
_PAGES: Final = re.compile(r"(\d{5}) ?[-\u2010-\u2015] ?(\d{5})")
_THING_AFTER: Final = re.compile(rf"[\s\u00a0]{{0,2}}(?:{words.AFTER})")
_PERSON_AFTER: Final = re.compile(rf"[\s,:\-–]{{0,3}}(?:{words.PERSON_AFTER})")
# "(1998)" closes a citation; a file's ending makes a name of a file.
_JOINED_AFTER: Final = re.compile(
    r"\s?[\[(](?:1[5-9]|20)\d\d[a-z]?[)\]]|\.(?:\d{1,2}(?!\d)|(?:jpe?g|png|pdf|txt|csv|docx?|xlsx?|html?|mp[34]|zip|json)\b)"
)
_PLURAL: Final = re.compile(r"\s([a-z]{2,20}[a-rt-z]s)\b(?!:)")
_PERSON_ADDRESS: Final = re.compile(r"wa\.me/|^\W*(?:tel|sms|whatsapp):|phone=|mobile=")
_THING_ADDRESS: Final = re.compile(r"://|^\W*www\.|^/|^\W*(?:urn|geo|doi):|\w/\w+/|\b10\.\d{4,9}/|\w\.(?:com|org|net|in|gov|edu|io)/")
# A link is none.
_NAME: Final = re.compile(r"(?!www\.|\w+://)[A-Za-z0-9._:/@+-]+")
_NAME_CHARACTERS: Final = 200
_TOKEN: Final = re.compile(r"[^\s\x00\"'<>]*$")


def judge(text: str, start: int, end: int) -> Verdict:
    """What stands about text[start:end] says of it. Cost: some regular expressions over less than a hundred characters."""
    before = _readable(text[max(0, start - _BEFORE) : start].rpartition("\x00")[2]).rstrip("+(")
    after = _readable(text[end : end + _AFTER].partition("\x00")[0])
    named = max(_NAMED.finditer(before), key=re.Match.end, default=None)
    if named is not None and _PERSON_FILLED.match(before, named.end()):
        return Verdict.AADHAAR if named["aadhaar"] else Verdict.PERSON
    if _PERSON_AFTER.match(after):
        return Verdict.PERSON
    name = _is_name(text, start, end)
    if not name and (by_address := _address(text, start)) is not None:
        return by_address
    if _is_thing("" if name else before, after, text[start:end]):
        return Verdict.THING
    if (by_heading := _heading(text, start)) is not None:
        return by_heading
    return Verdict.PERSON if named is not None and "\n" not in before[named.end() :] else Verdict.UNKNOWN


def _readable(window: str) -> str:
    return unicodedata.normalize("NFC", with_ascii_digits(window)).lower()


def _is_name(text: str, start: int, end: int) -> bool:
    """Whether the number is in a text that is a name: of a conversation, a document, a source. People are named by their telephones."""
    before, after = text[max(0, start - _NAME_CHARACTERS) : start], text[end : end + _NAME_CHARACTERS]
    name = before.rpartition("\x00")[2] + text[start:end] + after.partition("\x00")[0]
    return len(name) < _NAME_CHARACTERS and _NAME.fullmatch(name) is not None


def _is_thing(before: str, after: str, number: str) -> bool:
    if _THING_AFTER.match(after) or _JOINED_AFTER.match(after) or _THING_BEFORE.search(before) or _JOINED_BEFORE.search(before[-20:]):
        return True
    pages = _PAGES.fullmatch(with_ascii_digits(number))
    if pages is not None and (
        (pages[1] < pages[2] and _CITED_BEFORE.search(before)) or (pages[1].endswith("00") and pages[2].endswith("00"))
    ):
        return True
    plural = _PLURAL.match(after)
    # Nobody's number is 6500000000.
    return (plural is not None and plural[1] not in words.NO_PLURAL) or number.endswith(("00000", "०००००"))


def _address(text: str, start: int) -> Verdict | None:
    found = _TOKEN.search(text[max(0, start - _ADDRESS) : start])
    token = "" if found is None else found[0].lower()
    if "/" not in token and ":" not in token and "=" not in token and "www." not in token:
        return None
    if _PERSON_ADDRESS.search(token):
        return Verdict.PERSON
    return Verdict.THING if _THING_ADDRESS.search(token) else None


def _heading(text: str, start: int) -> Verdict | None:
    """What the heading of the number's column says, in a table of lines with "|" between the cells."""
    line_start = text.rfind("\n", 0, start) + 1
    column = text.count("|", line_start, start)
    if not column or not line_start:
        return None
    above = text[max(0, line_start - _ABOVE) : line_start].rpartition("\x00")[2].rstrip("\n").split("\n")
    heading = ""
    for line in reversed(above):
        if "|" not in line:
            break
        heading = line
    cell = _readable("".join(heading.split("|")[column : column + 1])).strip()
    if _NAMED.search(cell):
        return Verdict.PERSON
    return Verdict.THING if _THING.search(cell) or _THING_AFTER.match(cell) else None
