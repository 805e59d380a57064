"""Does a text say what a sentence says: rules over numbers, names, content words and negation alone.

What asks often and needs no reasons reads these: whether a passage supports a correction (`dataset/served`). The verdict on an answer's
claims, with its evidence, is `verdict.py`.
"""

from __future__ import annotations

from gpu_runner.text.normalise import numbers, words
from gpu_runner.text.sentences import split_sentences

LEAST_CONTENT_SHARE = 0.5
# A negation is compared only between sentences that speak of the same: fewer shared words say nothing.
LEAST_WORDS_FOR_NEGATION = 4
LEAST_SHARE_FOR_NEGATION = 0.75
STEM_CHARACTERS = 4

FUNCTION_WORDS = frozenset(
    words(
        "a an the of in on at by to for from with and or as is are was were be been has have had it its this that these those he she they "
        "his her their which who whom what when where how why do does did can could will would may also than then there not no but if so "
        "का की के को में से पर ने है हैं था थी थे थीं और या एक यह ये वह वे इस उस इन उन जो कि तो भी ही तक लिए हो हुआ हुई हुए होता होती होते "
        "कर करके किया की गई गया गए जाता जाती जाते रहा रही रहे द्वारा साथ बाद नहीं न मत अपने अपनी अपना कुछ सन् वर्ष क्या कौन कब कहाँ"
    )
)
_NEGATIONS = frozenset(words("not no never none nobody nothing neither nor without cannot नहीं न मत बिना कभी"))
_NEGATIVE_ENDS = ("n't", "n’t")


class Source:
    """A source text, read once for many claims."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.numbers = frozenset(numbers(text))
        self.words = frozenset(words(text))
        self._stems = frozenset(word[:STEM_CHARACTERS] for word in self.words if len(word) >= STEM_CHARACTERS)
        self.sentences = tuple((frozenset(content_words(sentence)), denies(sentence)) for sentence in split_sentences(text))

    def has(self, word: str) -> bool:
        """Whether the word or another form of it is there; forms share their first four characters."""
        return word in self.words or (len(word) >= STEM_CHARACTERS and word[:STEM_CHARACTERS] in self._stems)


def supported(claim: str, source: Source) -> bool | None:
    """Whether the source supports the claim; None where it holds nothing that the rules can check.

    >>> source = Source("The Indian Museum in Kolkata was founded in 1814 by Nathaniel Wallich.")
    >>> supported("It was founded in 1814.", source), supported("In 1841 by Wallich", source), supported("Yes.", Source(""))
    (True, False, False)
    """
    figures, names, content = numbers(claim), capitalised(claim), content_words(claim)
    if not figures and not names and not content:
        return None
    if not source.numbers.issuperset(figures) or not all(source.has(name) for name in names):
        return False
    spoken = [word for word in content if not word.isnumeric()]
    if spoken and sum(map(source.has, spoken)) / len(spoken) < LEAST_CONTENT_SHARE:
        return False
    return not _contradicts(claim, spoken, source)


def content_words(text: str) -> list[str]:
    """The words of two characters or more that are not of a sentence's form, in order, casefolded."""
    return [word for word in words(text) if word not in FUNCTION_WORDS and len(word) > 1]


def capitalised(claim: str) -> list[str]:
    """Capitalised words in Latin letters; the first word of a sentence of six words or more is capital anyway and does not count."""
    tokens = claim.split()
    if len(tokens) >= 6:
        tokens = tokens[1:]
    found = [word for token in tokens if token.lstrip("\"'“‘([")[:1].isupper() for word in words(token)]
    return [word for word in found if word not in FUNCTION_WORDS and len(word) > 1]


def denies(text: str) -> bool:
    """Whether a text holds a negation."""
    if any(word in _NEGATIONS for word in words(text)):
        return True
    return any(token.lower().rstrip(".,!?").endswith(_NEGATIVE_ENDS) for token in text.split())


def _contradicts(claim: str, content: list[str], source: Source) -> bool:
    """Whether the source's sentence that says the same differs in negation."""
    if len(content) < LEAST_WORDS_FOR_NEGATION:
        return False
    said = frozenset(content)
    near = [denied for sentence, denied in source.sentences if len(said & sentence) >= LEAST_SHARE_FOR_NEGATION * len(said)]
    return bool(near) and denies(claim) not in near
