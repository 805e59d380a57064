"""Names in a text, and other names that could stand in their place: by capitals in English, in Hindi answers that are names, and places."""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Final

from bench.grounding.edits import AFTER, BEFORE, listed, pairs
from bench.grounding.material import FactPassage, xquad

_RUN: Final = re.compile(r"(?<![\w.'’-])((?:[Tt]he )?[A-Z][\w.’-]*\w(?:(?: of(?: the)?| de| von| van)? [A-Z][\w’-]*\w)*)(?!['’-]?\w)")
_NO_NAMES: Final = frozenset(listed("no_names", "en"))
_DEMONYM: Final = re.compile(r"(ish|ese|ian|ians|can|cans|ench|man|mans|utch|reek|ic|ist|ists|ern)$")
# A name before one of these, or before a mark, stands for itself; before anything else it may be an attribute ("Panthers defense").
_AFTER_A_NAME: Final = frozenset(listed("after_a_name", "en"))
_PLACE_CUE: Final = frozenset(
    ("in", "at", "near", "across", "to", "from", "toward", "towards", "throughout", "into", "around", "outside", "inside")
)
_PERSON_CUE: Final = frozenset(("by", "who", "president", "king", "queen", "emperor", "dr", "mr", "mrs", "coach", "director", "general"))
_POSTPOSITION: Final = re.compile(r" (?:ने|को|में|से|का|के|की|पर|द्वारा|तक|लिए)$")


@dataclass(frozen=True, slots=True)
class FoundName:
    """A name at [start, end) of a sentence, and of what sort it seems to be: place, person, country, city, other..."""

    start: int
    end: int
    text: str
    sort: str


def names_in(sentence: str, language: str) -> list[FoundName]:
    """The names of a sentence in their order.

    >>> [one.text for one in names_in("Later Beyoncé sang with Bruno Mars in Santa Clara.", "en")]
    ['Beyoncé', 'Bruno Mars', 'Santa Clara']
    """
    return _names_hi(sentence) if language == "hi" else _names_en(sentence)


@cache
def names_of(passage: FactPassage) -> list[FoundName]:
    """The distinct names of a passage, each with the surest sort that a place in it gives."""
    sorts: dict[str, set[str]] = defaultdict(set)
    for sentence in passage.sentences:
        for one in names_in(sentence, passage.language):
            sorts[one.text].add(one.sort)
    return [FoundName(0, 0, text, min(found - {"other"} or {"other"})) for text, found in sorts.items()]


def another_name(name: FoundName, sentence: str, passage: FactPassage, rng: random.Random) -> str | None:
    """A name of the passage that is not in the sentence, of the same sort where there is one, and not a form of the name itself."""
    known = {one.text: one.sort for one in names_of(passage)}
    sort = known.get(name.text, name.sort)
    others = [text for text in known if _apart(text, name.text) and text not in sentence and _same_form(text, name.text)]
    alike = [text for text in others if _kind(known[text]) == _kind(sort)]
    if alike or (others and passage.language == "en"):
        return rng.choice(alike or others)
    return _foreign(name, sort, passage, rng)


def _foreign(name: FoundName, sort: str, passage: FactPassage, rng: random.Random) -> str | None:
    """A name of the same sort out of other passages."""
    if sort in ("other", "several words"):  # of any sort at all, and so told from the passage's by its sense alone
        return None
    pool = [
        t
        for t in _names_by_sort(passage.language).get(sort, ())
        if t not in passage.text and _apart(t, name.text) and _same_form(t, name.text)
    ]
    return rng.choice(pool) if pool else None


@cache
def _names_by_sort(language: str) -> dict[str, tuple[str, ...]]:
    found: dict[str, set[str]] = defaultdict(set)
    for text, sort in _known_hi().items() if language == "hi" else ((one.text, one.sort) for p in xquad("en") for one in names_of(p)):
        found[sort].add(text)
    return {sort: tuple(sorted(texts)) for sort, texts in found.items()}


def _kind(sort: str) -> str:
    return "place" if sort in ("country", "city", "state", "continent") else sort


def swappable(sentence: str, language: str) -> list[tuple[FoundName, FoundName]]:
    """Pairs of names of a sentence that are not listed side by side, so that the sentence says something else with them exchanged."""
    found = names_in(sentence, language)
    listed = re.compile(r"^[\s,]*(?:(?:and|or|तथा|और|एवं|या|व)\s)?[\s,]*$")
    out = []
    for a, b in pairwise(found):
        between = sentence[a.end : b.start]
        if (
            listed.match(between)
            or not _apart(a.text, b.text)
            or not _same_form(a.text, b.text)
            or re.search(r"\b(and|or)\b|[,()]|और|तथा|एवं|या", between)
        ):
            continue
        if language == "hi" and (re.match(r"\s*(के|की|का|के लिए)(?![ऀ-ॿ])", between) or _kind(a.sort) != _kind(b.sort) or a.sort == "other"):
            continue
        if _kind(a.sort) == _kind(b.sort) or "other" in (a.sort, b.sort):
            out.append((a, b))
    return out


def exchange(sentence: str, a: FoundName, b: FoundName) -> str:
    """The sentence with two of its names, in their order, in each other's place."""
    return sentence[: a.start] + b.text + sentence[a.end : b.start] + a.text + sentence[b.end :]


_ALIASES: Final = (
    frozenset(("us", "usa", "united", "states", "america", "american", "अमेरिका", "संयुक्त", "राज्य")),
    frozenset(("uk", "britain", "england", "kingdom", "ब्रिटेन", "इंग्लैंड", "यूनाइटेड", "किंगडम")),
    frozenset(("eu", "europe", "यूरोप")),
)


def _apart(a: str, b: str) -> bool:
    mine, other = (set(text.replace(".", "").casefold().split()) - {"the", "of"} for text in (a, b))
    return not mine & other and not any(mine & alias and other & alias for alias in _ALIASES)


def _same_form(a: str, b: str) -> bool:
    return a.lower().startswith("the ") == b.lower().startswith("the ")


def _names_en(sentence: str) -> list[FoundName]:
    found = []
    for one in _RUN.finditer(sentence):
        text, words = one[1], one[1].split()
        bare = [word for word in words if word.lower() not in ("the", "of", "de", "von", "van")]
        alone = len(bare) == 1
        following = re.match(r"\s+([\w'’-]+)", sentence[one.end() :])
        if (
            not bare
            or all(word.isupper() and (len(bare) > 1 or len(word) > 4) for word in bare)
            or sentence[: one.start()].endswith(("'s ", "’s "))
            or any(word in _NO_NAMES for word in bare)
            or (alone and (_DEMONYM.search(bare[0]) or (one.start() == 0) or len(bare[0]) < 3))
            or (following and following[1].lower() not in _AFTER_A_NAME and not following[1].endswith("ed"))
            or (bare[0].isupper() and alone and one.start() == 0)
        ):
            continue
        found.append(FoundName(one.start(1), one.end(1), text, _sort_en(sentence, one, alone)))
    return found


def _sort_en(sentence: str, found: re.Match[str], alone: bool) -> str:
    before = re.findall(r"[\w'’]+", sentence[: found.start()])[-1:]
    after = re.match(r"\s+(\w+)", sentence[found.end() :])
    cue = before[0].lower() if before else ""
    if cue in _PLACE_CUE:
        return "place"
    if cue in _PERSON_CUE or (after and after[1] in ("who", "said", "won", "became", "began")):
        return "person"
    return "other" if alone or found[1].lower().startswith("the ") else "several words"


@cache
def _known_hi() -> dict[str, str]:
    """Hindi names by sort: places, and answers whose English twin is a name, by what their question asks for."""
    known: dict[str, str] = {}
    for paragraph in xquad("hi"):
        for one in paragraph.asked:
            answer = _POSTPOSITION.sub("", one.answer.strip(" ।,.\"'"))
            words = one.english_answer.removeprefix("the ").removeprefix("The ").split()
            if not words or not all(word[0].isupper() or word in ("of", "the", "and", "de", "von") for word in words) or "and" in words:
                continue
            if not 1 <= len(answer.split()) <= 4 or len(answer) < 4 or re.search(r"\d|,|\"", answer) or _NO_NAME_HI.search(answer):
                continue
            asked = one.english_question.split()
            sort = (
                "person" if "Who" in asked or "who" in asked else "place" if {"Where", "where", "city", "country"} & set(asked) else "other"
            )
            known.setdefault(answer, sort)
    return known | dict(pairs("places", "hi"))


_NO_NAME_HI: Final = re.compile(
    r"(?<![ऀ-ॿ])(निर्माण|दक्षिण|पश्चिम|राजनीतिक|आर्थिक|कोई|आरक्षित|मुख्य|न्यायालय|आयोग|अभाव|विद्यार्थी|अर्थशास्त्री|निजी|ब्रिटिश|हंगेरियन|कोरियाई|रोमन|जोकी|अमेरिकी|इस्लामवादी|"
    r"डिजिटल|इस्लाम|सत्याग्रह|पेलियोक्लाईमेटोलॉजिस्ट|पोरिफेरा|बाइलेटेरिआ|पिक्टिश|लामा|तुलकु|अरबों|ओरिएंटलिज़्म|धर्म|लेबर|परिवर्तन|और|या|के|है|हैं|था|वर्ष|शताब्दी|जनवरी|फरवरी|मार्च|अप्रैल|मई|जून|जुलाई|अगस्त|सितंबर|अक्टूबर|नवंबर|दिसंबर)(?![ऀ-ॿ])|DTIME"
)


@cache
def _pattern_hi() -> re.Pattern[str]:
    known: Sequence[str] = sorted(_known_hi(), key=lambda text: (-len(text), text))
    return re.compile(BEFORE + "(" + "|".join(map(re.escape, known)) + ")" + AFTER)


_AFTER_A_NAME_HI: Final = re.compile(r"\s*(?:$|[,।()]|(?:ने|को|में|से|का|के|की|पर|द्वारा|तक|और|तथा|एवं|या|है|हैं|था|थे|थी|भी|नामक)(?![ऀ-ॿ]))")


def _names_hi(sentence: str) -> list[FoundName]:
    known = _known_hi()
    return [
        FoundName(one.start(1), one.end(1), one[1], known[one[1]])
        for one in _pattern_hi().finditer(sentence)
        if _AFTER_A_NAME_HI.match(sentence[one.end() :])
    ]
