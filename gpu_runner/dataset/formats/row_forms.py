"""What one row says, in whichever of the usual forms: the question in its conversation, the answer, and the answer that lost."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from gpu_runner.dataset.conversation import with_passages
from gpu_runner.dataset.fields import DataError, Fields, answer_texts, unexpected
from gpu_runner.dataset.formats.turns import AnsweredTurns, conversation, last_question, turns
from gpu_runner.dataset.rows import Message, paragraph_group, row_id
from schemas.holdout import normalise_group
from schemas.reading.json_text import shown_name

Form = Literal["messages", "ShareGPT", "preference", "KTO", "prompt and completion", "question and answer", "Alpaca", "text"]
FORMS_EXPECTED: Final = (
    "'prompt' and 'completion', 'question' and 'answer', 'messages', 'conversations', 'instruction' and 'output', "
    "or 'prompt', 'chosen' and 'rejected'"
)

# Why a row, or a part of one, is not trained and not asked.
WITHOUT_ANSWER: Final = "questions_without_answer"
RATED_BAD: Final = "answers_rated_bad_without_a_better_one"
ENDS_IN_A_CALL: Final = "conversations_that_end_in_a_tool_call"
ANSWER_BEHIND_ANSWER: Final = "answers_behind_an_answer"
EQUAL_SIDES: Final = "preferences_between_equal_answers"
EARLIER_ANSWERS: Final = "earlier_answers_as_context_alone"
AFTER_THE_ANSWER: Final = "turns_behind_the_last_answer"
TOOL_DEFINITIONS: Final = "tool_definitions"
PASSAGES_BESIDE: Final = "passages_beside_a_conversation"


@dataclass(frozen=True)
class FileRow:
    """A question and its right answers (the first is learnt) as a file has them; `where` names file and line.

    `messages` is the conversation as it is served, empty for a bare question; `source` is the text of its passages. `without` counts by
    reason what of the row is left out; `fields` are its other fields.
    """

    where: str
    form: Form
    question: str
    answers: tuple[str, ...]
    fields: Fields
    messages: tuple[Message, ...] = ()
    rejected: str | None = None
    source: str | None = None
    without: tuple[tuple[str, int], ...] = ()

    @property
    def group(self) -> str:
        """Its source group where the row names none: its passages', its conversation's, or the question."""
        if self.source is not None:
            return paragraph_group(self.source)
        if sum(message["role"] == "user" for message in self.messages) > 1:
            return f"conversation-{self.identity('conversation')}"
        return normalise_group(self.question)

    def identity(self, *parts: str) -> str:
        """An id over the parts, and the conversation where there is one."""
        return row_id(*parts, json.dumps(self.messages, ensure_ascii=False)) if self.messages else row_id(*parts)


@dataclass(frozen=True)
class UnusedRow:
    """A row that is well formed and can't be used, and why."""

    where: str
    form: Form
    reason: str


def form_of(values: Mapping[str, Any]) -> Form | None:
    """The form that a row's fields have; None where they have none of ours."""
    names = values.keys()
    for form, marks in _MARKS:
        if all(mark in names for mark in marks):
            return form
    return None


def file_row(where: str, values: Mapping[str, Any]) -> FileRow | UnusedRow:
    """The row at `where`. Raises DataError naming the field that is not as its form has it, or the fields of a row of no form."""
    form = form_of(values)
    if form is None:
        names = ", ".join(shown_name(name) for name in sorted(values)[:20]) or "none"
        raise DataError(f"{where}: found the fields {names}: expected {FORMS_EXPECTED}")
    return _READERS[form](Fields(where, values), form)


# The first form of which a row has all the marks is its form.
_MARKS: Final[tuple[tuple[Form, tuple[str, ...]], ...]] = (
    ("preference", ("chosen",)),
    ("KTO", ("prompt", "completion", "label")),
    ("prompt and completion", ("prompt", "completion")),
    # An item that this project wrote, with the answer that was corrected.
    ("question and answer", ("question", "answers")),
    ("preference", ("rejected",)),
    ("prompt and completion", ("prompt",)),
    ("question and answer", ("question",)),
    ("messages", ("messages",)),
    ("ShareGPT", ("conversations",)),
    ("Alpaca", ("instruction",)),
    ("prompt and completion", ("completion",)),
    ("text", ("text",)),
)


@dataclass(frozen=True)
class _Asked:
    """A question in its conversation."""

    question: str
    messages: tuple[Message, ...]
    source: str | None = None


def _conversation_row(fields: Fields, form: Form) -> FileRow | UnusedRow:
    """OpenAI's messages or ShareGPT's turns: the last answer, in its conversation."""
    name = "messages" if form == "messages" else "conversations"
    found = conversation(fields.where, name, fields.values[name])
    return _answered(fields, form, _in_conversation(fields, name, found), found)


def _prompt_row(fields: Fields, form: Form) -> FileRow | UnusedRow:
    """A prompt and its completion or response, as texts or as messages; a KTO row's answer is right where its label is true.

    A row that this project wrote may also have the answer that lost.
    """
    name = next((name for name in ("completion", "response") if name in fields.values), "completion")
    found = _side(fields, name)
    lost = None if fields.values.get("rejected") is None else AnsweredTurns((), fields.text("rejected"))
    row = _answered(fields, form, _asked_with(fields, "prompt", name, found), found, rejected=lost)
    if form != "KTO":
        return row
    label = fields.flag("label")
    if label is None:
        raise fields.error("label", "true or false")
    return row if label else UnusedRow(fields.where, form, RATED_BAD)


def _preference_row(fields: Fields, form: Form) -> FileRow | UnusedRow:
    """The chosen and the rejected answer to a prompt, as texts or as messages, which may hold the prompt."""
    chosen, rejected = _side(fields, "chosen"), _side(fields, "rejected")
    name = "question" if "question" in fields.values and "prompt" not in fields.values else "prompt"
    asked = _asked_with(fields, name, "chosen", chosen)
    if rejected.answer is not None and rejected.answer == chosen.answer:
        return UnusedRow(fields.where, form, EQUAL_SIDES)
    return _answered(fields, form, asked, chosen, rejected=rejected)


def _question_row(fields: Fields, form: Form) -> FileRow | UnusedRow:
    """A question with its answers, and the passages that they are in: also a row of a SQuAD file, flattened or not."""
    question, answers = fields.text("question"), fields.values.get("answers")
    asked = _asked(fields, question)
    if fields.flag("is_impossible"):
        return UnusedRow(fields.where, form, WITHOUT_ANSWER)
    if answers is None and fields.values.get("answer") is not None:
        found: tuple[str, ...] = (fields.text("answer"),)
    elif asked.source is not None or isinstance(answers, dict):
        found = answer_texts(fields.where, "answers", answers)
    elif isinstance(answers, list) and answers and all(isinstance(answer, str) and answer.strip() for answer in answers):
        found = tuple(answers)
    else:
        raise fields.error("answers", "a list of at least one string that is not blank (or 'answer', one such string)")
    if not found:
        return UnusedRow(fields.where, form, WITHOUT_ANSWER)
    return FileRow(fields.where, form, question, found, fields, asked.messages, source=asked.source, without=_definitions(fields))


def _alpaca_row(fields: Fields, form: Form) -> FileRow | UnusedRow:
    """An instruction, with an input below it where there is one, and its output; earlier pairs of a `history` come first."""
    given = fields.values.get("input")
    instruction = fields.text("instruction")
    if given not in (None, ""):
        instruction = f"{instruction}\n\n{fields.text('input')}"
    found = AnsweredTurns((), fields.text("output"))
    earlier = _history(fields)
    asked = _asked(fields, instruction)
    if earlier:
        alone = asked.messages or ({"role": "user", "content": instruction},)
        asked = _Asked(instruction, (*alone[:-1], *earlier, alone[-1]), asked.source)
    return _answered(fields, form, asked, found)


def _text_row(fields: Fields, form: Form) -> FileRow | UnusedRow:
    """A text alone is refused: there is nothing to ask, and nothing to score."""
    raise DataError(f"{fields.where}: field 'text': a {form} alone has no question and no answer: expected {FORMS_EXPECTED}")


_READERS: Final[Mapping[Form, Callable[[Fields, Form], FileRow | UnusedRow]]] = {
    "messages": _conversation_row,
    "ShareGPT": _conversation_row,
    "preference": _preference_row,
    "KTO": _prompt_row,
    "prompt and completion": _prompt_row,
    "question and answer": _question_row,
    "Alpaca": _alpaca_row,
    "text": _text_row,
}


def _answered(
    fields: Fields, form: Form, asked: _Asked, found: AnsweredTurns, rejected: AnsweredTurns | None = None
) -> FileRow | UnusedRow:
    if found.answer is None or (rejected is not None and rejected.answer is None):
        return UnusedRow(fields.where, form, ENDS_IN_A_CALL)
    if asked.messages and asked.messages[-1]["role"] == "assistant":
        return UnusedRow(fields.where, form, ANSWER_BEHIND_ANSWER)
    earlier = sum(message["role"] == "assistant" and message["content"] is not None for message in asked.messages)
    beside = len(_passages(fields)) if asked.source is None else 0
    parts = ((EARLIER_ANSWERS, earlier), (AFTER_THE_ANSWER, found.after), (PASSAGES_BESIDE, beside), *_definitions(fields))
    return FileRow(
        fields.where, form, asked.question, (found.answer,), fields, asked.messages, None if rejected is None else rejected.answer,
        asked.source, tuple((reason, count) for reason, count in parts if count),
    )  # fmt: skip


def _definitions(fields: Fields) -> tuple[tuple[str, int], ...]:
    """The tools that a row defines, which no row of ours keeps: only their calls and results are shown."""
    tools = fields.values.get("tools")
    return ((TOOL_DEFINITIONS, len(tools)),) if isinstance(tools, list) and tools else ()


def _side(fields: Fields, name: str) -> AnsweredTurns:
    """An answer as a text, or as messages of which it is the last answer."""
    value = fields.values.get(name)
    return conversation(fields.where, name, value) if isinstance(value, list) else AnsweredTurns((), fields.text(name))


def _asked_with(fields: Fields, name: str, answer: str, found: AnsweredTurns) -> _Asked:
    """What is asked where an answer may bring messages of its own: the whole conversation, or what follows the prompt."""
    value, asks = fields.values.get(name), last_question(found.before) is not None
    if isinstance(value, list):
        before = _joined(turns(fields.where, name, value), found.before)
        return _in_conversation(fields, answer if asks else name, AnsweredTurns(before, None))
    if asks and found.before[0]["role"] in _BEGINS:
        return _in_conversation(fields, answer, found)
    asked = _asked(fields, fields.text(name))
    if not found.before:
        return asked
    before = (*(asked.messages or ({"role": "user", "content": asked.question},)), *found.before)
    return _Asked(last_question(before) or asked.question, before, asked.source)


# Who can speak first in a conversation: what another begins goes on from a prompt.
_BEGINS: Final = ("system", "developer", "user")


def _joined(prompt: Sequence[Message], before: Sequence[Message]) -> tuple[Message, ...]:
    """The prompt and what comes before the answer: that may hold the prompt, be its end, or go on from it."""
    prompt, before = tuple(prompt), tuple(before)
    if before[: len(prompt)] == prompt:
        return before
    return prompt if before and prompt[-len(before) :] == before else prompt + before


def _in_conversation(fields: Fields, name: str, found: AnsweredTurns) -> _Asked:
    """The last question of the messages; a system prompt in a field of its own comes first. One turn alone is a bare question."""
    question = last_question(found.before)
    if question is None:
        raise unexpected(fields.where, name, "a message of role 'user' and one of role 'assistant' behind it", fields.values.get(name))
    system = _system(fields)
    if system is not None and found.before[0]["role"] not in ("system", "developer"):
        return _Asked(question, ({"role": "system", "content": system}, *found.before))
    return _Asked(question, found.before if len(found.before) > 1 else ())


def _asked(fields: Fields, question: str) -> _Asked:
    """A question with the system prompt and the passages of its row, or in the conversation that the row gives for it."""
    if fields.values.get("messages") is not None:
        messages = turns(fields.where, "messages", fields.values["messages"])
        if messages[-1]["role"] == "assistant":
            raise unexpected(fields.where, f"messages[{len(messages) - 1}].role", "the turn of the user that is answered", "assistant")
        return _Asked(question, messages)
    passages, system = _passages(fields), _system(fields)
    if not passages:
        return _Asked(question, with_passages(question, (), system) if system is not None else ())
    return _Asked(question, with_passages(question, passages, system), "\n\n".join(passages))


def _system(fields: Fields) -> str | None:
    value = fields.values.get("system")
    return None if value in (None, "") else fields.text("system")


def _passages(fields: Fields) -> Sequence[str]:
    """The texts that a question comes with: one, or a list of texts or of objects with one."""
    for name in ("context", "contexts", "passages"):
        value = fields.values.get(name)
        if value is None or value == "":
            continue
        entries = value if isinstance(value, list) else [value]
        texts: list[str] = []
        for number, entry in enumerate(entries):
            text = entry.get("text") if isinstance(entry, dict) else entry
            if not isinstance(text, str) or not text.strip():
                raise unexpected(fields.where, f"{name}[{number}]" if value is entries else name, "a text that is not blank", text)
            texts.append(text)
        return texts
    return ()


def _history(fields: Fields) -> tuple[Message, ...]:
    value = fields.values.get("history")
    if value is None:
        return ()
    if not isinstance(value, list):
        raise fields.error("history", "a list of pairs: what was asked and what was answered")
    found: list[Message] = []
    for number, pair in enumerate(value):
        if not isinstance(pair, list) or len(pair) != 2 or not all(isinstance(text, str) and text.strip() for text in pair):
            raise unexpected(fields.where, f"history[{number}]", "two texts that are not blank", pair)
        found += [{"role": "user", "content": pair[0]}, {"role": "assistant", "content": pair[1]}]
    return tuple(found)
