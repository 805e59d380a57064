"""Conversations in a file: OpenAI's messages and ShareGPT's turns become messages, of which the last answer is learnt."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, get_args

from gpu_runner.dataset.fields import unexpected
from gpu_runner.dataset.rows import Message
from schemas.conversation import Role

ROLES: Final[tuple[str, ...]] = get_args(Role)
SHAREGPT_ROLES: Final[Mapping[str, str]] = {
    **dict.fromkeys(("human", "user"), "user"),
    **dict.fromkeys(("gpt", "assistant", "chatgpt", "model", "bot"), "assistant"),
    **dict.fromkeys(("tool", "observation", "function_response"), "tool"),
    "system": "system",
}
_TEXT_PARTS: Final = ("text", "input_text", "output_text")


@dataclass(frozen=True, slots=True)
class AnsweredTurns:
    """The messages before the last answer, the answer (None: it consists of tool calls alone), and how many turns came after it."""

    before: tuple[Message, ...]
    answer: str | None
    after: int = 0

    @property
    def earlier_answers(self) -> int:
        """Turns of the assistant that are context alone."""
        return sum(message["role"] == "assistant" for message in self.before)


def conversation(where: str, field: str, value: Any) -> AnsweredTurns:
    """The conversation that a field holds, split at its last answer. Raises DataError naming the message and the field."""
    messages = turns(where, field, value)
    last = max((place for place, message in enumerate(messages) if message["role"] == "assistant"), default=None)
    if last is None:
        raise unexpected(where, field, "a message of role 'user' and one of role 'assistant' behind it", value)
    return AnsweredTurns(messages[:last], messages[last]["content"], len(messages) - last - 1)


def turns(where: str, field: str, value: Any) -> tuple[Message, ...]:
    """The messages of a field, in either form; a blank system message is none. Raises DataError naming the message and the field."""
    if not isinstance(value, list) or not value:
        raise unexpected(where, field, "a list of messages, each with 'role' and 'content' (or 'from' and 'value')", value)
    found = []
    for number, given in enumerate(value):
        place = f"{field}[{number}]"
        if not isinstance(given, dict):
            raise unexpected(where, place, "an object with 'role' and 'content' (or 'from' and 'value')", given)
        message = _sharegpt(where, place, given) if "from" in given and "role" not in given else _openai(where, place, given)
        if message is not None:
            found.append(message)
    return tuple(found)


def last_question(messages: Sequence[Message]) -> str | None:
    """What the user said last."""
    return next((str(message["content"]) for message in reversed(messages) if message["role"] == "user"), None)


def _sharegpt(where: str, place: str, given: Mapping[str, Any]) -> Message | None:
    role = SHAREGPT_ROLES.get(str(given["from"]))
    if role is None:
        raise unexpected(where, f"{place}.from", f"one of {', '.join(SHAREGPT_ROLES)}", given["from"])
    if role == "system" and _is_blank(given.get("value")):
        return None
    return {"role": role, "content": _text(where, f"{place}.value", given.get("value"))}


def _openai(where: str, place: str, given: Mapping[str, Any]) -> Message | None:
    role = given.get("role")
    if role not in ROLES:
        raise unexpected(where, f"{place}.role", f"one of {', '.join(ROLES)}", role)
    content = given.get("content")
    if role == "system" and _is_blank(content):
        return None
    calls = _tool_calls(where, f"{place}.tool_calls", given.get("tool_calls")) if role == "assistant" else []
    message: dict[str, Any] = {"role": role}
    message["content"] = None if calls and _is_blank(content) else _text(where, f"{place}.content", content)
    for name in ("name", "tool_call_id"):
        if given.get(name) is not None:
            message[name] = _text(where, f"{place}.{name}", given[name])
    return message | ({"tool_calls": calls} if calls else {})


def _text(where: str, place: str, value: Any) -> str:
    """A text, or the text parts of a content, a line each."""
    if isinstance(value, list):
        return "\n".join(_part(where, f"{place}[{number}]", part) for number, part in enumerate(value))
    if not isinstance(value, str) or not value.strip():
        raise unexpected(where, place, "a string that is not blank", value)
    return value


def _part(where: str, place: str, part: Any) -> str:
    if not isinstance(part, dict) or part.get("type") not in _TEXT_PARTS:
        raise unexpected(where, f"{place}.type", "'text' (pictures and sound can't be trained on)", part)
    return _text(where, f"{place}.text", part.get("text"))


def _tool_calls(where: str, place: str, value: Any) -> list[dict[str, Any]]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise unexpected(where, place, "a list of tool calls", value)
    return [_tool_call(where, f"{place}[{number}]", call) for number, call in enumerate(value)]


def _tool_call(where: str, place: str, call: Any) -> dict[str, Any]:
    function = call.get("function") if isinstance(call, dict) else None
    if not isinstance(function, dict):
        raise unexpected(where, f"{place}.function", "an object with 'name' and 'arguments'", function)
    arguments = function.get("arguments", "")
    if isinstance(arguments, dict):
        arguments = json.dumps(arguments, ensure_ascii=False)
    if not isinstance(arguments, str):
        raise unexpected(where, f"{place}.function.arguments", "the JSON text that the model wrote, or an object", arguments)
    identity = "call" if call.get("id") is None else _text(where, f"{place}.id", call["id"])
    name = _text(where, f"{place}.function.name", function.get("name"))
    return {"id": identity, "type": "function", "function": {"name": name, "arguments": arguments}}


def _is_blank(value: Any) -> bool:
    return value is None or value == [] or (isinstance(value, str) and not value.strip())
