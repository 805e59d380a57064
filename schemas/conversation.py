"""What the model was given before an answer, and what a user preferred to it: fields that feedback, turns and samples share.

Messages have OpenAI's form, text alone: the HTTP edge joins content parts, and refuses what is no text.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Annotated, Final, Literal, Protocol, Self

from pydantic import AfterValidator, BaseModel, Field, StringConstraints, model_validator

from schemas.fields import EVENT_CONFIG, Answer, Identifier, no_nul

MOST_MESSAGES: Final = 200
MOST_PASSAGES: Final = 100
MOST_TOOL_CALLS: Final = 64
# The whole event is held to 256 KiB; the limit of one text only says which one is out of bounds.
MESSAGE_CHARACTERS: Final = 131_072

Role = Literal["system", "developer", "user", "assistant", "tool"]
# Why an answer was good or bad, in words that every frontend's own can be mapped to.
ReasonCode = Literal[
    "incorrect", "incomplete", "irrelevant", "outdated", "unclear", "wrong_language", "too_long", "too_short", "style", "refused",
    "unsafe", "unsupported", "bad_source", "helpful", "accurate", "complete", "clear", "other",
]  # fmt: skip
PreferredHow = Literal["arena", "regenerated", "edited"]

MessageText = Annotated[str, StringConstraints(max_length=MESSAGE_CHARACTERS), AfterValidator(no_nul)]
ToolText = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(no_nul)]
Comment = Annotated[str, StringConstraints(max_length=8_192), AfterValidator(no_nul)]
PassageText = Annotated[str, StringConstraints(min_length=1, max_length=32_768), AfterValidator(no_nul)]


class ToolFunction(BaseModel):
    """The function that a model called: `arguments` is the JSON text that it wrote."""

    model_config = EVENT_CONFIG
    name: ToolText
    arguments: MessageText = ""


class ToolCall(BaseModel):
    """One call of a tool by the assistant."""

    model_config = EVENT_CONFIG
    id: ToolText
    type: Literal["function"] = "function"
    function: ToolFunction


class Message(BaseModel):
    """One message of a conversation; an assistant's may consist of tool calls alone, every other one has a content."""

    model_config = EVENT_CONFIG
    role: Role
    content: MessageText | None = None
    name: ToolText | None = None
    tool_calls: tuple[ToolCall, ...] = Field(default=(), max_length=MOST_TOOL_CALLS, exclude_if=operator.not_)
    tool_call_id: ToolText | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.tool_calls and self.role != "assistant":
            raise ValueError("tool_calls belong to the assistant: expected none in a message of another role")
        if self.content is None and not self.tool_calls:
            raise ValueError("content is absent: expected a text (or tool_calls, where the assistant called tools)")
        return self


class Passage(BaseModel):
    """A retrieved passage, in the order in which the model saw them; `rank` counts from 1, `cited` says that the answer named it."""

    model_config = EVENT_CONFIG
    id: Identifier | None = None
    doc_id: Identifier | None = None
    text: PassageText
    rank: int | None = Field(default=None, ge=1, le=10_000)
    score: float | None = Field(default=None, allow_inf_nan=False)
    cited: bool = Field(default=False, exclude_if=operator.not_)


class Preferred(BaseModel):
    """The answer that a user chose instead of the response: side by side (arena), asked for again (regenerated), or changed by hand."""

    model_config = EVENT_CONFIG
    answer: Answer = Field(min_length=1)
    how: PreferredHow


class GivenReason(BaseModel):
    """A reason that a user gave: its code, beside the frontend's own words for it."""

    model_config = EVENT_CONFIG
    code: ReasonCode
    raw: str | None = Field(default=None, max_length=200)


Messages = Annotated[tuple[Message, ...], Field(max_length=MOST_MESSAGES)]
Passages = Annotated[tuple[Passage, ...], Field(max_length=MOST_PASSAGES)]
Reasons = Annotated[tuple[GivenReason, ...], Field(max_length=20)]


class SaidTurn(Protocol):
    """A message of any form, of which role and text are asked."""

    @property
    def role(self) -> str: ...
    @property
    def content(self) -> str | None: ...


def last_user_turn(messages: Sequence[SaidTurn]) -> str:
    """The content of the last message of the user, empty where there is none.

    >>> last_user_turn([Message(role="user", content="Who built it?"), Message(role="assistant", content="Ashoka.")])
    'Who built it?'
    """
    return next((message.content or "" for message in reversed(messages) if message.role == "user"), "")
