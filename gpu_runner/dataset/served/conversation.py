"""The conversation that a sample was answered in, so that it can be asked again in other words and with other passages.

Everything else stays as it was served: the system prompt, earlier turns, tool calls and their results, every line break. The question is
found in the last turn of the user, the passages wherever they stand; passages that stand nowhere are put before the last turn in the one
default form (`gpu_runner.dataset.conversation`), because what the frontend made of them is not known.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from gpu_runner.dataset.conversation import with_passages
from gpu_runner.dataset.questions.paraphrase import question_key
from gpu_runner.dataset.rows import Message

QUESTION: Final = -1
# Longer ones are instructions with their material, not questions: rewording them would not keep their form.
MOST_QUESTION_CHARACTERS: Final = 400
_KEPT: Final = ("role", "content", "name", "tool_calls", "tool_call_id")
_MARKED: Final = re.compile(r"(?:^|\n)[^\S\n]*(?:question|query|q|प्रश्न|सवाल|prashn)[^\S\n]*:[^\S\n]*(?P<asked>[^\n]*[^\s])", re.IGNORECASE)
_ASKING_LINE: Final = re.compile(r"[^\n]*\S[^\n]*\?")


@dataclass(frozen=True)
class ServedPassage:
    """A passage that the model was given; `doc_id` is the document that it is of, where that is known."""

    text: str
    doc_id: str | None = None


@dataclass(frozen=True)
class _Mark:
    """Where in a message the question or the passage of a place stands; `escaped`: inside a JSON string."""

    message: int
    start: int
    end: int
    what: int
    escaped: bool = False


@dataclass(frozen=True)
class ServedConversation:
    """The messages before the answer, the user's question in them (one line), and the passages in the order in which the model saw them.

    `can_be_reworded`: the question was found in the last turn.
    """

    messages: tuple[Message, ...]
    question: str
    passages: tuple[ServedPassage, ...]
    marks: tuple[_Mark, ...]

    @property
    def can_be_reworded(self) -> bool:
        """Whether the question was found in the last turn, and is one that the reworder takes."""
        return any(mark.what == QUESTION for mark in self.marks) and len(self.question) <= MOST_QUESTION_CHARACTERS

    @property
    def places(self) -> int | None:
        """How many passages the messages have room for; None where they are put before the last turn, as many as there are."""
        found = sum(mark.what != QUESTION for mark in self.marks)
        return found if found or not self.passages else None

    def asking(self, question: str | None = None, passages: Sequence[str] | None = None) -> tuple[Message, ...]:
        """The messages with another question and other passages, the n-th in the place of the n-th."""
        texts = [passage.text for passage in self.passages] if passages is None else passages
        messages = list(self.messages)
        for mark in sorted(self.marks, key=lambda mark: (mark.message, mark.start), reverse=True):
            if mark.what == QUESTION and question is None:
                continue
            text = str(question) if mark.what == QUESTION else texts[mark.what]
            content = messages[mark.message]["content"]
            content = content[: mark.start] + (_escaped(text) if mark.escaped else text) + content[mark.end :]
            messages[mark.message] = {**messages[mark.message], "content": content}
        if self.places is None and texts:
            last = _last_turn(messages)
            content = with_passages(str(messages[last]["content"]), texts)[-1]["content"]
            messages[last] = {**messages[last], "content": content}
        return tuple(messages)


def without_passages(messages: Sequence[Message], gone: Sequence[str], instead: Sequence[str]) -> tuple[Message, ...] | None:
    """The messages without the passages `gone`, wherever the model got them: in their place the first of `instead` not in the message.

    None where there are too few of these. What the assistant said stays.
    """
    changed = []
    for message in messages:
        content = str(message["content"])
        for text in gone if message["role"] != "assistant" else ():
            for wanted, write in ((text, str), (_escaped(text), _escaped)):
                if wanted not in content:
                    continue
                other = next((one for one in instead if write(one) not in content), None)
                if other is None:
                    return None
                content = content.replace(wanted, write(other))
        changed.append({**message, "content": content} if content != str(message["content"]) else message)
    return tuple(changed)


def served_conversation(sample: Mapping[str, Any]) -> ServedConversation | None:
    """The conversation of a sample; None where it asked a bare question: no passages, and no message but the question itself."""
    query = str(sample.get("query") or "").strip()
    given = tuple(_message(message) for message in sample.get("messages") or ())
    while given and given[-1]["role"] == "assistant":  # what was answered is not what it was answered to
        given = given[:-1]
    if not any(message["role"] == "user" for message in given):
        given = (*given, {"role": "user", "content": query})
    passages = tuple(
        {str(one["text"]): ServedPassage(str(one["text"]), one.get("doc_id")) for one in sample.get("passages") or ()}.values()
    )
    if not passages and len(given) == 1 and " ".join(str(given[0]["content"]).split()) == " ".join(query.split()):
        return None
    found = [(passage, mark) for passage in passages if (mark := _place_of(passage.text, given)) is not None]
    if found:  # those that stand nowhere were retrieved and not served
        passages = tuple(passage for passage, _ in found)
    marks = [_Mark(*mark[:3], place, mark[3]) for place, (_, mark) in enumerate(found)]
    marks = _apart(marks)
    if len(marks) < len(found):
        kept = [mark.what for mark in marks]
        passages = tuple(passages[place] for place in kept)
        marks = [_Mark(mark.message, mark.start, mark.end, place, mark.escaped) for place, mark in enumerate(marks)]
    last = _last_turn(given)
    content = str(given[last]["content"])
    span = _question_in(content, query, [(mark.start, mark.end) for mark in marks if mark.message == last])
    if span is None:
        return ServedConversation(given, " ".join((query or content).split()), passages, tuple(marks))
    question = " ".join(content[span[0] : span[1]].split())
    return ServedConversation(given, question, passages, (*marks, _Mark(last, *span, QUESTION)))


def _message(message: Mapping[str, Any]) -> Message:
    """The message in OpenAI's form without what it does not say; of every role but the assistant's a content."""
    found = {name: message[name] for name in _KEPT if message.get(name)}
    return {"role": found.pop("role"), "content": found.pop("content", ""), **found}


def _last_turn(messages: Sequence[Message]) -> int:
    return max(place for place, message in enumerate(messages) if message["role"] == "user")


def _escaped(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]


def _place_of(text: str, messages: Sequence[Message]) -> tuple[int, int, int, bool] | None:
    """(message, start, end, escaped) of the last place where the passage stands, also as part of a JSON text."""
    for wanted, escaped in ((text, False), (text.strip(), False), (_escaped(text), True)):
        for number in range(len(messages) - 1, -1, -1):
            start = str(messages[number]["content"]).rfind(wanted) if wanted and messages[number]["role"] != "assistant" else -1
            if start >= 0:
                return number, start, start + len(wanted), escaped
    return None


def _apart(marks: Sequence[_Mark]) -> list[_Mark]:
    """The marks that lie in no other one: of a passage and a part of it the whole counts."""
    return [
        mark
        for mark in marks
        if not any(
            other is not mark and other.message == mark.message and other.start < mark.end and mark.start < other.end
            and (other.end - other.start, -other.what) > (mark.end - mark.start, -mark.what)
            for other in marks
        )
    ]  # fmt: skip


def _question_in(content: str, query: str, taken: Sequence[tuple[int, int]]) -> tuple[int, int] | None:
    """Where the question stands in the last turn: the query itself, what a mark such as "Question:" names, the last line that asks."""
    spans: list[tuple[int, int]] = []
    if query and len(query) <= MOST_QUESTION_CHARACTERS:
        pattern = re.compile(r"\s+".join(map(re.escape, query.split())))
        spans += reversed([found.span() for found in pattern.finditer(content)])
    stripped = content.strip()
    if "\n" not in stripped and len(stripped) <= MOST_QUESTION_CHARACTERS:
        start = content.index(stripped)
        spans.append((start, start + len(stripped)))
    spans += reversed([found.span("asked") for found in _MARKED.finditer(content)])
    for found in reversed(list(_ASKING_LINE.finditer(content))):
        start = found.end() - len(found.group().lstrip())
        spans.append((start, found.end()))
    for start, end in spans:
        if question_key(content[start:end]) and not any(begin < end and start < stop for begin, stop in taken):
            return start, end
    return None
