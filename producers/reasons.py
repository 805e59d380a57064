"""From the words of a frontend's feedback form to the codes of the contract, so that reasons of all frontends are counted together."""

from __future__ import annotations

import re
import unicodedata
from typing import Final, get_args

from schemas.conversation import ReasonCode

CODES: Final[frozenset[str]] = frozenset(get_args(ReasonCode))
_NUKTA: Final = "\u093c"
# Apostrophes go without a trace ("didn't", "didnt"); every other mark parts words ("not_helpful", "Offensive / Unsafe").
_APOSTROPHES: Final = str.maketrans("", "", "'’‘ʼ`")
# Devanagari's signs are no \w: a vowel sign must not part a word.
_BETWEEN_WORDS: Final = re.compile(r"[^\w\u0900-\u097f]+|_+|[।॥]+")

# By code: what stands beside the thumbs of chat frontends (ChatGPT, Claude, Gemini, Open WebUI, LibreChat), and the same in Hindi.
_WORDS: Final[dict[ReasonCode, tuple[str, ...]]] = {
    "incorrect": (
        "not factually correct", "factually incorrect", "not correct", "not true", "this isnt true", "not true factual",
        "inaccurate", "inaccurate information", "wrong", "wrong answer", "wrong information", "false", "hallucination",
        "incorrect answer", "incorrect information", "गलत", "गलत उत्तर", "गलत जवाब", "गलत जानकारी", "जानकारी गलत है",
        "तथ्य गलत हैं", "तथ्यात्मक रूप से गलत", "सही नहीं है", "सही नहीं",
    ),
    "incomplete": (
        "didnt fully follow instructions", "did not fully follow instructions", "did not fully follow my request",
        "not following instructions", "didnt follow instructions", "did not follow the request", "being lazy", "lazy",
        "incomplete response", "incomplete answer", "incomplete information", "incorrect or incomplete",
        "missing information", "अधूरा", "अधूरी जानकारी", "अधूरा उत्तर", "अधूरा जवाब", "पूरा उत्तर नहीं", "जानकारी अधूरी है",
    ),
    "irrelevant": (
        "not helpful", "this isnt helpful", "unhelpful", "not relevant", "not what i asked for", "not matched", "off topic",
        "didnt answer the question", "misunderstood the question", "मददगार नहीं", "उपयोगी नहीं", "काम का नहीं", "सहायक नहीं",
        "अप्रासंगिक", "विषय से बाहर", "सवाल का जवाब नहीं", "प्रश्न का उत्तर नहीं",
    ),
    "outdated": (
        "out of date", "old information", "not up to date", "should have searched the web", "पुरानी जानकारी", "पुराना",
        "जानकारी पुरानी है",
    ),
    "unclear": (
        "confusing", "hard to understand", "not clear", "अस्पष्ट", "समझ नहीं आया", "समझ में नहीं आया", "स्पष्ट नहीं",
        "स्पष्ट नहीं है",
    ),
    "wrong_language": ("not in my language", "language issue", "गलत भाषा", "भाषा गलत है", "दूसरी भाषा में"),
    "too_long": ("too verbose", "verbose", "too long verbose", "बहुत लंबा", "बहुत लम्बा", "ज़्यादा लंबा"),
    "too_short": ("not detailed enough", "not enough detail", "too brief", "बहुत छोटा", "बहुत संक्षिप्त"),
    "style": (
        "dont like the style", "dont like style", "bad style", "style or tone", "writing style", "poor writing", "tone",
        "formatting", "शैली पसंद नहीं", "भाषा शैली", "लहजा ठीक नहीं",
    ),
    "refused": (
        "refused when it shouldnt have", "shouldnt have refused", "unjustified refusal", "overactive refusal", "refusal",
        "refused to answer", "उत्तर देने से मना किया", "जवाब देने से मना किया",
    ),
    "unsafe": (
        "harmful", "harmful or unsafe", "harmful unsafe", "this is harmful unsafe", "offensive", "offensive unsafe",
        "harmful or offensive", "unsafe or problematic", "safety or legal concern", "biased", "असुरक्षित", "हानिकारक",
        "आपत्तिजनक", "अपमानजनक", "पक्षपाती",
    ),
    "unsupported": (
        "no source", "no sources", "missing sources", "not grounded", "not in the documents", "made up", "स्रोत नहीं",
        "कोई स्रोत नहीं", "मनगढ़ंत",
    ),
    "bad_source": (
        "wrong source", "bad sources", "wrong citation", "broken link", "citation is wrong", "गलत स्रोत", "स्रोत गलत है",
        "गलत हवाला",
    ),
    "helpful": ("useful", "very helpful", "attention to detail", "creative solution", "उपयोगी", "मददगार", "सहायक", "काम का"),
    "accurate": (
        "correct", "accurate information", "accurate reliable", "accurate and reliable", "factually correct", "right", "सही",
        "सटीक", "सही जानकारी", "सही है",
    ),
    "complete": (
        "thorough explanation", "thorough", "followed instructions perfectly", "followed instructions", "पूरा", "पूर्ण",
        "पूरी जानकारी", "विस्तृत",
    ),
    "clear": (
        "easy to understand", "clear well written", "clear and well written", "well written", "स्पष्ट", "समझने में आसान",
        "साफ़",
    ),
    "other": ("something else", "अन्य", "कुछ और"),
}  # fmt: skip


def code_of(words: str) -> ReasonCode:
    """The code of a frontend's words for a reason, however they are capitalised, joined and marked; `other` for words that are not known.

    >>> code_of("Didn't fully follow instructions"), code_of("not_factually_correct"), code_of("ग़लत जानकारी"), code_of("the pictures")
    ('incomplete', 'incorrect', 'incorrect', 'other')
    """
    return _CODE_OF.get(_key(words), "other")


def _key(words: str) -> str:
    plain = unicodedata.normalize("NFD", words).replace(_NUKTA, "").translate(_APOSTROPHES).casefold()
    return _BETWEEN_WORDS.sub(" ", plain).strip()


_CODE_OF: Final[dict[str, ReasonCode]] = {
    _key(words): code for code, known in _WORDS.items() for words in (code, code.replace("_", " "), *known)
}
