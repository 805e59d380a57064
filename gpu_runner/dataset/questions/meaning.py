"""One key for all wordings of a question: without the reworder's carriers, its synonyms folded, its words in no order.

Two questions have one key where they ask of the same thing (the same names and content words, in any order and inflection) for the same
kind of answer (a person, a time, a place, …). Nothing is guessed: "founded" and "set up" are two questions, and so are a question and
its opposite order where a yes or no is asked. Figures on the tiny model's corpus and on XQuAD: docs/log.md, "Rows as served".
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from gpu_runner.dataset.questions.paraphrase import question_key, uncarried
from gpu_runner.text.normalise import hi_lenient, words

# What a question asks for, by its first pattern that fits; the words that say so are no content. Longer phrases stand before their parts.
_KINDS: Final = tuple(
    (kind, re.compile(rf"(?<!\S)(?:{pattern})(?!\S)"))
    for kind, pattern in (
        ("time", "(?:in |at |on |during )?(?:what|which) (?:year|time|date|day|point in time|century)|when"),
        ("time", "(?:किस|कौन से|कौनसे) (?:वर्ष|साल|सन्|समय|वक़्त|दिन|तिथि|शताब्दी)(?: में| को)?|कब"),
        ("count", "how many|(?:what|how large a) number of|कितने|कितनी|कितना"),
        ("reason", "what is the reason(?: why)?|why|for what reason|क्यों|किस कारण(?: से)?|किस वजह से"),
        ("place", "(?:in |at )?(?:what|which) (?:place|location|town|city)|where|कहाँ|कहां|किस (?:जगह|स्थान|शहर|नगर)(?: में| पर)?"),
        ("person acted on", "whom? (?:did|does|do)"),  # "whom did Akbar defeat" is not "who defeated Akbar"
        ("owner", "whose"),
        ("person", "(?:by )?whom?|किसने|किस ने|किसके द्वारा|कौन(?! ?(?:सा|सी|से))"),
        ("manner", "(?:in )?what way|how|कैसे|किस (?:तरह|प्रकार)(?: से)?"),
        ("thing", "what|which|क्या|कौन ?(?:सा|सी|से)|किस|किसका|किसकी|किसके|किन"),
    )
)
# Words that give a question its form and name nothing. A preposition may matter ("to Delhi", "from Delhi"), so those stay.
_FORM: Final = frozenset(
    words(
        "a an the is are was were be been do does did has have had will would can could s it that there please tell me us of by "
        "है हैं था थी थे थीं हुआ हुई हुए होता होती होते का की के ने को यह वह कृपया बताइए जी गया गई गए"
    )
)
# Inflections of a word in small letters; names (with a capital) keep theirs.
_ENDINGS: Final = re.compile(r"(?:ed|ing|es|s)$")
_HINDI_ENDINGS: Final = re.compile(r"(?<=[\u0915-\u0939\u094d\u093c])(?:ता|ती|ते|ना|नी|ने)$")
LEAST_STEM = 4
_YES_OR_NO: Final = frozenset(words("is are was were do does did can could has have had will would should may क्या kya"))
_IRREGULAR: Final = {
    form: base
    for base, forms in (
        *(("build", "built"), ("keep", "kept"), ("hold", "held"), ("make", "made"), ("give", "gave given"), ("write", "wrote written")),
        *(("begin", "began begun"), ("find", "found"), ("lead", "led"), ("lie", "lay lain"), ("stand", "stood"), ("become", "became")),
        *(
            ("win", "won"),
            ("teach", "taught"),
            ("bring", "brought"),
            ("buy", "bought"),
            ("sell", "sold"),
            ("say", "said"),
            ("tell", "told"),
        ),
        *(("draw", "drew drawn"), ("choose", "chose chosen"), ("speak", "spoke spoken"), ("die", "died dying"), ("sing", "sang sung")),
        *(("take", "took taken"), ("know", "knew known"), ("call", "called"), ("rule", "ruled"), ("open", "opened"), ("leave", "left")),
    )
    for form in forms.split()
}


@lru_cache(maxsize=65_536)
def meaning_key(question: str) -> str:
    """Equal for all wordings of a question that the rules know; empty where the question has no letter or digit.

    >>> meaning_key("Please tell me: when does the Lotus Fort open?") == meaning_key("At what time does the Lotus Fort open?")
    True
    >>> meaning_key("When was the Lotus Fort built?") == meaning_key("Who built the Lotus Fort?")
    False
    """
    core = uncarried(question)
    key = question_key(core)
    kind, rest = _kind(key)
    if kind is None:  # a yes or no: the order of the words says what is asked
        return key
    capitals = {hi_lenient(token) for token in core.split()[1:] if token[:1].isupper()}
    stems = sorted(_stem(word, capitals) for word in rest.split() if word not in _FORM)
    return f"{kind}: {' '.join(stems)}" if stems else key


def kinds_agree(one: str, other: str) -> bool:
    """Whether two questions ask for the same kind of answer; "which" names its own kind, so that it is none of the others'.

    >>> kinds_agree("Which treasure is it famous for?", "Where is it?"), kinds_agree("Who built it?", "By whom was it built?")
    (False, True)
    """
    first, second = (_kind(question_key(uncarried(question)))[0] for question in (one, other))
    return first == second


@lru_cache(maxsize=65_536)
def kind_asked_for(question: str) -> str | None:
    """The kind of answer that a question asks for by its question word ("person", "time", …), "yes or no", or None where neither shows.

    >>> kind_asked_for("By whom was it built?"), kind_asked_for("Is it open?"), kind_asked_for("the height of the fort")
    ('person', 'yes or no', None)
    """
    key = question_key(uncarried(question))
    first, _, rest = key.partition(" ")
    if first in _YES_OR_NO and _kind(rest)[0] is None:
        return "yes or no"
    return _kind(key)[0]


def _kind(key: str) -> tuple[str | None, str]:
    """What is asked for, by the first question word (the longest phrase that begins there), and the other words."""
    if key.endswith(" what"):  # "the capital of India is what"
        return "thing", key.removesuffix(" what")
    found = [
        (match.start(), -match.end(), place, kind, match) for place, (kind, pattern) in enumerate(_KINDS) if (match := pattern.search(key))
    ]
    if not found:
        return None, key
    _, _, _, kind, match = min(found, key=lambda one: one[:3])
    return kind, f"{key[: match.start()]} {key[match.end() :]}"


def _stem(word: str, capitals: set[str]) -> str:
    if word in capitals:
        return word
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    stem = _HINDI_ENDINGS.sub("", word) if not word.isascii() else _ENDINGS.sub("", word)
    return stem if len(stem) >= LEAST_STEM else word
