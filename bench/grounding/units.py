"""The units of a text's numbers, said otherwise and exchanged: lengths, times, shares, money, months, millions and lakhs."""

from __future__ import annotations

import random
import re
from functools import cache
from typing import Final

from bench.grounding.edits import WORDS, Edit, listed
from bench.grounding.number_words import READ

_MONTHS: Final = {language: listed("months", language) for language in ("en", "hi")}
_SCALES: Final = {
    "en": {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12},
    "hi": {"हजार": 10**3, "हज़ार": 10**3, "लाख": 10**5, "मिलियन": 10**6, "करोड़": 10**7, "अरब": 10**9, "बिलियन": 10**9},
}
_MONEY: Final = {"$": ("US$", ("€", "£", "₹")), "£": ("GBP ", ("$", "€")), "€": ("EUR ", ("$", "£"))}
_NUMBER: Final = r"\d[\d,]*(?:\.\d+)?"


def exchanged_unit(sentence: str, language: str, rng: random.Random) -> Edit | None:
    """A number's unit said otherwise (right), and another unit in its place (wrong); None where no number has a unit."""
    makers = [_month, _scale, _scale, _measure, _measure, _money]
    rng.shuffle(makers)
    return next((edit for make in makers if (edit := make(sentence, language, rng))), None)


@cache
def _units(language: str) -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    """Units by name: the same in other words, and others."""
    found = {}
    for line in (WORDS / f"units.{language}.txt").read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            unit, same, others = (part.strip() for part in line.split("|"))
            found[unit] = (tuple(filter(None, map(str.strip, same.split("/")))) or (unit,), tuple(map(str.strip, others.split("/"))))
    return found


@cache
def _with_unit(language: str) -> re.Pattern[str]:
    units = "|".join(sorted(map(re.escape, _units(language)), key=len, reverse=True))
    words = "|".join(sorted(map(re.escape, READ[language]), key=len, reverse=True))
    scale = "|".join(_SCALES[language])
    return re.compile(rf"(?<![\w,.$£€-])({_NUMBER}|{words})((?:[ -](?:{scale}))?[ ]?)({units})(?![\w\u0900-\u0963-])", re.I)


def _measure(sentence: str, language: str, rng: random.Random) -> Edit | None:
    places = [one for one in _with_unit(language).finditer(sentence) if one[3] in _units(language)]
    if not places:
        return None
    place = rng.choice(places)
    same, others = _units(language)[place[3]]
    if place[3] not in same:
        same = (*same, place[3])

    def said(unit: str) -> str:
        after = sentence[place.end(3) :]
        after = after[1:] if unit.endswith(".") and after.startswith(".") else after
        space = "" if unit in ("%", "°", "°C", "°F") else " " if place[2].strip() or not place[2] else place[2]
        return sentence[: place.end(1)] + (place[2].rstrip() + space if place[2].strip() else space) + unit + after

    other = rng.choice(others)
    if rng.random() < 0.5:  # in the passage's words, or both otherwise: an abbreviation alone tells nothing
        return Edit(sentence, said(other), "measure")
    return Edit(said(rng.choice(same)), said(rng.choice(_units(language).get(other, ((other,), ()))[0])), "measure")


def _month(sentence: str, language: str, rng: random.Random) -> Edit | None:
    months = _MONTHS[language]
    places = [
        one
        for one in re.finditer(rf"(?<![\w\u0900-\u0963])({'|'.join(months)})(?![\w\u0900-\u0963])", sentence)
        if re.search(r"\d|\b(in|of|by|until|since)\s*$", sentence[max(0, one.start() - 6) : one.start()])
        or re.match(r",? \d| में| के| को| से", sentence[one.end() :])
    ]
    if not places:
        return None
    place = rng.choice(places)
    other = rng.choice([month for month in months if month not in sentence])
    right = sentence
    if language == "en" and (date := re.compile(r"([A-Z][a-z]+) (\d{1,2})(?:,? (?=\d{4}))?(?!\w)").match(sentence, place.start())):
        right = sentence[: date.start()] + f"{date[2]} {date[1]}" + (" " if date[0].endswith(" ") else "") + sentence[date.end() :]
    return Edit(
        right,
        right.replace(place[1], other, 1) if right.count(place[1]) == 1 else sentence[: place.start()] + other + sentence[place.end() :],
        "month",
    )


def _scale(sentence: str, language: str, rng: random.Random) -> Edit | None:
    scales = _SCALES[language]
    words = "|".join(sorted(map(re.escape, READ[language]), key=len, reverse=True))
    pattern = re.compile(rf"(?<![\w,.-])({_NUMBER}|{words}) ({'|'.join(scales)})(?![\w\u0900-\u0963])", re.I)
    places = [one for one in pattern.finditer(sentence) if one[2] in scales]
    if not places:
        return None
    place = rng.choice(places)
    number, scale = place[1], scales[place[2]]
    others = [word for word, size in scales.items() if size != scale]
    wrong = sentence[: place.start(2)] + rng.choice(others) + sentence[place.end(2) :]
    value = READ[language].get(number.lower()) or float(number.replace(",", ""))
    total = round(value * scale)
    right = _counted(total, language) if rng.random() < 0.7 and abs(total - value * scale) < 1e-6 * total else f"{number} {place[2]}"
    return Edit(sentence[: place.start()] + right + sentence[place.end() :], wrong, "scale")


def _counted(total: int, language: str) -> str:
    """A large number in digits, or in Hindi in lakhs and crores where they count it whole."""
    if language == "hi":
        for size, name in ((10**7, "करोड़"), (10**5, "लाख")):
            if total >= size and total % (size // 10) == 0:
                return f"{total / size:g} {name}"
    return f"{total:,}"


def _money(sentence: str, _language: str, rng: random.Random) -> Edit | None:
    places = list(re.finditer(r"(?<![A-Z\w])([$£€])(?=\d)", sentence))
    if not places:
        return None
    place = rng.choice(places)
    same, others = _MONEY[place[1]]
    right = rng.choice((place[1], same))
    before, after = sentence[: place.start()], sentence[place.end() :]
    return Edit(before + right + after, before + rng.choice(others) + after, "money")
