"""Reads SQuAD-format files: paragraphs as documents, each with its questions."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gpu_runner.dataset.rows import DataError, Document, Language, guess_language


@dataclass(frozen=True)
class SquadQuestion:
    """One question with the answers that the file gives, in file order without duplicates."""

    id: str
    question: str
    answers: tuple[str, ...]


@dataclass(frozen=True)
class SquadParagraph:
    """One paragraph: `id` is `<title>/<number in the article>`, unique in the file and the source group of its questions."""

    id: str
    title: str
    text: str
    language: Language
    questions: tuple[SquadQuestion, ...]

    def document(self) -> Document:
        """The paragraph as a document."""
        return Document(self.id, self.text, self.language, self.title)


@dataclass(frozen=True)
class SquadFile:
    """The paragraphs of a file in their order."""

    paragraphs: tuple[SquadParagraph, ...]


def load_squad(path: Path) -> SquadFile:
    """Read a SQuAD v1.1 file; questions without an answer (v2's impossible ones) are left out.

    Raises DataError naming the file and the place (`data[3].paragraphs[0].qas[2].question`) that is not as expected.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as error:
        raise DataError(f"{path}: no such file: expected a SQuAD-format JSON file there") from error
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: not a SQuAD-format JSON file: {error}") from error
    paragraphs: list[SquadParagraph] = []
    used: set[str] = set()
    for article_number, article in enumerate(_list(path, content, "data", "")):
        where = f"data[{article_number}]"
        title = str(article.get("title") or f"article-{article_number}") if isinstance(article, dict) else ""
        while title in used:
            title += "+"
        used.add(title)
        for number, paragraph in enumerate(_list(path, article, "paragraphs", where)):
            paragraphs.append(_paragraph(path, paragraph, f"{title}/{number}", title, f"{where}.paragraphs[{number}]"))
    return SquadFile(tuple(paragraphs))


def _paragraph(path: Path, value: Any, name: str, title: str, where: str) -> SquadParagraph:
    text = _text(path, value, "context", where)
    questions: list[SquadQuestion] = []
    for number, item in enumerate(_list(path, value, "qas", where)):
        place = f"{where}.qas[{number}]"
        answers = (_text(path, answer, "text", f"{place}.answers[{n}]") for n, answer in enumerate(_list(path, item, "answers", place)))
        if found := tuple(dict.fromkeys(answers)):
            question = _text(path, item, "question", place)
            questions.append(SquadQuestion(str(item.get("id") or f"{name}#{number}"), " ".join(question.split()), found))
    return SquadParagraph(name, title.replace("_", " "), text, guess_language(text), tuple(questions))


def _list(path: Path, value: Any, name: str, where: str) -> list[Any]:
    found = value.get(name) if isinstance(value, dict) else None
    if not isinstance(found, list):
        raise DataError(f"{path}: field '{f'{where}.{name}'.lstrip('.')}': expected a list (SQuAD format), found {type(found).__name__}")
    return found


def _text(path: Path, value: Any, name: str, where: str) -> str:
    found = value.get(name) if isinstance(value, dict) else None
    if not isinstance(found, str) or not found.strip():
        raise DataError(f"{path}: field '{where}.{name}': expected a string that is not blank, found {found!r:.80}")
    return found
