"""OpenAI's messages as chat templates take them."""

from __future__ import annotations

import pytest

from gpu_runner.model_folder.template_messages import template_messages, with_words, without_system, words_of

pytestmark = pytest.mark.unit

CALL = {"id": "c1", "type": "function", "function": {"name": "find", "arguments": '{"place": ["Agra", 3]}'}}


def test_a_message_keeps_what_it_says_and_no_empty_field() -> None:
    """A content is there even where tools were called alone; arguments that are no JSON object stay the text that they are."""
    odd = {**CALL, "function": {"name": "find", "arguments": "[1"}}
    messages = [
        {"role": "user", "content": "a\n b ", "name": None, "tool_calls": []},
        {"role": "assistant", "content": None, "tool_calls": [CALL, odd]},
        {"role": "tool", "content": "Found.", "tool_call_id": "c1"},
    ]
    first, second, third = template_messages(messages)
    assert first == {"role": "user", "content": "a\n b "}
    assert second["content"] == ""
    assert [call["function"]["arguments"] for call in second["tool_calls"]] == [{"place": ["Agra", 3]}, "[1"]
    assert third == messages[2]


def test_what_the_system_says_goes_before_the_first_users_turn() -> None:
    """Developers' messages too, in their order; the other messages stay as they are."""
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Where?"},
        {"role": "developer", "content": "Be kind."},
        {"role": "assistant", "content": "Agra."},
    ]
    assert without_system(messages) == [{"role": "user", "content": "Be brief.\n\nBe kind.\n\nWhere?"}, messages[3]]
    assert without_system(messages[1:2]) is None
    assert without_system(messages[:1]) is None


def test_every_text_but_the_role_is_changed() -> None:
    """Names of tools, ids, keys and values of arguments at any depth: wherever a user's words may stand."""
    messages = template_messages([{"role": "assistant", "content": "x", "tool_calls": [CALL]}])
    assert words_of(messages) == ["x", "id", "c1", "type", "function", "function", "name", "find", "arguments", "place", "Agra"]
    changed = with_words(messages, lambda text: text.replace("Agra", "Delhi").replace("place", "where"))
    assert changed[0]["role"] == "assistant"
    assert changed[0]["tool_calls"][0]["function"]["arguments"] == {"where": ["Delhi", 3]}
