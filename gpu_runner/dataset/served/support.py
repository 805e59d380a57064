"""Which passages say what a correction says: rules over numbers, names and content words, no model.

A passage supports an answer where it is about what was asked, holds every number and name of the answer, and nearly all words that the
answer adds to the question; a sentence that denies what the passage says is not supported. Who built the fort decides, not that both speak
of a fort: words of the question count for nothing in the answer. An answer of several sentences may be drawn from as many passages.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from collections.abc import Set as AbstractSet
from functools import lru_cache
from itertools import pairwise
from typing import Final

from gpu_runner.dataset.questions.in_context import stands_alone
from gpu_runner.dataset.questions.paraphrase import question_key
from gpu_runner.text.grounding import Source, capitalised, content_words, denies, supported
from gpu_runner.text.normalise import numbers, words
from gpu_runner.text.sentences import split_sentences

# Up to so many new words all have to be there: of "King Bhaskar" one half is in every passage about kings. More are a sentence.
FEW_WORDS: Final = 4
LEAST_NEW_SHARE: Final = 0.75
# Of the words of the question: a passage names what it is about, but not in every word that a user finds for it.
LEAST_ASKED_SHARE: Final = 0.5
_QUESTION_WORDS: Final = frozenset(words("किसने किसका किसकी किसके किस कितने कितनी कितना कौनसा कौनसी whom whose many much please tell"))
_FRONTED: Final = frozenset(words("कौन किस किसने किसका किसकी किसके कितने कितनी कितना"))
_PARTICLES: Final = frozenset(words("सा सी से"))


def supporting(question: str, answer: str, passages: Sequence[str]) -> tuple[int, ...]:
    """The places of the passages that say what the answer says of what was asked.

    Of an answer of several sentences those that they are drawn from, if each is said by one, and one at least of what was asked: words that
    one of them alone adds would be lost in the words of all.

    >>> supporting("Who built the Red Fort?", "Shah Jahan", ["Shah Jahan built the Red Fort.", "The Red Fort is in Delhi."])
    (0,)
    >>> supporting("Who built it?", "Shah Jahan built it. It is in Delhi.", ["Shah Jahan built it.", "The Fort is in Delhi.", "It is red."])
    (0, 1)
    """
    said: set[int] = set()
    asked: set[int] = set()
    claims = split_sentences(answer)
    for claim in claims:
        places = {place for place, passage in enumerate(passages) if _says(question, claim, passage)}
        if not places:
            return ()
        said |= places
        asked |= {place for place in places if _about(question, claim, _source(passages[place]))}
    return tuple(sorted(said if asked and len(claims) > 1 else asked))


def says_part_of(question: str, answer: str, passage: str) -> bool:
    """Whether a passage says a sentence of the answer; one without a number, a name or a content word is said by none."""
    return any(_about(question, claim, _source(passage)) and _says(question, claim, passage) for claim in split_sentences(answer))


def _says(question: str, answer: str, passage: str) -> bool:
    """Whether a passage says what the answer adds to the question, of whatever it speaks."""
    source = _source(passage)
    figures, names = numbers(answer), capitalised(answer)
    asked = set(content_words(question))
    new = [word for word in dict.fromkeys(content_words(answer)) if word not in asked and not word.isnumeric()]
    if not figures and not new:
        return False
    if not source.numbers.issuperset(figures) or not all(source.has(name) for name in names):
        return False
    if not _names_stand_together(answer, asked, new, passage):
        return False
    there = sum(map(source.has, new))
    if there < (len(new) if len(new) <= FEW_WORDS else LEAST_NEW_SHARE * len(new)):
        return False
    return not any(supported(claim, source) is False for claim in split_sentences(answer) if len(content_words(claim)) > FEW_WORDS)


def adds_nothing_to(question: str, answer: str, other: str) -> bool:
    """Whether all words of an answer, one at least not the question's, are in the other one, and both deny it or neither does.

    >>> adds_nothing_to("How tall is it?", "36", "It is 36 metres tall."), adds_nothing_to("Is it open?", "open", "It is not open.")
    (True, False)
    """
    source = Source(other)
    spoken = {word for word in content_words(answer) if not word.isnumeric()}
    said = bool(spoken - set(content_words(question))) or bool(numbers(answer))
    return said and source.numbers.issuperset(numbers(answer)) and spoken <= source.words and denies(answer) == denies(other)


def states(question: str, sentence: str, answer: str) -> bool:
    """Whether a sentence states a shorter answer: has its words one behind the other, one at least not the question's, and denies no more.

    >>> states("When was it built?", "It was built in 1894 by Asha Rao.", "१८९४"), states("When was it built?", "1894-95", "1894")
    (True, False)
    """
    if len(words(sentence)) <= FEW_WORDS or not adds_nothing_to(question, answer, sentence):
        return False
    return f" {question_key(answer)} " in f" {question_key(sentence)} "


def _names_stand_together(answer: str, asked: AbstractSet[str], new: Collection[str], passage: str) -> bool:
    """Whether a word of the question that is part of a short answer's name stands in it in the passage too.

    "Chandan Hall" is not said of the Chandan Archive by "The Chandan Archive's hall is the Mani Hall".
    """
    spoken = words(answer)
    if len(spoken) > FEW_WORDS:
        return True
    pairs = {pair for pair in pairwise(spoken) if (pair[0] in asked and pair[1] in new) or (pair[0] in new and pair[1] in asked)}
    return pairs <= set(pairwise(words(passage)))


@lru_cache(maxsize=8_192)
def _source(passage: str) -> Source:
    """The passages of a batch come many times."""
    return Source(passage)


def _about(question: str, answer: str, source: Source) -> bool:
    """Whether the passage names what is asked about: its numbers and names, and most of its content words.

    What "and its height?" asks about is said by a sentence that answers it, not by the question.
    """
    if len(words(answer)) > FEW_WORDS and not stands_alone(question):
        return source.has(next(iter(content_words(answer)), ""))
    asked = [word for word in dict.fromkeys(content_words(question)) if not word.isnumeric() and word not in _QUESTION_WORDS]
    if not source.numbers.issuperset(numbers(question)) or not all(map(source.has, capitalised(question.partition(" ")[2]))):
        return False
    # Letters without capitals: what a question is about stands first in Hindi ("गोलघर दुर्ग किसने बनवाया?"), but behind a question word
    # ("कौन-सी रानी गोलघर दुर्ग में रहती थीं?"), where only a passage with all of its words is sure to name it.
    if asked and not question.isascii() and not source.has(asked[0]):
        return words(question)[0] in _FRONTED and all(source.has(word) for word in asked if word not in _PARTICLES)
    return sum(map(source.has, asked)) >= LEAST_ASKED_SHARE * len(asked)
