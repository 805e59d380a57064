"""Rows of preferences (two answers, one chosen) and of KTO (an answer, good or bad) as the feedback that they are."""

from __future__ import annotations

from typing import Any, Final

from gpu_runner.dataset.fields import DataError, Fields
from gpu_runner.dataset.formats.turns import AnsweredTurns, conversation, last_question, turns
from gpu_runner.dataset.rows import Message

PREFERENCE: Final = ("chosen", "rejected")
KTO: Final = ("completion", "label")
OPINION_FIELDS: Final = ("prompt", *PREFERENCE, *KTO)


def as_feedback(row: Any) -> Any:
    """The row as a feedback submission, where it is a preference or a KTO row, with its other fields; any other value as it is.

    Answers and prompts are texts or messages, and an answer's messages may hold the prompt. Raises DataError naming the field that is
    another thing.

    >>> as_feedback({"prompt": "Who built it?", "chosen": "Ashoka.", "rejected": "Akbar.", "language": "en"})["preferred"]
    {'answer': 'Ashoka.', 'how': 'arena'}
    >>> as_feedback({"prompt": "Who built it?", "completion": "Ashoka.", "label": True})["rating"]
    {'scale': 'thumbs', 'value': 'up'}
    """
    if not isinstance(row, dict):
        return row
    # Where the row stands is the caller's to say.
    fields = Fields("", row)
    try:
        if any(name in row for name in PREFERENCE):
            return _preference(fields)
        return _thumb(fields) if all(name in row for name in KTO) else row
    except DataError as error:
        raise DataError(str(error).removeprefix(": ")) from None


def _preference(fields: Fields) -> dict[str, Any]:
    chosen, rejected = _answered(fields, "chosen"), _answered(fields, "rejected")
    if rejected.before and rejected.before != chosen.before:
        raise DataError("field 'rejected': expected the messages of 'chosen' before its answer, or none, found others")
    if rejected.answer == chosen.answer:
        raise DataError("field 'rejected': expected another answer than 'chosen', found the same")
    said = {"response": rejected.answer, "preferred": {"answer": chosen.answer, "how": "arena"}}
    return _feedback(fields, PREFERENCE, chosen, said)


def _thumb(fields: Fields) -> dict[str, Any]:
    found, good = _answered(fields, "completion"), fields.flag("label")
    if good is None:
        raise fields.error("label", "true or false")
    said = {"response": found.answer, "rating": {"scale": "thumbs", "value": "up" if good else "down"}}
    return _feedback(fields, KTO, found, said)


def _answered(fields: Fields, name: str) -> AnsweredTurns:
    """An answer in words, as a text or as the last of the messages that end with it."""
    value = fields.values.get(name)
    if not isinstance(value, list):
        return AnsweredTurns((), fields.text(name))
    found = conversation("", name, value)
    if found.answer is None or found.after:
        what = "tool calls alone" if found.answer is None else "messages behind it"
        raise DataError(f"field '{name}': expected an answer in words at its end, found {what}")
    return found


def _feedback(fields: Fields, names: tuple[str, str], found: AnsweredTurns, said: dict[str, Any]) -> dict[str, Any]:
    """What was `said` of an answer to what was asked, with the fields that the row has besides `names`."""
    taken = ("query", "messages", *said)
    for given in taken:
        if fields.values.get(given) is not None:
            raise DataError(f"field '{given}': expected none beside '{names[0]}', found one")
    others = {field: value for field, value in fields.values.items() if field not in ("prompt", *names, *taken)}
    asked = _asked(fields, names[0], found.before)
    # A question by itself needs no conversation.
    return others | ({"messages": list(asked)} if len(asked) > 1 else {"query": asked[0]["content"]}) | said


def _asked(fields: Fields, name: str, before: tuple[Message, ...]) -> tuple[Message, ...]:
    """The conversation up to the answer: the prompt, and what the answer's own messages add to it, which may be all."""
    # No conversation begins with an answer or a result: what does so follows the prompt.
    whole = bool(before) and before[0]["role"] not in ("assistant", "tool")
    given = () if whole and fields.values.get("prompt") is None else _prompt(fields)
    # A prompt beside a whole conversation says nothing more, unless it says something else.
    if whole and not all(message in before for message in given):
        raise DataError(f"field 'prompt': expected messages that '{name}' has too, or none, found others")
    asked = before if whole else (*given, *before)
    if last_question(asked) is None:
        raise fields.error("prompt", "a message of role 'user'")
    if asked[-1]["role"] == "assistant":
        raise DataError(f"field '{name}': expected an answer to a user or a tool, found one behind another answer")
    return asked


def _prompt(fields: Fields) -> tuple[Message, ...]:
    prompt = fields.values.get("prompt")
    return turns("", "prompt", prompt) if isinstance(prompt, list) else ({"role": "user", "content": fields.text("prompt")},)
