"""Takes personal numbers and addresses out of a text: Aadhaar, PAN, GSTIN, Indian telephone numbers, e-mail, UPI ids.

Numbers with a check digit are taken only where it holds (Aadhaar: Verhoeff; GSTIN: Luhn mod 36). A telephone number has none: it goes
where its shape is that of one and the words about it do not make it an amount, a range, a sum, a citation, a row of a table or the number
of a thing. Digits may be of any script, with what people write between them. Sources: UIDAI's numbering scheme; python-stdnum; the
National Numbering Plan of 2003. How well it does is measured by `bench.redaction`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from producers.redaction import addresses, numbers, tax_numbers

_DIGITS: Final = re.compile(r"\d+")
# Every PAN and GSTIN has four digits together; telephone and Aadhaar numbers have ten and more in all.
_TOGETHER_IN_PAN: Final = 4
_FEWEST_OF_PHONE: Final = 10
# Between texts that are redacted together: no number reaches across two NULs.
_SEPARATOR: Final = "\x00\x00"


class Redacted(msgspec.Struct, frozen=True, gc=False):
    """The text with `[AADHAAR]`, `[PAN]`, `[GSTIN]`, `[PHONE]`, `[EMAIL]`, `[UPI]` in the places of what was found, and how many."""

    text: str
    counts: Mapping[str, int]


def redact(text: str) -> Redacted:
    """The text without personal numbers and addresses; doing it again changes nothing.

    Cost: O(length), a few microseconds for a text without digits and without "@".

    >>> redact("मेरा आधार २३४१ २३४१ २३४६ है, फ़ोन +91 98765-43210").text
    'मेरा आधार [AADHAAR] है, फ़ोन [PHONE]'
    >>> redact("built 1911-1931, accession 2341 2341 2347, ₹9876543210, 9876543210 visitors").text
    'built 1911-1931, accession 2341 2341 2347, ₹9876543210, 9876543210 visitors'
    """
    counts: dict[str, int] = {}
    # What is taken out may bring others together, or a word nearer to a number: until nothing changes. Each round takes digits or signs
    # away, so it ends.
    while (shorter := _once(text, counts)) is not text:
        text = shorter
    return Redacted(text, counts)


def redact_together(texts: Sequence[str]) -> tuple[list[str], int] | None:
    """Several texts, each without personal numbers and addresses, and how many of them were taken out; None where there were none.

    Cheaper than one after the other. No text may hold the NUL character.

    >>> redact_together(["रेल", "फ़ोन +91 98765-43210"])
    (['रेल', 'फ़ोन [PHONE]'], 1)
    >>> redact_together(["रेल"])
    """
    redacted = redact(_SEPARATOR.join(texts))
    return (redacted.text.split(_SEPARATOR), sum(redacted.counts.values())) if redacted.counts else None


def _once(text: str, counts: dict[str, int]) -> str:
    """The text without what is found at one look; the very same object where that is nothing."""
    if "@" in text or "＠" in text:
        text = _replaced(text, addresses.emails(text), counts)
        text = _replaced(text, addresses.spelt_emails(text), counts)
        text = _replaced(text, addresses.upi_ids(text), counts)
    elif ")" in text or "]" in text or " dot " in text or " DOT " in text or " डॉट " in text or " at the rate " in text:
        text = _replaced(text, addresses.spelt_emails(text), counts)
    digits = _DIGITS.findall(text)
    if not digits:
        return text
    if _TOGETHER_IN_PAN in map(len, digits) and tax_numbers.MAY_HOLD.search(text):
        text = _replaced(text, tax_numbers.gstins(text), counts)
        text = _replaced(text, tax_numbers.pans(text), counts)
    if len("".join(digits)) >= _FEWEST_OF_PHONE:
        text = _replaced(text, numbers.numbers(text), counts)
    return text


def _replaced(text: str, spans: Iterable[tuple[int, int, str]], counts: dict[str, int]) -> str:
    parts, last = [], 0
    for start, end, kind in spans:
        parts += [text[last:start], f"[{kind.upper()}]"]
        last = end
        counts[kind] = counts.get(kind, 0) + 1
    return "".join([*parts, text[last:]]) if parts else text
