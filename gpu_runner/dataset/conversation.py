"""The conversation that a question is asked in, where a row says only what was asked and which passages were there."""

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
