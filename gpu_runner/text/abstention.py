"""Which answers say that they do not know: whole sentences alone, in Hindi, romanised Hindi and English.

A sentence is one where it is, word for word and after an apology and a joining word, a CORE with at most one TAIL. An answer abstains where
every sentence of it is one, or sends the reader elsewhere ("Please ask the ministry."), and at least one is one. "The author is unknown."
says something about the author and is a claim; "Unknown." alone is none. Punctuation, case, apostrophes and nuktas make no difference.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from gpu_runner.text.normalise import words
from gpu_runner.text.sentences import split_sentences

# In all lists a phrase is a regular expression over words as `_spoken` gives them: small letters, one space between, no apostrophe.
OPENINGS: Final = (
    *("sorry", "i m sorry", "im sorry", "i am sorry", "my apologies", "i apologi[sz]e", "unfortunately", "i m afraid", "i am afraid"),
    *("well", "but", "however", "honestly", "that", "at the moment"),
    *("क्षमा (?:करें|कीजिए|कीजिये)", "माफ (?:करें|कीजिए|कीजिये|कीजिएगा|करना)", "(?:मुझे )?खेद है", "दुर्भाग्य से"),
    *("जी", "लेकिन", "परंतु", "परन्तु", "कि"),
    *("maaf (?:karen|kijiye|karna)", "kshama (?:karen|kijiye)"),
)
_THIS = "(?:this|that|it|the answer|this question|that question|your question|this topic|the question)"
_SOURCE = "(?:the |this |these |given |provided )*(?:context|document|documents|text|passage|source|sources|information)"
CORES: Final = (
    # English
    *("(?:i )?(?:do not|don t|dont) know(?: the answer)?", "(?:i )?(?:cannot|can not|can t|cant) (?:say|tell|answer|determine)"),
    "i (?:am|m) (?:not sure|unsure|not certain|not aware|unable to (?:answer|say|tell|find))",
    "i (?:do not|don t|dont|did not|didn t) (?:have|find) (?:(?:any|that|this|enough|the) )*(?:information|answer|knowledge|idea)",
    "(?:there is |there s |i have )?no (?:such )?(?:information|answer|data|details?)(?: is)?(?: available| found| given| provided)?",
    "(?:the |this |that )?(?:information|answer|it|this|that) (?:is|was) (?:not (?:known|available|given|mentioned|stated)|unknown)",
    "(?:it s |its )?not (?:known|available|mentioned|given|stated|specified|provided|found)",
    f"{_SOURCE} (?:do not|does not|don t|doesn t) (?:say|mention|contain|state|provide|specify|give)",
    *("unknown", "not sure", "(?:i have )?no idea", "n a"),
    # Hindi
    "(?:मुझे )?(?:यह |इसका उत्तर |उत्तर )?नहीं (?:पता|मालूम|ज्ञात)(?: है)?",
    "(?:मुझे )?(?:यह |इसका उत्तर |उत्तर |इसका |इसके बारे में |इस बारे में )?(?:पता|मालूम|ज्ञात) नहीं(?: है)?",
    "मैं (?:यह |इसका उत्तर |उत्तर )?नहीं (?:जानता|जानती|जानते)(?: (?:हूँ|हूं))?",
    "(?:मुझे )?(?:(?:इसकी|इस की|इसके बारे में|इस बारे में|इस विषय (?:में|पर)|इस संबंध में) )?(?:कोई |यह |पर्याप्त )?"
    "(?:जानकारी|सूचना) (?:उपलब्ध )?नहीं(?: (?:मिली|दी गई))?(?: है)?",
    "(?:मैं )?(?:(?:इसका|इस प्रश्न का|इस सवाल का|आपके प्रश्न का) )?(?:उत्तर|जवाब) (?:देने में असमर्थ (?:हूँ|हूं)|नहीं दे (?:सकता|सकती|सकते)(?: (?:हूँ|हूं|हैं))?)",
    "(?:मैं )?(?:कुछ )?(?:नहीं (?:कह|बता)|(?:कह|बता) नहीं) (?:सकता|सकती|सकते)(?: (?:हूँ|हूं|हैं))?",
    "(?:यह |उत्तर |इसका उत्तर )?अज्ञात(?: है)?",
    # Romanised Hindi
    *("(?:mujhe )?(?:nahi|nahin|nhi) (?:pata|maloom|malum)(?: hai)?", "(?:mujhe )?(?:pata|maloom|malum) (?:nahi|nahin|nhi)(?: hai)?"),
    "(?:mujhe )?(?:iski |is bare mein )?(?:koi )?(?:jankari|jaankari) (?:uplabdh )?(?:nahi|nahin)(?: hai)?",
)
TAILS: Final = (
    f"(?:about|on|to|for|regarding) {_THIS}",
    *(_THIS, "anything about (?:this|that|it)", "what the answer is", "for sure", "yet", "at the moment", "right now"),
    f"(?:in|from|about this in) {_SOURCE}",
    *("इस बारे में", "इसके बारे में", "इस विषय में", "अभी"),
)
_ELSEWHERE: Final = re.compile(
    r"(?:please|kindly|you (?:may|can|could)|i (?:suggest|recommend)|कृपया|आप) .*"
    r"(?:ask|check|contact|consult|visit|see|refer|rephrase|provide|try|पूछें|देखें|संपर्क|सम्पर्क|जाँच|जांच|पूछिए|बताएँ|बताएं|सकते हैं).*"
)
# What a model is taught to say where the passages do not hold the answer: by language, Hindi in Latin letters apart.
TAUGHT: Final[Mapping[str, str]] = {"hi": "मुझे यह नहीं पता।", "hi-Latn": "Mujhe nahi pata.", "en": "I don't know."}
_SENTENCE: Final = re.compile(f"(?:(?:{'|'.join(OPENINGS)}) )*(?:{'|'.join(CORES)})(?: (?:{'|'.join(TAILS)}))?")


def abstains(answer: str) -> bool:
    """Whether the answer is empty or does nothing but say that it does not know.

    >>> abstains("मुझे नहीं मालूम।"), abstains("Sorry, I don't know."), abstains("The author is unknown.")
    (True, True, False)
    """
    sentences = [spoken for sentence in split_sentences(answer) if (spoken := _spoken(sentence))]
    return not sentences or (any(map(_says_so, sentences)) and all(_says_so(one) or _ELSEWHERE.fullmatch(one) for one in sentences))


def says_that_it_does_not_know(sentence: str) -> bool:
    """Whether one sentence says so."""
    return _says_so(_spoken(sentence))


def _says_so(spoken: str) -> bool:
    return _SENTENCE.fullmatch(spoken) is not None


def _spoken(sentence: str) -> str:
    """The words as the lists have them: without nuktas, the halves of a word with an apostrophe apart, `नही` with its anusvara."""
    bare = (word.replace("\u093c", "") for word in words(sentence))
    return " ".join("नहीं" if word in ("नही", "नहीँ") else word for word in bare)
