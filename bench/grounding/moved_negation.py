"""Negations that stand at another place than in the passage: the words are the same, or nearly, and what they say is not."""

from __future__ import annotations

import random
import re
from typing import Final

from bench.grounding.edits import AFTER, BEFORE, Edit, listed, put
from bench.grounding.entities import another_name, names_in, names_of
from bench.grounding.material import FactPassage, passage_sentence, whole
from bench.grounding.negation import affirmed, contracted, denies, negated
from bench.grounding.number_words import READ
from bench.grounding.numbers_in import numbers_in, numbers_of
from bench.grounding.reword import needs_the_one_before

_NOT_AFTER: Final = "".join(
    f"(?<!{word} )" for word in ("almost", "nearly", "at", "of", "above", "with", "after", "you", "were", "we", "us", "had")
)
_NOT_BEFORE: Final = "of which|in all|at once|year|day|time|way|other|about|I|in|the way|along|over|right|too|so|and|kind|sorts|types|I say"
_ALL: Final = {
    "en": re.compile(rf"(?:^|(?<= ){_NOT_AFTER}(?<!and ))(all|every|everyone|everything)\b(?! (?:{_NOT_BEFORE})\b)", re.I),
    "hi": re.compile(BEFORE + "(?<!लगभग )(?<!करीब )(?<!और )(?<!अन्य )(सभी|प्रत्येक|हर|सारे|सारी)" + AFTER),
}
_NOT_ALL: Final = {"en": re.compile(r"\bnot (all|every|everyone|everything)\b", re.I), "hi": re.compile("(सभी|प्रत्येक|हर|सारे|सारी) नहीं")}
# "all the meat was", "everything went": a verb before the clause ends.
_SUBJECT_AFTER: Final = re.compile(r"(?: [\w'’-]+){0,4} (?:is|are|was|were|has|have|had|do|did|can|could|will|would|went|came|\w+ed)\b")
_CONTRASTED: Final = {"en": 0.15, "hi": 0.7}
_PREPOSITION: Final = re.compile(r"(?<= )((?:in|at|on|from|to|by|of|after|before|with|for|until|since) )$")
_MONTHS: Final = "|".join((*listed("months", "en"), *listed("months", "hi")))
_LISTED_AFTER: Final = re.compile(rf",? (?:and|or|to|और|या|से|के दशक|वीं|वें|वां|th|½|{_MONTHS})(?![\w\u0900-\u0963])|,(?! )| ?[x×/]")
_ARTICLE_BEFORE: Final = re.compile(rf"\b(?:a|an|any|and|या|और|{'|'.join(listed('months', 'en'))}) $", re.I)
_CONTRASTS: Final = {"en": ("not {b} but {a}", "{a} and not {b}"), "hi": ("{b} नहीं बल्कि {a}", "{b} के बजाय {a}")}


def moved_negation(sentence: str, passage: FactPassage, rng: random.Random) -> Edit | None:
    """A negation that stands at another place: not all and all, not A but B, the negation of one sentence in the one beside it."""
    makers = [_between_sentences, _quantifier]
    edit = next((edit for make in makers if (edit := make(sentence, passage, rng))), None)
    # Numbers and names are in more sentences than negations and quantifiers are.
    return edit or (_contrast(sentence, passage, rng) if rng.random() < _CONTRASTED[passage.language] else None)


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
    if re.search("n['’]t", sentence):
        denied = contracted(denied)
    return Edit(f"{other} {sentence}", f"{denied} {without}", "between sentences")


def _quantifier(sentence: str, passage: FactPassage, _rng: random.Random) -> Edit | None:
    language = passage.language
    if found := _NOT_ALL[language].search(sentence):
        return Edit(sentence, put(sentence, found.start(), found.end(), found[1]), "not all > all")
    found = _ALL[language].search(sentence)
    if found is None or denies(sentence, language):
        return None
    if language == "hi":
        return Edit(sentence, put(sentence, found.start(), found.end(), "सभी नहीं बल्कि कुछ ही"), "all > not all")
    if _SUBJECT_AFTER.match(sentence[found.end() :]) and (
        found.start() == 0 or sentence[: found.start()].endswith((", ", "but ", "that "))
    ):
        return Edit(sentence, put(sentence, found.start(1), found.end(1), f"not {found[1].lower()}"), "all > not all")
    wrong = negated(sentence, language)
    return Edit(sentence, wrong, "all > did not all") if wrong is not None else None


def _contrast(sentence: str, passage: FactPassage, rng: random.Random) -> Edit | None:
    """`not B but A` and `not A but B`, which have the same words; A is of the sentence, B of another one of the passage."""
    language = passage.language
    own = passage_sentence(sentence, passage)
    mine = {one.value for one in numbers_in(own + " " + sentence, language)}
    options: list[tuple[int, int, str, str]] = []
    for number in numbers_in(sentence, language):
        others = [one.text for one in numbers_of(passage) if one.sort == number.sort and one.value not in mine]
        if (
            others
            and number.sort in ("year", "plain", "word")
            and not _LISTED_AFTER.match(sentence, number.end)
            and not _ARTICLE_BEFORE.search(sentence[: number.start])
        ):
            options.append((number.start, number.end, number.text, rng.choice(others)))
    sorts = {one.text: one.sort for one in names_of(passage)}
    for name in names_in(sentence, language):
        other = another_name(name, own + sentence, passage, rng)
        if other in sorts and sorts[other] == sorts.get(name.text) and name.start and not _listed(sentence, name.start, name.end):
            options.append((name.start, name.end, name.text, other))
    if not options:
        return None
    start, end, a, b = rng.choice(options)
    before = ""
    if language == "en" and (found := _PREPOSITION.search(sentence[:start])):
        start, before = found.start(1), found[1]
    elif language == "en" and not a[0].isdecimal() and a.lower() not in READ["en"]:
        return None
    form = rng.choice(_CONTRASTS[language])
    right, wrong = (sentence[:start] + form.format(a=before + one, b=before + other) + sentence[end:] for one, other in ((a, b), (b, a)))
    return Edit(right, wrong, "contrast")


def _listed(sentence: str, start: int, end: int) -> bool:
    """Whether a name is one of several that are listed, or has an apposition behind it."""
    listed_before = re.search(r"(?:,|\b(?:and|or|both|between|Dr\.|और|तथा|या|एवं)) *$", sentence[:start])
    return bool(listed_before or re.match(r",? (?:and|or|और|तथा|एवं|या)(?![\w\u0900-\u0963])|, *[A-Z\u0900-\u0963]", sentence[end:]))
