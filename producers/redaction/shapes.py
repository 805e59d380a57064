"""How telephone and Aadhaar numbers are grouped: `plain` shapes stand for themselves, `told` ones only beside a word that names them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

from stdnum.in_ import aadhaar

Kind = Literal["phone", "aadhaar"]
# `sure`: a country code with its plus leaves no doubt. `mistyped`: twelve digits that only the word Aadhaar makes one.
Strength = Literal["sure", "plain", "told", "mistyped"]

# How people write the ten digits of a mobile number; other groupings are more often dates, counts, marks or pages.
_PLAIN_MOBILES: Final = frozenset({(10,), (5, 5), (3, 3, 4), (4, 3, 3), (4, 6)})
_TOLD_MOBILES: Final = frozenset(
    {(6, 4), (3, 7), (2, 8), (2, 4, 4), (3, 4, 3), (2, 2, 2, 2, 2), (1,) * 10, (7, 3), (8, 2), (4, 2, 4), (2, 3, 5)}
)
_PLAIN_AADHAARS: Final = frozenset({(12,), (4, 4, 4), (6, 6), (4, 8), (8, 4)})
# With a dot, a stroke, a tab or a line break between; other groupings of the kind are decimals, dates and rows.
LOOSE_SHAPES: Final = frozenset({(5, 5), (3, 3, 4), (4, 3, 3), (4, 4, 4)})


def strength(groups: Sequence[str], *, plus: bool) -> tuple[Kind, Strength] | None:
    """What the digit groups can be, and how sure their shape alone makes it; None for no number of ours."""
    digits, shape = "".join(groups), tuple(map(len, groups))
    if len(digits) == 12 and not plus:
        found = _aadhaar(groups, digits, shape)
        if found is not None and found[1] != "mistyped":
            return found
        return ("phone", "plain") if _with_country_code(digits, shape) else found
    how = _phone(digits, shape, plus=plus)
    return None if how is None else ("phone", how)


def _aadhaar(groups: Sequence[str], digits: str, shape: tuple[int, ...]) -> tuple[Kind, Strength] | None:
    if digits[0] in "01":
        return None
    if not aadhaar.is_valid(digits):
        return ("aadhaar", "mistyped") if shape in _PLAIN_AADHAARS else None
    # Three years in a row have the shape of an Aadhaar number, and one in ten has its check digit.
    years = shape == (4, 4, 4) and all("1000" <= group <= "2199" for group in groups)
    return "aadhaar", "plain" if shape in _PLAIN_AADHAARS and not years else "told"


def _with_country_code(digits: str, shape: tuple[int, ...]) -> bool:
    return digits.startswith("91") and digits[2] in "6789" and (shape == (12,) or (shape[0] == 2 and shape[1:] in _PLAIN_MOBILES))


def _phone(digits: str, shape: tuple[int, ...], *, plus: bool) -> Strength | None:
    count = len(digits)
    if plus:
        national = digits[2:].removeprefix("0")
        return "sure" if digits.startswith("91") and len(national) == 10 and national[0] in "123456789" and count <= 13 else None
    if count == 10 and digits[0] in "6789":
        return "plain" if shape in _PLAIN_MOBILES else "told" if shape in _TOLD_MOBILES else None
    if count == 11 and digits[0] == "0":
        return _with_trunk_zero(digits, shape)
    if count == 14 and digits.startswith("0091") and digits[4] in "123456789":
        return "plain"
    return None


def _with_trunk_zero(digits: str, shape: tuple[int, ...]) -> Strength | None:
    # The zero before a mobile number, or an area code that is written apart from its number.
    mobile = shape[1:] if shape[0] == 1 else (shape[0] - 1, *shape[1:])
    if digits[1] in "6789" and mobile in _PLAIN_MOBILES:
        return "plain"
    return (
        "plain"
        if digits[1] in "12345678" and 2 <= len(shape) <= 3 and 3 <= shape[0] <= 6 and min(shape) >= (2 if shape[0] > 3 else 3)
        else None
    )
