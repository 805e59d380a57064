"""The phrases of the reworder: which carrier phrases and question-word synonyms belong to training, and which to the test.

The two sides share no phrase, so a wording of one side is never a wording of the other. In a carrier `{q}` is the question.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Phrases:
    """One side's phrases in one language: carriers around the question, and replacements of question words (regex, replacement).

    At least six carriers for training and five for the test: they apply to any question, and a question that is already
    in one of them still needs 3 and 2 others.
    """

    carriers: tuple[str, ...]
    synonyms: tuple[tuple[str, str], ...] = ()


# A question word stands between spaces or ends; `\b` would split Hindi words at vowel signs, so the ends are spelled out.
_START, _END = r"(?<!\S)", r"(?=[\s?।,.]|$)"


def _hindi(*pairs: tuple[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple((f"{_START}{word}{_END}", replacement) for word, replacement in pairs)


# Case markers and postpositions may follow a question word and would stand doubled after a replacement ("कहाँ से", "कब तक").
_BARE = r"(?!\s+(?:से|तक|पर|में|का|की|के|को))"

TRAIN_HINDI: Final = Phrases(
    carriers=(
        "कृपया बताइए, {q}",
        "ज़रा बताइए, {q}",
        "कृपया बताएँ कि {q}",
        "आप यह बताइए कि {q}",
        "{q} कृपया बताइए।",
        "नमस्ते, {q}",
        "सही उत्तर दीजिए: {q}",
    ),
    synonyms=_hindi(
        (rf"(?:कहाँ|कहां){_BARE}", "किस जगह"),
        (rf"कब{_BARE}", "किस समय"),
        ("क्यों", "किस कारण"),
        (rf"कैसे{_BARE}", "किस तरह"),
        ("किस वर्ष", "किस साल"),
        ("किसने", "किस ने"),
        ("कौन सा", "कौनसा"),
        ("कौन सी", "कौनसी"),
        ("कौन से", "कौनसे"),
        ("किस प्रकार", "किस तरह"),
    ),
)

TEST_HINDI: Final = Phrases(
    carriers=(
        "मुझे जानना है कि {q}",
        "क्या आप बता सकते हैं कि {q}",
        "मेरा प्रश्न है: {q}",
        "एक बात पूछनी है, {q}",
        "{q} क्या आपको पता है?",
        "हमें समझाएँ कि {q}",
    ),
    synonyms=_hindi(
        (rf"(?:कहाँ|कहां){_BARE}", "किस स्थान पर"),
        (rf"कब{_BARE}", "किस वक़्त"),
        ("क्यों", "किस वजह से"),
        (rf"कैसे{_BARE}", "किस प्रकार से"),
    ),
)

TRAIN_ENGLISH: Final = Phrases(
    carriers=(
        "Please tell me: {q}",
        "Could you tell me, {q}",
        "Hello, {q}",
        "Kindly answer: {q}",
        "{q} Please answer.",
        "Give the answer to this: {q}",
        "Tell us, please: {q}",
    ),
    synonyms=(
        (r"^How many (?!of\b)", "What number of "),
        (r"^When (?=(?:did|was|were|is|are|do|does|will|has|have|had)\b)", "At what time "),
        (r"^Where (?=(?:did|was|were|is|are|do|does|can|will)\b)", "In what place "),
        (r"^Why (?=(?:did|was|were|is|are|do|does|can|will|has|have)\b)", "For what reason "),
        (r"^How (?=(?:did|do|does|can)\b)", "In what way "),
        (r"^What (?=(?:type|kind|year|country|city|company|group|team|party|river|century|percentage|country's)s?\b)", "Which "),
    ),
)

TEST_ENGLISH: Final = Phrases(
    carriers=(
        "I would like to know: {q}",
        "May I ask, {q}",
        "My question is this: {q}",
        "Do you happen to know, {q}",
        "{q} Can you help?",
        "Let me know: {q}",
    ),
    synonyms=(
        (r"^How many (?!of\b)", "How large a number of "),
        (r"^When (?=(?:did|was|were|is|are|do|does|will|has|have|had)\b)", "At which point in time "),
        (r"^Where (?=(?:did|was|were|is|are|do|does|can|will)\b)", "At which location "),
        (r"^Why (?=(?:did|was|were|is|are|do|does|can|will|has|have)\b)", "What is the reason: why "),
    ),
)

TRAIN_ROMANISED: Final = Phrases(
    carriers=(
        "Kripya bataiye, {q}",
        "Zara bataiye, {q}",
        "Namaste, {q}",
        "Aap yeh bataiye ki {q}",
        "{q} Kripya bataiye.",
        "Sahi uttar dijiye: {q}",
    )
)

TEST_ROMANISED: Final = Phrases(
    carriers=(
        "Mujhe jaanna hai ki {q}",
        "Kya aap bata sakte hain ki {q}",
        "Mera prashn hai: {q}",
        "Ek baat poochni hai, {q}",
        "{q} Kya aapko pata hai?",
    )
)
