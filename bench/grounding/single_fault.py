"""The kinds with one fault each: what is done to a sentence so that its passage does not support it, and what leaves it supported."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from typing import Final

from bench.grounding.edits import AFTER, BEFORE, Edit, any_of, both_ways, put
from bench.grounding.entities import another_name, names_in
from bench.grounding.material import FactPassage, whole
from bench.grounding.negation import affirmed, contracted, denies, negated
from bench.grounding.number_words import spell
from bench.grounding.numbers_in import FoundNumber, changed, numbers_in
from bench.grounding.reword import needs_the_one_before, synonyms_of, with_synonyms
from bench.grounding.units import exchanged_unit

Fault = Callable[[str, FactPassage, random.Random], Edit | None]
_DEVANAGARI: Final = str.maketrans("0123456789", "०१२३४५६७८९")
_MONTH_BEFORE: Final = re.compile(r"(?:January|February|March|April|May|June|July|August|September|October|November|December) $")
_ALL: Final = {
    "en": re.compile(r"(?:^|(?<= ))(all|every|both|everyone|everything)\b(?! (?:of which|in all|at once|year|day|time))", re.I),
    "hi": re.compile(BEFORE + "(सभी|प्रत्येक|हर|सारे|सारी)" + AFTER),
}
_NOT_ALL: Final = {"en": re.compile(r"\bnot (all|every|both|everyone|everything)\b", re.I), "hi": re.compile("(सभी|प्रत्येक|हर|सारे|सारी) नहीं")}


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
    options = [(one, other) for one in here for other in _of_passage(passage) if other.sort == one.sort and other.value not in mine]
    if not options:
        return None
    number, other = rng.choice(options)
    return Edit(sentence, _with(sentence, number, other.text), number.sort)


def number_words(sentence: str, passage: FactPassage, rng: random.Random) -> Edit | None:
    """A number in words where the passage has digits, or the other way: the right one, and another."""
    language = passage.language
    options = [one for one in numbers_in(sentence, language) if _can_be_spelled(sentence, one)]
    if not options:
        return None
    number = rng.choice(options)
    elsewhere = [one for one in _of_passage(passage) if one.sort == number.sort and one.whole and one.value != number.value]
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
    places = [one for one in any_of(frozenset(table)).finditer(sentence) if one[1] in table and not _in_a_name(sentence, one)]
    if passage.language == "en":
        places = [one for one in places if not re.match(r" (?:of|by|than|to|as)\b", sentence[one.end() :]) or one[1].endswith(("er", "ed"))]
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


def moved_negation(sentence: str, passage: FactPassage, rng: random.Random) -> Edit | None:
    """A negation that stands at another place: not all and all, not A but B, the negation of one sentence in the one beside it."""
    makers: list[Fault] = [_between_sentences, _quantifier]
    return next((edit for make in makers if (edit := make(sentence, passage, rng))), None) or _contrast(sentence, passage, rng)


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


def passage_sentence(sentence: str, passage: FactPassage) -> str:
    """The sentence of the passage that a reworded one was made of: the one that shares most words with it."""
    words = set(sentence.split())
    return max(passage.sentences, key=lambda one: len(words & set(one.split())))


def _between_sentences(sentence: str, passage: FactPassage, rng: random.Random) -> Edit | None:
    language = passage.language
    without = affirmed(sentence, language)
    if without is None:
        return None
    others = [
        one for one in passage.sentences if whole(one, language, longest=25) and not needs_the_one_before(one) and one not in sentence
    ]
    options = [(one, new) for one in others if (new := negated(one, language)) is not None]
    if not options:
        return None
    other, denied = rng.choice(options)
    return Edit(f"{other} {sentence}", f"{denied} {without}", "between sentences")


def _quantifier(sentence: str, passage: FactPassage, _rng: random.Random) -> Edit | None:
    language = passage.language
    if found := _NOT_ALL[language].search(sentence):
        return Edit(sentence, put(sentence, found.start(), found.end(), found[1]), "not all > all")
    found = _ALL[language].search(sentence)
    if found is None or denies(sentence, language):
        return None
    new = f"not {found[1].lower()}" if language == "en" else "सभी नहीं बल्कि कुछ ही"
    return Edit(sentence, put(sentence, found.start(1), found.end(1), new), "all > not all")


def _contrast(sentence: str, passage: FactPassage, rng: random.Random) -> Edit | None:
    """`not B but A` and `not A but B`, which have the same words; A is of the sentence, B of another one of the passage."""
    language = passage.language
    options: list[tuple[int, int, str, str]] = []
    mine = {one.value for one in numbers_in(passage_sentence(sentence, passage), language)}
    for number in numbers_in(sentence, language):
        others = [one.text for one in _of_passage(passage) if one.sort == number.sort and one.value not in mine]
        if others and number.sort in ("year", "plain", "word"):
            options.append((number.start, number.end, number.text, rng.choice(others)))
    own = passage_sentence(sentence, passage)
    for name in names_in(sentence, language):
        other = another_name(name, own + sentence, passage, rng)
        if other and other in passage.text and name.start:
            options.append((name.start, name.end, name.text, other))
    if not options:
        return None
    start, end, a, b = rng.choice(options)
    form = rng.choice(("not {b} but {a}", "{a} and not {b}")) if language == "en" else rng.choice(("{b} नहीं बल्कि {a}", "{b} के बजाय {a}"))
    right, wrong = (sentence[:start] + form.format(a=one, b=other) + sentence[end:] for one, other in ((a, b), (b, a)))
    return Edit(right, wrong, "contrast")


def _of_passage(passage: FactPassage) -> list[FoundNumber]:
    return [number for sentence in passage.sentences for number in numbers_in(sentence, passage.language)]


def _values(passage: FactPassage) -> set[float]:
    return {one.value for one in _of_passage(passage)}


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
        and not re.match(r" ?(AD|BC|BP|बीपी|ई|ईसा|km|kg|cm|mm|am|pm|million|thousand|मिलियन|लाख|x|×)\b", after)
        and not _MONTH_BEFORE.search(before)
        and not re.search(r"[A-Z][\w.]* $|\b(No|number|Vol|phase|stage|type) $", before if number.sort == "plain" else "")
        and len(str(int(number.value)).rstrip("0")) <= 4
    )


def _percent(language: str) -> str:
    return "प्रतिशत" if language == "hi" else "percent"


def _in_a_name(sentence: str, found: re.Match[str]) -> bool:
    after = sentence[found.end() :]
    return (found[1][0].isupper() and found.start() > 0) or bool(re.match(r" [A-Z]", after) and found[1][0].isupper())
