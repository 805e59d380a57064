"""What the model was given before its answer, and what a user said beside the rating: checked by the contract, and redacted. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from consumers.collect.policy import IntakePolicy
from consumers.wire import FeedbackIn, MessageText, PassageText, PreferredText, ReasonText, ToolCallText, TurnIn
from schemas.conversation import MESSAGE_CHARACTERS
from schemas.json_marks import marks_as_strings

# The limits of `schemas.conversation` and `schemas.fields`: a mark like [EMAIL] can be longer than the shortest address.
ANSWER_CHARACTERS: Final = 32_768
NAME_CHARACTERS: Final = 200
# Of each of the two texts that a follow-up's group is made of: together they are what a group holds.
GROUP_HALF: Final = 249


class FeedbackWords(msgspec.Struct, frozen=True, gc=False):
    """What of a feedback comes beside its query, response and correction."""

    messages: tuple[MessageText, ...] = ()
    passages: tuple[PassageText, ...] = ()
    preferred: PreferredText | None = None
    reasons: tuple[ReasonText, ...] = ()
    comment: str | None = None
    turn_id: str | None = None


NO_WORDS: Final = FeedbackWords()


def words_of(said: FeedbackIn) -> FeedbackWords:
    """Those of a feedback that has any; of the others `NO_WORDS` says it for less."""
    return FeedbackWords(said.messages, said.passages, said.preferred, said.reasons, said.comment, said.turn_id)


def follow_up(messages: Sequence[MessageText], query: str) -> str:
    """What a question belongs to by its own words: itself, and the conversation's first question before it where that is another one.

    "And when was it built?" of two conversations is two questions.

    >>> follow_up([MessageText("user", "Who built it?"), MessageText("assistant", "Aibak."), MessageText("user", "When?")], "When?")
    'Who built it? When?'
    >>> follow_up([MessageText("user", "When?")], "When?")
    'When?'
    """
    turns = [message.content or "" for message in messages if message.role == "user"]
    return f"{turns[0].strip()[:GROUP_HALF]} {query.strip()[:GROUP_HALF]}" if len(turns) > 1 and turns[0].strip() else query


def wrong_of(said: FeedbackIn | TurnIn) -> str | None:
    """Why messages and passages are not what the contract takes, None where they are: the field and what was expected."""
    for number, message in enumerate(said.messages):
        if message.tool_calls and message.role != "assistant":
            return f"messages.{number}: tool_calls belong to the assistant: expected none in a message of another role"
        if message.content is None and not message.tool_calls:
            return f"messages.{number}: content is absent: expected a text (or tool_calls, where the assistant called tools)"
    if "\x00" in "".join([*_texts_of_messages(said.messages), *(passage.text for passage in said.passages)]):
        return "messages, passages: must not contain the NUL character"
    return None


def texts(words: FeedbackWords) -> list[str]:
    """All of them in one order, each text that may hold an identity number; `with_texts` takes them back in it."""
    found = _texts_of_messages(words.messages)
    for passage in words.passages:
        found += (passage.text, passage.id or "", passage.doc_id or "")
    found.append(words.preferred.answer if words.preferred else "")
    # The one text that the contract lets hold a NUL, which redaction separates texts by.
    found += [(reason.raw or "").replace("\x00", " ") for reason in words.reasons]
    return [*found, words.comment or "", words.turn_id or ""]


def with_texts(words: FeedbackWords, clean: Iterator[str], policy: IntakePolicy) -> FeedbackWords:
    """The words with the redacted texts in the places of their own, each cut where it outgrew its limit."""

    def name(given: str | None) -> str | None:
        # As the document's own event has it: two names stay two, and a passage still names its document.
        found = next(clean)
        return given if given is None or found == given else policy.name(found, given, NAME_CHARACTERS)

    messages = tuple(_message(message, clean) for message in words.messages)
    passages = tuple(
        msgspec.structs.replace(passage, text=next(clean)[:ANSWER_CHARACTERS], id=name(passage.id), doc_id=name(passage.doc_id))
        for passage in words.passages
    )
    answer = next(clean)[:ANSWER_CHARACTERS]
    preferred = words.preferred and msgspec.structs.replace(words.preferred, answer=answer)
    raws = [next(clean)[:NAME_CHARACTERS] for _ in words.reasons]
    reasons = tuple(
        reason if reason.raw is None else msgspec.structs.replace(reason, raw=raw) for reason, raw in zip(words.reasons, raws, strict=True)
    )
    return FeedbackWords(messages, passages, preferred, reasons, next(clean)[:ANSWER_CHARACTERS] or None, name(words.turn_id))


def _texts_of_messages(messages: Sequence[MessageText]) -> list[str]:
    found: list[str] = []
    for message in messages:
        found += (message.content or "", message.name or "", message.tool_call_id or "")
        for call in message.tool_calls:
            found += (call.id, call.function.name, call.function.arguments)
    return found


def _message(message: MessageText, clean: Iterator[str]) -> MessageText:
    content, name, tool_call_id = next(clean)[:MESSAGE_CHARACTERS], next(clean)[:NAME_CHARACTERS], next(clean)[:NAME_CHARACTERS]
    return msgspec.structs.replace(
        message,
        content=None if message.content is None else content,
        name=name or None,
        tool_calls=tuple(_call(call, clean) for call in message.tool_calls),
        tool_call_id=tool_call_id or None,
    )


def _call(call: ToolCallText, clean: Iterator[str]) -> ToolCallText:
    identifier, name, arguments = next(clean)[:NAME_CHARACTERS], next(clean)[:NAME_CHARACTERS], next(clean)[:MESSAGE_CHARACTERS]
    if arguments != call.function.arguments:
        arguments = marks_as_strings(arguments)[:MESSAGE_CHARACTERS]
    function = msgspec.structs.replace(call.function, name=name, arguments=arguments)
    return msgspec.structs.replace(call, id=identifier, function=function)
