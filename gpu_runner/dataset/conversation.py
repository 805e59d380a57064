"""The conversation that a question of a dataset is asked in: with its passages, and again in other words."""

from __future__ import annotations

from collections.abc import Sequence

from gpu_runner.dataset.rows import Message


def with_passages(question: str, passages: Sequence[str], system: str | None = None) -> tuple[Message, ...]:
    """The messages in which a question is asked with its passages: a system message where there is one, then one of the user.

    The user's message holds the passages, numbered from 1, then the question, with blank lines between them: no word of any language is
    added, and line breaks within a passage and the question stay. Without passages it is the question alone.

    >>> with_passages("Where is it?", ["The Taj Mahal is in Agra.", "The Red Fort is in Delhi."])[0]["content"]
    '[1] The Taj Mahal is in Agra.\\n\\n[2] The Red Fort is in Delhi.\\n\\nWhere is it?'
    """
    parts = [f"[{number}] {passage}" for number, passage in enumerate(passages, 1)]
    asked: Message = {"role": "user", "content": "\n\n".join([*parts, question])}
    return (asked,) if system is None else ({"role": "system", "content": system}, asked)


def asked_in_other_words(messages: Sequence[Message], question: str, wording: str) -> tuple[Message, ...] | None:
    """The messages with another wording of the question at the end of the user's last turn; None where it does not end with the question.

    A bare question has no messages, and none in other words.

    >>> asked_in_other_words(with_passages("Where?", ["In Agra."]), "Where?", "Tell me where.")[0]["content"]
    '[1] In Agra.\\n\\nTell me where.'
    """
    last = max((place for place, message in enumerate(messages) if message["role"] == "user"), default=None)
    if last is None:
        return () if not messages else None
    content = str(messages[last]["content"])
    if not content.endswith(question):
        return None
    turn = {**messages[last], "content": content.removesuffix(question) + wording}
    return (*messages[:last], turn, *messages[last + 1 :])
