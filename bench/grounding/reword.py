"""A sentence said in other words without a change of what it says: asides and openings dropped, phrases moved, synonyms put in."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from functools import cache
from typing import Final

from bench.grounding.edits import any_of, capital, pairs, put

_LEADING_TIME: Final = re.compile(
    r"^((?:In|On|During|By|Since|After|Before|Between) (?:[\w' ]{0,25})?\d{1,4}(?:s|th century)?), ([^,;:]{20,})\.$"
)
_ASIDE: Final = re.compile(r" \([^()]*\)")
_WHICH: Final = re.compile(r", (?:which|who|whose) [^,;:()]{8,90}, (?=\w)")
_TRAILING: Final = {
    "en": re.compile(r",? (?:while|although|though|but|whereas) ([^,;:()]{15,})\.$|, (?:which|who) ([^,;:()]{15,})\.$"),
    "hi": re.compile(
        r"(?:(?<=है)|(?<=हैं)|(?<=था)|(?<=थे)|(?<=थी)|(?<=गया)|(?<=गई)|(?<=गए)|(?<=किया)),? (?:जबकि|लेकिन|किंतु|परंतु|क्योंकि) [^,।;()]{12,}।$"
    ),
}
_HEDGED: Final = {"en": ("According to the passage, ", "The text says that "), "hi": ("पाठ के अनुसार, ", "लेख में बताया गया है कि ")}
# First words of a sentence that are no names.
_LOWERED: Final = frozenset(
    (
        "The",
        "A",
        "An",
        "In",
        "At",
        "On",
        "For",
        "It",
        "This",
        "These",
        "They",
        "He",
        "She",
        "After",
        "Before",
        "During",
        "Despite",
        "Although",
    )
)
_PRONOUN: Final = re.compile(
    r"^(it|he|she|they|this|that|these|those|such|his|her|its|their|both|here|there|one|another|i|we|you|my|our|यह|वह|ये|वे|इस\w*|उस\w*|उन\w*|इन\w*|"
    r"इसके|इसका|इसकी|इसे|इससे|इसमें|इसने|उसके|उसका|उसकी|उसे|उसने|उनके|उनका|उनकी|उन्हें|उन्होंने|इनके|इनमें|दोनों|वहाँ|वहां|यहाँ|यहां)(?![\wऀ-ॿ])",
    re.I,
)


def reworded(sentence: str, language: str, rng: random.Random, *, synonyms: int = 2, drop: bool = True) -> str:
    """The sentence in other words; itself where no rule fits. `drop` lets parts of it go; at the most `synonyms` words are exchanged."""
    steps: list[Callable[[str], str]] = [lambda text: _without_opening(text, language), lambda text: _moved_time(text, language)]
    if drop:
        steps += [
            lambda text: _ASIDE.sub("", text),
            lambda text: _WHICH.sub(" ", text, count=1),
            lambda text: _without_trailing(text, language),
        ]
    for step in steps:
        if rng.random() < 0.7:
            sentence = step(sentence)
    return with_synonyms(sentence, language, rng, synonyms)


def with_synonyms(sentence: str, language: str, rng: random.Random, most: int) -> str:
    """The sentence with up to `most` words exchanged for synonyms, each place once."""
    table = synonyms_of(language)
    places = [one for one in any_of(frozenset(table)).finditer(sentence) if one[1].lower() in table and not _part_of_name(sentence, one)]
    for place in sorted(rng.sample(places, min(most, len(places))), key=lambda one: -one.start()):
        sentence = put(sentence, place.start(1), place.end(1), table[place[1].lower()])
    return sentence


def joined(sentences: Sequence[str], language: str) -> str:
    """Sentences as one answer; where two that follow each other begin with the same name or noun phrase, the second has a pronoun."""
    out = list(sentences)
    if language == "en":
        for place in range(1, len(out)):
            subject = re.match(r"((?:The |A )?[A-Z]?[\w-]+(?: [A-Z][\w-]+)*) (is|was|has|had)\b", sentences[place - 1])
            if subject and sentences[place].startswith(f"{subject[1]} ") and subject[1].startswith("The "):
                out[place] = "It" + sentences[place][len(subject[1]) :]
    return " ".join(out)


def hedged(claim: str, language: str, rng: random.Random) -> str:
    """The claim with words before it that say where it is from."""
    if language == "en" and claim.split(maxsplit=1)[0].rstrip(",") in _LOWERED:
        claim = claim[0].lower() + claim[1:]
    return rng.choice(_HEDGED[language]) + claim


def needs_the_one_before(sentence: str) -> bool:
    """Whether a sentence begins with a word that points to the sentence before it."""
    return bool(_PRONOUN.match(sentence))


@cache
def synonyms_of(language: str) -> dict[str, str]:
    """The list of synonyms, by the word they stand in for."""
    return dict(pairs("synonyms", language))


def _part_of_name(sentence: str, found: re.Match[str]) -> bool:
    return found.start() > 0 and found[1][0].isupper()


def _without_opening(sentence: str, language: str) -> str:
    for opening, _ in pairs("openings", language):
        if sentence.startswith(f"{opening}, "):
            return capital(sentence[len(opening) + 2 :])
    return sentence


def _moved_time(sentence: str, language: str) -> str:
    if language != "en" or not (found := _LEADING_TIME.match(sentence)) or re.search(r"\b(and|when|which|that)\b", found[2]):
        return sentence
    first = found[2].split()[0]
    rest = (
        found[2]
        if first not in ("The", "A", "An", "It", "He", "She", "They", "His", "Her", "Its", "Their", "This")
        else found[2][0].lower() + found[2][1:]
    )
    return f"{capital(rest)} {found[1][0].lower()}{found[1][1:]}."


def _without_trailing(sentence: str, language: str) -> str:
    found = _TRAILING[language].search(sentence)
    if found is None or len(sentence[: found.start()].split()) < 6:
        return sentence
    if language == "en" and not re.search(r"\b(is|are|was|were|has|had|have|did|can|will|would|\w+ed)\b", sentence[: found.start()]):
        return sentence
    return sentence[: found.start()].rstrip(" ,") + ("।" if language == "hi" else ".")
