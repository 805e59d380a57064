"""Answers of two to four sentences made of a passage's own, lightly reworded; one of each pair has one fact wrong."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from typing import Final

from bench.grounding.edits import Edit, any_of, both_ways, capital, put
from bench.grounding.entities import another_name, exchange, names_in, swappable
from bench.grounding.material import FactPassage, passage_sentence, whole
from bench.grounding.numbers_in import changed, numbers_in
from bench.grounding.reword import joined, needs_the_one_before, reworded

_RANGE: Final = {
    "en": re.compile(r"\bfrom ((?:the )?[A-Z0-9][\w,.$]*(?: [A-Z]\w+)*) to ((?:the )?[A-Z0-9][\w,$]*(?:\.\d+)?(?: [A-Z]\w+)*)"),
    "hi": re.compile(r"(?<![ऀ-ॿ\d])([ऀ-ॿ]+|[\d,.]+) से ([ऀ-ॿ]+|[\d,.]+) तक"),
}
_RATHER: Final = re.compile(r"\b(\w+) rather than (\w+)\b")
_GAVE: Final = re.compile(r"([ऀ-ॿ]+) ने ([ऀ-ॿ]+) को(?![ऀ-ॿ])")


def composed(passage: FactPassage, rng: random.Random) -> Edit | None:
    """An answer of several facts, right and with one of them wrong; None where the passage gives fewer than two sentences, or no fault."""
    chosen = _chosen(passage, rng)
    if len(chosen) < 2:
        return None
    right = [reworded(one, passage.language, rng) for one in chosen]
    for kind in rng.sample(_ORDER, len(_ORDER)):
        for place in rng.sample(range(len(right)), len(right)):
            wrong = _FAULTS[kind](right[place], passage, rng)
            if wrong is not None and wrong != right[place]:
                turned = [wrong if number == place else one for number, one in enumerate(right)]
                return Edit(joined(right, passage.language), joined(turned, passage.language), kind)
    return None


def _chosen(passage: FactPassage, rng: random.Random) -> list[str]:
    """Two to four sentences; in another order where none of them points to the one before."""
    fit = [place for place, one in enumerate(passage.sentences) if whole(one, passage.language, longest=32)]
    wanted = rng.randint(2, 4)
    taken: list[int] = []
    for place in rng.sample(fit, len(fit)):
        if len(taken) < wanted and not (needs_the_one_before(passage.sentences[place]) and place - 1 not in taken):
            taken.append(place)
    taken.sort()
    # What a pronoun points to may have been taken later than the sentence with the pronoun was passed over; order is the passage's own.
    if not any(needs_the_one_before(passage.sentences[place]) for place in taken) and rng.random() < 0.5:
        rng.shuffle(taken)
    return [passage.sentences[place] for place in taken]


def _entity(sentence: str, passage: FactPassage, rng: random.Random) -> str | None:
    found = names_in(sentence, passage.language)
    rng.shuffle(found)
    for name in found:
        other = another_name(name, passage_sentence(sentence, passage) + sentence, passage, rng)
        if other is not None:
            return capital(sentence[: name.start] + other + sentence[name.end :])
    return None


def _number(sentence: str, passage: FactPassage, rng: random.Random) -> str | None:
    """A number of the same sort from another sentence of the passage, else a changed one."""
    language = passage.language
    found = numbers_in(sentence, language)
    if not found:
        return None
    number = rng.choice(found)
    mine = {one.value for one in numbers_in(passage_sentence(sentence, passage) + " " + sentence, language)}
    others = [
        one.text for text in passage.sentences for one in numbers_in(text, language) if one.sort == number.sort and one.value not in mine
    ]
    new = rng.choice(others).lower() if others else changed(number, mine, language, rng)
    return put(sentence, number.start, number.end, new) if new is not None else None


def _relation(sentence: str, passage: FactPassage, rng: random.Random) -> str | None:
    """Who did it to whom, from where to where, before or after, largest or smallest, because or in spite of."""
    makers: Sequence[Callable[[str, FactPassage, random.Random], str | None]] = (_swapped, _turned_range, _opposite)
    for make in makers:
        if (wrong := make(sentence, passage, rng)) is not None:
            return wrong
    return None


def _swapped(sentence: str, passage: FactPassage, rng: random.Random) -> str | None:
    options = swappable(sentence, passage.language)
    if passage.language == "hi" and (found := _GAVE.search(sentence)) and not re.match(r"उन|इन|इस|उस|हम", found[1] + found[2]):
        return sentence[: found.start(1)] + f"{found[2]} ने {found[1]} को" + sentence[found.end() :]
    return exchange(sentence, *rng.choice(options)) if options else None


def _turned_range(sentence: str, passage: FactPassage, _rng: random.Random) -> str | None:
    if found := _RANGE[passage.language].search(sentence):
        return sentence[: found.start(1)] + found[2] + sentence[found.end(1) : found.start(2)] + found[1] + sentence[found.end(2) :]
    if passage.language == "en" and (found := _RATHER.search(sentence)):
        return sentence[: found.start()] + f"{found[2]} rather than {found[1]}" + sentence[found.end() :]
    return None


def _opposite(sentence: str, passage: FactPassage, rng: random.Random) -> str | None:
    table = both_ways("relations", passage.language)
    places = [
        one for one in any_of(frozenset(table)).finditer(sentence) if one[1].lower() in table and not (one[1][0].isupper() and one.start())
    ]
    if not places:
        return None
    place = rng.choice(places)
    return put(sentence, place.start(1), place.end(1), table[place[1].lower()])


_FAULTS: Final = {"entity": _entity, "number": _number, "relation": _relation}
_ORDER: Final = ("entity", "number", "relation")
