"""Whether a correction is one to train on, else why not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from consumers.collect.worth.answer import answer_of
from consumers.collect.worth.complaint import parse, plainly_answers
from consumers.collect.worth.context import TurnRole, needs_context
from consumers.collect.worth.control_text import is_for_the_model
from consumers.collect.worth.doubt.score import is_doubtful
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


class Worth(NamedTuple):
    """Why a correction is left out of training, None where it is not; and the part of it that answers, all of it where it is left out."""

    left_out: LeftOut | None
    answer: str


def weigh_correction(
    *, query: str, response: str, correction: str, messages: Sequence[TurnRole] = (), language: str | None = None
) -> Worth:
    """Whether a correction can be trained as the answer to its question, else why not, the first reason that holds; and what of it is.

    `messages` are what the model was given (their roles are looked at alone), `language` is the BCP 47 tag of the feedback, where it has
    one. Pure; tens of microseconds for what plainly answers, a hundred or two for others (`bench.complaints` measures it).

    >>> weigh_correction(query="Who built the Sanchi Stupa?", response="Akbar", correction="Wrong! It was built by Ashoka.")
    Worth(left_out=None, answer='It was built by Ashoka.')
    """
    left_out = _of_any_language(response, correction)
    if left_out is not None:
        return Worth(left_out, correction)
    answer = correction
    if not plainly_answers(query, response, correction):
        parsed = parse(query, response, correction)
        known = language is None or language.split("-")[0].lower() in COMPLAINTS_KNOWN
        if known and len(correction) <= LONGEST_COMPLAINT and is_doubtful(parsed, response, correction):
            return Worth("complaint", correction)
        answer = answer_of(correction, parsed)
    if is_in_another_language(query, correction, language):
        return Worth("other_language", correction)
    return Worth("needs_context", correction) if needs_context(query, messages) else Worth(None, answer)


def _of_any_language(response: str, correction: str) -> LeftOut | None:
    if says_nothing(correction):
        return "says_nothing"
    if len(correction) > LONGEST_CORRECTION:
        return "too_long"
    if is_for_the_model(correction):
        return "special_tokens"
    return "equals_response" if say_the_same(correction, response) else None


def judge_correction(
    *, query: str, response: str, correction: str, messages: Sequence[TurnRole] = (), language: str | None = None
) -> LeftOut | None:
    """None for a correction that can be trained as the answer to its question; else why it is left out (`weigh_correction`)."""
    return weigh_correction(query=query, response=response, correction=correction, messages=messages, language=language).left_out
