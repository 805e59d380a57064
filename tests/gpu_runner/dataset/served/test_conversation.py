"""A conversation is asked again with nothing changed but the question and the passages."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gpu_runner.dataset.served.conversation import ServedConversation, served_conversation

FORT = "The Red Fort was built\nby Shah Jahan."
GATE = "India Gate was designed by Lutyens."


def served(query: str, *messages: dict[str, Any], passages: tuple[str, ...] = ()) -> ServedConversation:
    """The conversation of a sample that has one."""
    found = served_conversation({"query": query, "messages": messages, "passages": [{"text": text} for text in passages]})
    assert found is not None
    return found


def user(content: str) -> dict[str, Any]:
    return {"role": "user", "content": content, "name": None, "tool_call_id": None}


def test_a_bare_question_has_no_conversation() -> None:
    """Neither without messages, nor with the question as the only one: such rows are as they always were."""
    assert served_conversation({"query": "Who built it?"}) is None
    assert served_conversation({"query": "Who  built it?", "messages": [user("Who built\nit?")], "passages": []}) is None
    assert served_conversation({"query": "Who built it?", "messages": [{"role": "system", "content": "Be brief."}, user("Who built it?")]})


def test_only_the_last_turn_is_reworded_and_line_breaks_stay() -> None:
    """The same question in an earlier turn, the system prompt and what stands about the question are untouched."""
    turn = f"Context:\n[1] {FORT}\n\nQuestion: Who built it?\nAnswer in one line."
    talk = served("Who built it?", {"role": "system", "content": "Who built it?"}, user("Who built it?"), user(turn), passages=(FORT,))
    assert [message["content"] for message in talk.asking()] == ["Who built it?", "Who built it?", turn]
    changed = talk.asking("By whom was it built?", [GATE])
    assert changed[:2] == talk.asking()[:2]
    assert changed[2]["content"] == f"Context:\n[1] {GATE}\n\nQuestion: By whom was it built?\nAnswer in one line."


def test_passages_that_stand_in_no_message_come_before_the_question() -> None:
    """In the one default form, after the system prompt and the earlier turns; as many as are given."""
    talk = served("Who built it?", {"role": "system", "content": "Be brief."}, user("Who built it?"), passages=(FORT, GATE))
    assert [message["content"] for message in talk.asking()] == ["Be brief.", f"[1] {FORT}\n\n[2] {GATE}\n\nWho built it?"]
    assert talk.places is None
    assert talk.asking("Built by whom?", [GATE])[-1]["content"] == f"[1] {GATE}\n\nBuilt by whom?"
    alone = served_conversation({"query": "Who built it?", "passages": [{"text": FORT}]})
    assert alone is not None
    assert alone.asking() == ({"role": "user", "content": f"[1] {FORT}\n\nWho built it?"},)


def test_passages_are_found_in_the_system_prompt_and_in_a_tools_result() -> None:
    """Where a tool answered in JSON the passage stands there with its escapes, and so does what takes its place."""
    call = {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": "1", "type": "function", "function": {"name": "find", "arguments": ""}}],
    }
    result = {"role": "tool", "content": json.dumps({"found": [FORT]}), "tool_call_id": "1"}
    talk = served(
        "Who built it?", {"role": "system", "content": f"Known: {GATE}"}, user("Who built it?"), call, result, passages=(FORT, GATE)
    )
    assert talk.places == 2
    changed = talk.asking(None, [GATE, 'In "1648"'])
    assert changed[0]["content"] == 'Known: In "1648"'
    assert json.loads(changed[3]["content"]) == {"found": [GATE]}
    assert changed[2] == {"role": "assistant", "content": "", "tool_calls": call["tool_calls"]}


def test_what_was_retrieved_but_not_served_is_no_passage() -> None:
    """Of two passages the messages hold one: the model never saw the other."""
    talk = served("Who built it?", user(f"{FORT}\nWho built it?"), passages=(FORT, GATE))
    assert [passage.text for passage in talk.passages] == [FORT]


def test_the_answer_is_not_what_it_was_answered_to() -> None:
    """A frontend that sends the answer as the last message loses it here."""
    talk = served(
        "And when?",
        user("Who built it?"),
        {"role": "assistant", "content": "Akbar"},
        user("And when?"),
        {"role": "assistant", "content": "x"},
    )
    assert [message["role"] for message in talk.asking()] == ["user", "assistant", "user"]


@pytest.mark.parametrize(
    ("turn", "question"),
    [
        ("और उसकी ऊँचाई?", "और उसकी ऊँचाई?"),
        (f"{FORT}\nप्रश्न: इसे किसने बनवाया\n", "इसे किसने बनवाया"),
        (f"Use this:\n{FORT}\n  Who built it?  \nBe brief.", "Who built it?"),
    ],
)
def test_the_question_is_found_where_the_query_is_the_whole_prompt(turn: str, question: str) -> None:
    """Or says it in other words than the turn: what was asked counts."""
    talk = served("Who built the fort of Delhi?", user("Hello"), user(turn), passages=(FORT,))
    assert (talk.question, talk.can_be_reworded) == (question, True)
    if "\n" in turn:
        assert talk.asking("ASKED")[-1]["content"] == turn.replace(question, "ASKED")


def test_an_instruction_in_which_no_question_is_found_is_not_reworded() -> None:
    """It is taught as it was served."""
    talk = served("Summarise", user("Hello"), user("Here is a text.\nIt goes on.\nMake it short."))
    assert not talk.can_be_reworded
    assert talk.asking()[-1]["content"] == "Here is a text.\nIt goes on.\nMake it short."
