"""A conversation as a chat template takes it: Hugging Face's form of messages, made of OpenAI's. Torch-free."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

# What is asked: a bare question, or the conversation that it ends (OpenAI's messages, the last of them the user's or a tool's).
Asked = str | Sequence[Mapping[str, Any]]
Messages = list[dict[str, Any]]

_SYSTEM: Final = ("system", "developer")


def asked_of(messages: Sequence[Mapping[str, Any]], question: str) -> Asked:
    """The conversation where there is one, else the bare question."""
    return messages or question


def template_messages(asked: Asked) -> Messages:
    """The messages of what is asked: a content for each (empty where only tools were called), no key that says nothing.

    The arguments of a tool call become the object that their JSON text says, as servers hand them to templates; other text stays text.

    >>> template_messages("Where?")
    [{'role': 'user', 'content': 'Where?'}]
    >>> call = {"id": "1", "type": "function", "function": {"name": "find", "arguments": '{"place": "Agra"}'}}
    >>> template_messages([{"role": "assistant", "content": None, "tool_calls": [call]}])[0]["tool_calls"][0]["function"]
    {'name': 'find', 'arguments': {'place': 'Agra'}}
    """
    if isinstance(asked, str):
        return [{"role": "user", "content": asked}]
    return [_message(message) for message in asked]


def _message(message: Mapping[str, Any]) -> dict[str, Any]:
    found = {name: value for name, value in message.items() if value or name == "content"}
    found["content"] = message.get("content") or ""
    if message.get("tool_calls"):
        found["tool_calls"] = [_tool_call(call) for call in message["tool_calls"]]
    return found


def _tool_call(call: Mapping[str, Any]) -> dict[str, Any]:
    function = call["function"]
    arguments = function.get("arguments") or ""
    try:
        read = json.loads(arguments)
    except ValueError:
        read = arguments
    return {**call, "function": {**function, "arguments": read if isinstance(read, dict) else arguments}}


def without_system(messages: Messages) -> Messages | None:
    """The same with what the system said before the first user's turn, for templates that know no such role; None where it said nothing.

    >>> without_system([{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Where?"}])
    [{'role': 'user', 'content': 'Be brief.\\n\\nWhere?'}]
    """
    said = [message["content"] for message in messages if message["role"] in _SYSTEM]
    others = [message for message in messages if message["role"] not in _SYSTEM]
    first = next((place for place, message in enumerate(others) if message["role"] == "user"), None)
    if not said or first is None:
        return None
    merged = "\n\n".join([*said, others[first]["content"]])
    return [*others[:first], {**others[first], "content": merged}, *others[first + 1 :]]


def with_words(messages: Messages, change: Callable[[str], str]) -> Messages:
    """The same messages, each text in them changed, names of tools and their arguments included; only the roles stay."""
    return [{name: value if name == "role" else _changed(value, change) for name, value in message.items()} for message in messages]


def _changed(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {change(name): _changed(one, change) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_changed(one, change) for one in value]
    return value


def words_of(messages: Messages) -> list[str]:
    """Every text that `with_words` would change."""
    found: list[str] = []

    def look(text: str) -> str:
        found.append(text)
        return text

    with_words(messages, look)
    return found
