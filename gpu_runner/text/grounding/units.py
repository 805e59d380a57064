"""Units of measure, months and currencies in Hindi and English: which are the same, and how one is reckoned in another."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Final
from unicodedata import normalize

# A name, what it measures, and how many of the first of its kind it is; other spellings of the same stand beside it.
_UNITS: Final = (
    ("length", "1", "metre metres meter meters मीटर"),
    ("length", "1000", "km kms kilometre kilometres kilometer kilometers किमी किलोमीटर"),
    ("length", "1/100", "cm centimetre centimetres centimeter centimeters सेमी सेंटीमीटर"),
    ("length", "1/1000", "mm millimetre millimetres millimeter millimeters मिमी मिलीमीटर"),
    ("length", "1609.344", "mile miles mi मील"),
    ("length", "0.9144", "yard yards yd गज"),
    ("length", "0.3048", "foot feet ft फुट फीट"),
    ("length", "0.0254", "inch inches इंच"),
    ("mass", "1", "kg kgs kilogram kilograms kilogramme किग्रा किलोग्राम किलो"),
    ("mass", "1/1000", "gram grams gm ग्राम"),
    ("mass", "1000", "tonne tonnes ton tons टन"),
    ("mass", "0.45359237", "pound pounds lb lbs पाउंड"),
    ("mass", "100", "quintal quintals क्विंटल"),
    ("time", "1", "second seconds sec सेकंड सेकेंड"),
    ("time", "60", "minute minutes मिनट"),
    ("time", "3600", "hour hours घंटा घंटे घंटों घण्टा घण्टे"),
    ("time", "86400", "day days दिन दिनों"),
    ("time", "604800", "week weeks सप्ताह हफ्ता हफ्ते हफ़्ते सप्ताहों"),
    ("time", "2629800", "month months महीना महीने महीनों माह"),
    ("time", "31557600", "year years yr yrs साल सालों वर्ष वर्षों बरस"),
    ("time", "315576000", "decade decades दशक दशकों"),
    ("time", "3155760000", "century centuries शताब्दी शताब्दियों सदी सदियों"),
    ("area", "1", "hectare hectares हेक्टेयर"),
    ("area", "0.40468564", "acre acres एकड़ एकड"),
    ("volume", "1", "litre litres liter liters लीटर"),
    ("volume", "4.5", "gallon gallons गैलन"),
    ("share", "1", "percent % percentage प्रतिशत फीसदी फ़ीसदी"),
    ("temperature", "1", "celsius °c सेल्सियस"),
    ("temperature-f", "1", "fahrenheit °f फारेनहाइट फ़ारेनहाइट"),
    ("power", "1", "watt watts वाट"),
    ("power", "1000", "kw kilowatt kilowatts किलोवाट"),
    ("power", "1000000", "mw megawatt megawatts मेगावाट"),
    ("rupee", "1", "rupee rupees rs ₹ inr रुपये रुपया रुपए रूपये रुपयों रु"),
    ("dollar", "1", "dollar dollars $ usd डॉलर"),
    ("euro", "1", "euro euros € यूरो"),
    ("pound-sterling", "1", "£ gbp"),
)
UNITS: Final[Mapping[str, tuple[str, Fraction]]] = {
    normalize("NFC", name): (kind, Fraction(factor)) for kind, factor, names in _UNITS for name in names.split()
}
_MONTHS: Final = (
    "january jan जनवरी", "february feb फरवरी फ़रवरी", "march mar मार्च", "april apr अप्रैल", "may मई", "june jun जून", "july jul जुलाई",
    "august aug अगस्त", "september sep sept सितंबर सितम्बर", "october oct अक्टूबर अक्तूबर", "november nov नवंबर नवम्बर",
    "december dec दिसंबर दिसम्बर",
)  # fmt: skip
MONTH: Final = "month-of-year"
MONTHS: Final[Mapping[str, int]] = {normalize("NFC", name): number for number, names in enumerate(_MONTHS, 1) for name in names.split()}
_SAME_VALUE: Final = Fraction(1, 100)


def same_quantity(value: Fraction, unit: str | None, other: Fraction, other_unit: str | None) -> bool | None:
    """Whether two numbers with their units are one quantity; None where the numbers agree and only one has a unit.

    >>> km, feet = Fraction(5), Fraction(5000)
    >>> same_quantity(km, "km", feet, "m"), same_quantity(km, "km", km, "mile"), same_quantity(km, "km", Fraction(5000), "metre")
    (None, False, True)
    """
    first, second = UNITS.get(unit or ""), UNITS.get(other_unit or "")
    if first is None or second is None:
        return None if value == other or (first is None) != (second is None) else False
    if first[0] != second[0]:
        return False
    if first[1] == second[1]:
        return value == other
    mine, its = value * first[1], other * second[1]
    return abs(mine - its) <= _SAME_VALUE * max(abs(mine), abs(its))
