"""Whether a correction is one to train on, else why not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from consumers.collect.worth.complaint import is_complaint
from consumers.collect.worth.context import TurnRole, needs_context
from consumers.collect.worth.control_text import is_for_the_model
from consumers.collect.worth.sameness import say_the_same, says_nothing
from consumers.collect.worth.scripts import is_in_another_language
from schemas.events.sample_collected import LeftOut

# Hindi has about half a token a character (2.8 tokens a word, with Llama 3.1's tokenizer), so that more does not fit into a row of 2,048
# tokens beside a system prompt, its question and a passage.
LONGEST_CORRECTION: Final = 3_000
# Complaints are short: what is longer than this answers, whatever words are in it.
LONGEST_COMPLAINT: Final = 600
# The languages whose complaints are known; others have the general checks alone.
COMPLAINTS_KNOWN: Final = frozenset({"hi", "en"})


def judge_correction(
    *, query: str, response: str, correction: str, messages: Sequence[TurnRole] = (), language: str | None = None
) -> LeftOut | None:
    """None for a correction that can be trained as the answer to its question; else why it is left out, the first reason that holds.

    `messages` are what the model was given (their roles are looked at alone), `language` is the BCP 47 tag of the feedback, where it has
    one. Pure; tens of microseconds for a short correction (`bench.complaints` measures it).
    """
    if says_nothing(correction):
        return "says_nothing"
    if len(correction) > LONGEST_CORRECTION:
        return "too_long"
    if is_for_the_model(correction):
        return "special_tokens"
    if say_the_same(correction, response):
        return "equals_response"
    known = language is None or language.split("-")[0].lower() in COMPLAINTS_KNOWN
    if known and len(correction) <= LONGEST_COMPLAINT and is_complaint(query, response, correction):
        return "complaint"
    if is_in_another_language(query, correction, language):
        return "other_language"
    return "needs_context" if needs_context(query, messages) else None
