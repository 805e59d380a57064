"""A conversation as frontends have it (OpenAI's chat form), and as the contract has it: text alone, and redacted.

Of OpenAI's own fields those are taken that say what the model was given; those that say nothing of it (`annotations`, a reasoning text) are
passed over, and those that stand for what is no text (`audio`) or are out of use (`function_call`) are refused unless they are null.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, WithJsonSchema, field_validator

from producers.cleaning import Cleaner, opaque
from producers.reasons import CODES, code_of
from schemas.conversation import (
    MESSAGE_CHARACTERS,
    MOST_MESSAGES,
    MOST_PASSAGES,
    MOST_TOOL_CALLS,
    MessageText,
    PassageText,
    PreferredHow,
    Role,
    ToolText,
)
from schemas.fields import Answer, Identifier

_STRICT: Final = ConfigDict(frozen=True, extra="forbid")
# Text parts of Chat Completions and of Responses, and the field that holds the text.
_TEXT_OF_PART: Final = {"text": "text", "input_text": "text", "output_text": "text", "refusal": "refusal"}
_CONTENT_SCHEMA: Final[dict[str, Any]] = {
    "anyOf": [
        {"type": "string", "maxLength": MESSAGE_CHARACTERS},
        {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["type"],
                "properties": {"type": {"enum": sorted(_TEXT_OF_PART)}, "text": {"type": "string"}, "refusal": {"type": "string"}},
            },
        },
        {"type": "null"},
    ]
}


def joined_text(content: Any) -> Any:
    """The text of a message's content parts, joined with line breaks; raises ValueError for a part that is no text, by its number.

    >>> joined_text([{"type": "text", "text": "Who built it?"}, {"type": "text", "text": "And when?"}])
    'Who built it?\\nAnd when?'
    """
    if not isinstance(content, list):
        return content
    if not content:
        raise ValueError("expected a text, or at least one text part")
    return "\n".join(_text_of(part, number) for number, part in enumerate(content))


def _text_of(part: Any, number: int) -> str:
    kind = part.get("type") if isinstance(part, dict) else None
    field = _TEXT_OF_PART.get(kind) if isinstance(kind, str) else None
    if field is None:
        raise ValueError(
            f"part [{number}] is no text: expected parts of the type text alone, an image, a sound or a file is not learnt from"
        )
    text = part.get(field)
    if not isinstance(text, str):
        raise ValueError(f"part [{number}] has no {field}: expected a string there")
    return text


Content: TypeAlias = Annotated[MessageText | None, BeforeValidator(joined_text), WithJsonSchema(_CONTENT_SCHEMA)]


class ToolFunctionSubmission(BaseModel):
    """The function of a tool call."""

    model_config = _STRICT
    name: ToolText
    arguments: MessageText = ""


class ToolCallSubmission(BaseModel):
    """One tool call of an assistant's message; `index`, which streams number them by, is passed over."""

    model_config = _STRICT
    id: ToolText
    type: Literal["function"] = "function"
    function: ToolFunctionSubmission
    index: int | None = None


class MessageSubmission(BaseModel):
    """A message in OpenAI's form; its content is a text or text parts, and an assistant's may be tool calls alone, or a refusal."""

    model_config = _STRICT
    role: Role
    name: ToolText | None = None
    tool_calls: Annotated[tuple[ToolCallSubmission, ...], Field(max_length=MOST_TOOL_CALLS)] | None = None
    tool_call_id: ToolText | None = None
    refusal: MessageText | None = None
    annotations: Any = Field(default=None, description="passed over")
    reasoning: Any = Field(default=None, description="passed over")
    reasoning_content: Any = Field(default=None, description="passed over")
    audio: None = Field(default=None, description="null alone")
    function_call: None = Field(default=None, description="null alone")
    # Behind what it depends on.
    content: Content = Field(default=None, validate_default=True)

    @field_validator("audio", "function_call", mode="before")
    @classmethod
    def _is_absent(cls, value: Any, info: ValidationInfo) -> None:
        if value is not None:
            instead = "the words that were spoken as content" if info.field_name == "audio" else "tool_calls, which took its place"
            raise ValueError(f"expected null or none: send {instead}")

    @field_validator("tool_calls")
    @classmethod
    def _are_the_assistants(
        cls, value: tuple[ToolCallSubmission, ...] | None, info: ValidationInfo
    ) -> tuple[ToolCallSubmission, ...] | None:
        if value and info.data.get("role", "assistant") != "assistant":
            raise ValueError("belong to the assistant: expected none in a message of another role")
        return value

    @field_validator("content")
    @classmethod
    def _says_something(cls, value: str | None, info: ValidationInfo) -> str | None:
        refusal = info.data.get("refusal")
        if refusal is not None and not value:
            return str(refusal)
        if refusal is not None:
            raise ValueError("stands beside refusal: expected one of them")
        if value is None and not info.data.get("tool_calls", True):
            raise ValueError("is absent: expected a text or text parts (or tool_calls, where the assistant called tools)")
        return value


class PassageSubmission(BaseModel):
    """A retrieved passage, in the order in which the model saw them."""

    model_config = _STRICT
    id: Identifier | None = None
    doc_id: Identifier | None = None
    text: PassageText
    rank: int | None = Field(default=None, ge=1, le=10_000)
    score: float | None = Field(default=None, allow_inf_nan=False)
    cited: bool = False


class PreferredSubmission(BaseModel):
    """The answer that the user chose instead, and how."""

    model_config = _STRICT
    answer: Answer = Field(min_length=1)
    how: PreferredHow


MessageSubmissions = Annotated[tuple[MessageSubmission, ...], Field(max_length=MOST_MESSAGES)]
PassageSubmissions = Annotated[tuple[PassageSubmission, ...], Field(max_length=MOST_PASSAGES)]


def clean_messages(messages: Sequence[MessageSubmission], clean: Cleaner) -> list[dict[str, Any]]:
    """The contract's messages as plain values, every text of them redacted; raises SubmissionError for an id that names a person."""
    return [_clean_message(f"messages[{number}]", message, clean) for number, message in enumerate(messages)]


def _clean_message(place: str, message: MessageSubmission, clean: Cleaner) -> dict[str, Any]:
    return {
        "role": message.role,
        "content": clean.optional(message.content),
        "name": clean.optional(message.name),
        "tool_call_id": opaque(f"{place}.tool_call_id", message.tool_call_id),
        "tool_calls": [
            {
                "id": opaque(f"{place}.tool_calls[{number}].id", call.id),
                "function": {"name": clean.text(call.function.name), "arguments": clean.json_text(call.function.arguments)},
            }
            for number, call in enumerate(message.tool_calls or ())
        ],
    }


def clean_passages(passages: Sequence[PassageSubmission], clean: Cleaner) -> list[dict[str, Any]]:
    """The contract's passages as plain values, their texts redacted; raises SubmissionError for an id that names a person."""
    return [
        {
            **passage.model_dump(),
            "id": opaque(f"passages[{number}].id", passage.id),
            "doc_id": opaque(f"passages[{number}].doc_id", passage.doc_id),
            "text": clean.text(passage.text),
        }
        for number, passage in enumerate(passages)
    ]


def clean_preferred(preferred: PreferredSubmission | None, clean: Cleaner) -> dict[str, Any] | None:
    """The contract's preferred answer as plain values, redacted."""
    return None if preferred is None else {"answer": clean.text(preferred.answer), "how": preferred.how}


def clean_reasons(reasons: Sequence[str], clean: Cleaner) -> list[dict[str, Any]]:
    """The contract's reasons as plain values: a code alone, or the code of a frontend's words beside those words, redacted."""
    return [{"code": said} if said in CODES else {"code": code_of(said), "raw": clean.text(said)} for said in reasons]
