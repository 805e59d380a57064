"""The kinds with one fault each: what is done to a sentence so that its passage does not support it, and what leaves it supported."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from typing import Final

from bench.grounding.edits import Edit, any_of, both_ways, listed, put
from bench.grounding.material import FactPassage, passage_sentence
from bench.grounding.moved_negation import moved_negation
from bench.grounding.negation import affirmed, contracted, denies, negated
from bench.grounding.number_words import spell
from bench.grounding.numbers_in import FoundNumber, changed, numbers_in, numbers_of
from bench.grounding.reword import synonyms_of, with_synonyms
from bench.grounding.units import exchanged_unit

Fault = Callable[[str, FactPassage, random.Random], Edit | None]
# "opposed to", "high school", "brand new": not the word, but what it is part of, has a meaning.
_FIXED_AFTER: Final = re.compile(
    r" (?:to|as|of|for|school|schools|court|street|quality|level|time|class|order|rise|life|enough|season|end|of all)\b"
    r"|-| (?:विश्व|तीन|चार|दो|से|रूप से अधिक)(?![ऀ-ॿ])"
)
_FIXED_BEFORE: Final = re.compile(r"(?:\b(?:brand|well|so|as|how|no|can|at|ever|all|once) |-)$")
_DEVANAGARI: Final = str.maketrans("0123456789", "०१२३४५६७८९")
_MONTHS: Final = "|".join(listed("months", "en"))
_MONTH_BEFORE: Final = re.compile(rf"(?:{_MONTHS}) $")
_NOT_SPELLED_BEFORE: Final = re.compile(
    rf" ?(?:AD|BC|BP|बीपी|ई|ईसा|वीं|वें|वां|{_MONTHS}|km|kg|cm|mm|am|pm|million|thousand|मिलियन|लाख|x|×)(?![\w\u0900-\u0963])"
)


def negation(sentence: str, passage: FactPassage, _rng: random.Random) -> Edit | None:
    """A negation taken out of the sentence, or put in; `not` may be contracted where it stays."""
    language = passage.language
    if (wrong := affirmed(sentence, language)) is not None:
        return Edit(contracted(sentence) if language == "en" else sentence, wrong, "taken out")
    wrong = negated(sentence, language)
    return Edit(sentence, wrong, "put in") if wrong is not None else None


def changed_number(sentence: str, passage: FactPassage, rng: random.Random) -> Edit | None:
    """A number changed to one that the passage does not have; both are written in the same style, which may not be the passage's."""
    found = numbers_in(sentence, passage.language)
    if not found:
        return None
    number = rng.choice(found)
    new = changed(number, _values(passage), passage.language, rng)
    if new is None:
        return None
    style = rng.choice((str, str, _plain, _devanagari if passage.language == "hi" else _plain))
    return Edit(_with(sentence, number, style(number.text)), _with(sentence, number, style(new)), number.sort)


def number_elsewhere(sentence: str, passage: FactPassage, rng: random.Random) -> Edit | None:
    """A number of another sentence of the passage, of the same sort, in place of the sentence's own."""
    here = numbers_in(sentence, passage.language)
    mine = {one.value for one in numbers_in(passage_sentence(sentence, passage), passage.language)} | {one.value for one in here}
    options = [(one, other) for one in here for other in numbers_of(passage) if other.sort == one.sort and other.value not in mine]
    if not options:
        return None
    alike = [pair for pair in options if len(pair[0].text) == len(pair[1].text)]
    number, other = rng.choice(alike or options)
    return Edit(sentence, _with(sentence, number, other.text.lower()), number.sort)


def number_words(sentence: str, passage: FactPassage, rng: random.Random) -> Edit | None:
    """A number in words where the passage has digits, or the other way: the right one, and another."""
    language = passage.language
    options = [one for one in numbers_in(sentence, language) if _can_be_spelled(sentence, one)]
    if not options:
        return None
    number = rng.choice(options)
    elsewhere = [one for one in numbers_of(passage) if one.sort == number.sort and one.whole and one.value != number.value]
    if elsewhere and rng.random() < 0.5:
        other = int(rng.choice(elsewhere).value)
    else:
        new = changed(number, (), language, rng)
        if new is None:
            return None
        other = int(next(one for one in numbers_in(new, language)).value)
    if number.sort == "word":
        right, wrong = str(int(number.value)), str(other)
    else:
        right, wrong = (spell(value, language, year=number.sort == "year") for value in (int(number.value), other))
    end = number.end
    if sentence.startswith("%", end):
        right, wrong, end = f"{right} {_percent(language)}", f"{wrong} {_percent(language)}", end + 1
    return Edit(put(sentence, number.start, end, right), put(sentence, number.start, end, wrong), number.sort)


def antonym(sentence: str, passage: FactPassage, rng: random.Random) -> Edit | None:
    """A word exchanged for its opposite; where it has a synonym, the right one may have that."""
    table = both_ways("antonyms", passage.language)
    # A name's words stay, and so does what a negation beside it would turn.
    places = [
        one
        for one in any_of(frozenset(table)).finditer(sentence)
        if one[1] in table and not _in_a_name(sentence, one) and table[one[1]] not in sentence
    ]
    if passage.language == "en":
        places = [
            one for one in places if not _FIXED_AFTER.match(sentence[one.end() :]) and not _FIXED_BEFORE.search(sentence[: one.start()])
        ]
    if not places or denies(sentence, passage.language):
        return None
    place = rng.choice(places)
    wrong = put(sentence, place.start(1), place.end(1), table[place[1]])
    right, synonym = sentence, synonyms_of(passage.language).get(place[1])
    if synonym and rng.random() < 0.7:
        right = put(sentence, place.start(1), place.end(1), synonym)
    elif rng.random() < 0.4:
        right = with_synonyms(sentence, passage.language, rng, 1)
    return Edit(right, wrong, f"{place[1]} > {table[place[1]]}")


def units(sentence: str, passage: FactPassage, rng: random.Random) -> Edit | None:
    """Another unit, month or order of magnitude; the right one may be said in other words."""
    return exchanged_unit(sentence, passage.language, rng)


SINGLE_FAULTS: Final[dict[str, Fault]] = {
    "negation": negation,
    "changed_number": changed_number,
    "antonym": antonym,
    "moved_negation": moved_negation,
    "number_words": number_words,
    "units": units,
    "number_elsewhere": number_elsewhere,
}


def _values(passage: FactPassage) -> set[float]:
    return {one.value for one in numbers_of(passage)}


def _with(sentence: str, number: FoundNumber, text: str) -> str:
    return put(sentence, number.start, number.end, text)


def _plain(text: str) -> str:
    return text.replace(",", "")


def _devanagari(text: str) -> str:
    return text.translate(_DEVANAGARI)


def _can_be_spelled(sentence: str, number: FoundNumber) -> bool:
    before, after = sentence[: number.start], sentence[number.end :]
    return (
        number.whole
        and number.value < 1_000_000
        and number.sort != "money"
        and not before.endswith(("-", "–", "(", "/"))
        and not after.startswith(("-", "–", ")", "°", "’", "'", "/"))
        and not _NOT_SPELLED_BEFORE.match(after)
        and not _MONTH_BEFORE.search(before)
        and not re.search(r"[A-Z][\w.]* $|\b(No|number|Vol|phase|stage|type|अपोलो) $", before if number.sort == "plain" else "")
        and len(str(int(number.value)).rstrip("0")) <= 4
    )


def _percent(language: str) -> str:
    return "प्रतिशत" if language == "hi" else "percent"


def _in_a_name(sentence: str, found: re.Match[str]) -> bool:
    after = sentence[found.end() :]
    return (found[1][0].isupper() and found.start() > 0) or bool(re.match(r" [A-Z]", after) and found[1][0].isupper())
