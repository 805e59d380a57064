"""What a question is in its conversation: "and its height?" in two conversations is two questions, "who built the Red Fort?" is one.

The context of a question that means nothing by itself is what the user asked before; the assistant's answers, the system prompt and the
passages differ between versions of one conversation and are none. In doubt a question is taken as one of its conversation: two facts
that are kept apart are both learnt, two that are taken for one are not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from gpu_runner.dataset.questions.meaning import meaning_key
from gpu_runner.dataset.questions.paraphrase import question_key
from gpu_runner.dataset.rows import EvaluationItem, Message, TrainingRow
from gpu_runner.text.grounding import content_words
from gpu_runner.text.normalise import words

_POINTS_BACK: Final = frozenset(
    words(
        "it he she they him them this that these those its his her their here there such same another one ones both former latter "
        "यह ये वह वे इस उस इसे उसे इन उन इसका इसकी इसके उसका उसकी उसके इनका इनकी इनके उनका उनकी उनके इसमें उसमें यहाँ यहां वहाँ वहां वहीं यहीं "
        "yeh ye woh wo iska iski iske uska uski uske unka unki unke wahan yahan isme usme"
    )
)
_JOINS: Final = frozenset(words("and or but so then also और या लेकिन तो फिर aur lekin phir"))
# Fewer content words than these without a name or a number may be of anything ("What is the height?", "ऊँचाई कितनी है?").
LEAST_CONTENT: Final = 4
LEAST_CONTENT_HINDI: Final = 3


def stands_alone(question: str) -> bool:
    """Whether the question means the same in every conversation.

    >>> stands_alone("Who built the Red Fort?"), stands_alone("And when was it built?"), stands_alone("और उसकी ऊँचाई?")
    (True, False, False)
    """
    spoken = words(question)
    if not spoken or spoken[0] in _JOINS or _POINTS_BACK.intersection(spoken):
        return False
    content = content_words(question)
    named = any(token[:1].isupper() or any(char.isdigit() for char in token) for token in question.split()[1:])
    return bool(content) and (named or len(content) >= (LEAST_CONTENT if question.isascii() else LEAST_CONTENT_HINDI))


def context_of(question: str, messages: Sequence[Message]) -> str:
    """The earlier turns of the user that the question needs; empty where it needs none or there are none."""
    if stands_alone(question):
        return ""
    earlier = [str(message.get("content") or "") for message in messages if message["role"] == "user"][:-1]
    return "\x1e".join(map(question_key, earlier))


def asked_in_context(question: str, messages: Sequence[Message] = ()) -> str:
    """Equal for all wordings of one question in one context; of a bare question without its context."""
    context = context_of(question, messages)
    return f"{meaning_key(question)}\x1f{context}" if context else meaning_key(question)


def wording_in_context(question: str, messages: Sequence[Message] = ()) -> str:
    """Equal for spellings of one wording in one context; of a bare question its `question_key`."""
    context = context_of(question, messages)
    return f"{question_key(question)}\x1f{context}" if context else question_key(question)


def wording_of(one: TrainingRow | EvaluationItem) -> str:
    """`wording_in_context` of what a row or an item asks."""
    return wording_in_context(one.prompt if isinstance(one, TrainingRow) else one.question, one.messages)
