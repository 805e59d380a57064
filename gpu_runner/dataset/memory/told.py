"""The corrections that a model could be told in its prompt instead of being trained on them. Pure."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from gpu_runner.dataset.answers.known_answers import answer_of
from gpu_runner.dataset.corrections import Correction
from gpu_runner.dataset.questions.in_context import context_of
from gpu_runner.dataset.rows import EARLIER, TrainingRow, row_id

# What the examples are introduced with, and what a question and its answer are called, by the language of what is asked.
_FORMS: Final[Mapping[str, tuple[str, str, str]]] = {
    "hi": ("ये उत्तर उपयोगकर्ताओं ने सुधारे हैं। इनमें से कोई प्रश्न पर लागू हो, तो वैसा ही उत्तर दें।", "प्रश्न", "उत्तर"),
    "en": ("Users corrected these answers. Where one of them answers the question, answer as it says.", "Question", "Answer"),
}
_SYSTEM: Final = ("system", "developer")


def told_rows(
    corrections: Iterable[Correction], earlier: Iterable[TrainingRow], by_users: Container[str | None]
) -> tuple[TrainingRow, ...]:
    """One row for each correction that can be told: the batch's, and of the lineage's rows those of `by_users`, its corrections.

    Each in the wording that was asked and trained first. A question that means something in its conversation alone can't be told outside
    of it. What the batch says of a sample takes the place of what it said.
    """
    found: dict[str, TrainingRow] = {}
    for one in corrections:
        if not context_of(one.query, one.messages):
            found[one.sample_id] = TrainingRow("", one.query, one.answer, one.language, "correction", one.group, one.sample_id)
    for row in earlier:
        name = row.sample_id
        if name is None or name in found or name not in by_users or row.origin != EARLIER:
            continue
        if answer_of(row) is not None and not context_of(row.prompt, row.messages):
            found[name] = replace(row, messages=(), rejected=None)
    return tuple(replace(found[name], id=row_id("told", name)) for name in sorted(found))


def telling(asked: str | Sequence[Mapping[str, Any]], examples: Sequence[tuple[str, str]], language: str) -> tuple[Mapping[str, Any], ...]:
    """What is asked, with questions and their right answers at the end of its system prompt; without one they are the system prompt.

    >>> [message["role"] for message in telling("Who?", [("Who built it?", "Akbar")], "en")]
    ['system', 'user']
    """
    intro, question, answer = _FORMS.get(language, _FORMS["en"])
    told = "\n\n".join([intro, *(f"{question}: {one}\n{answer}: {right}" for one, right in examples)])
    messages = ({"role": "user", "content": asked},) if isinstance(asked, str) else tuple(asked)
    if messages and messages[0]["role"] in _SYSTEM:
        return ({**messages[0], "content": f"{messages[0].get('content') or ''}\n\n{told}".strip()}, *messages[1:])
    return ({"role": "system", "content": told}, *messages)
