"""Reads SQuAD-format files: paragraphs as documents, each with its questions; nested as published, or one row a question."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from gpu_runner.dataset.fields import DataError, answer_texts, kind_of, read_whole
from gpu_runner.dataset.rows import Document, guess_language, row_id
from gpu_runner.text.languages import Language

LONGEST_TITLE: Final = 150
MOST_PLUSES: Final = 8
_NO_IDENTIFIER: Final = re.compile(r"[\s\x00-\x1f\x7f]+")


@dataclass(frozen=True)
class SquadQuestion:
    """One question with the answers that the file gives, in file order without duplicates."""

    id: str
    question: str
    answers: tuple[str, ...]


@dataclass(frozen=True)
class SquadParagraph:
    """One paragraph: `id` is `<title>/<number in the article>`, unique in the file, `group` the same, the source group of its questions.

    In `id` a title with white space or of more than 150 characters has another spelling, as an identifier needs it.
    """

    id: str
    title: str
    text: str
    language: Language
    questions: tuple[SquadQuestion, ...]
    group: str

    def document(self) -> Document:
        """The paragraph as a document."""
        return Document(self.id, self.text, self.language, self.title, self.group)


@dataclass(frozen=True)
class SquadFile:
    """The paragraphs of a file in their order, and how many of its questions have no answer and are left out."""

    paragraphs: tuple[SquadParagraph, ...]
    without_answer: int = 0


def load_squad(path: Path) -> SquadFile:
    """Read a SQuAD file, v1.1 or v2, its `data` a list of articles or of rows {"id", "context", "question", "answers"}.

    Questions without an answer (impossible ones, blank or no answers) are left out and counted. Any title will do, also none, and titles
    and ids may repeat or be numbers. Raises DataError naming the file and the place that is not as expected
    (`data[3].paragraphs[0].qas[2].question`).
    """
    return squad_of(read_whole(path, "a SQuAD-format JSON file"), str(path))


def squad_of(content: Any, name: str) -> SquadFile:
    """The same of the content of a file that is called `name`."""
    entries = content if isinstance(content, list) else _list(name, content, "data", "")
    reading = _Reading(name)
    for number, entry in enumerate(entries):
        where = f"data[{number}]"
        if isinstance(entry, dict) and "paragraphs" not in entry and "question" in entry:
            reading.row(entry, where)
        else:
            reading.article(entry, number, where)
    return SquadFile(tuple(reading.paragraphs), reading.without_answer)


class _Reading:
    """Collects the paragraphs of one file."""

    def __init__(self, file: str) -> None:
        self.paragraphs: list[SquadParagraph] = []
        self.without_answer = 0
        self._file = file
        self._repeats: Counter[str] = Counter()
        self._names: set[str] = set()
        self._articles: dict[str, str] = {}  # of rows: a title to the name of its article
        self._sizes: Counter[str] = Counter()  # how many paragraphs of rows an article has
        self._places: dict[tuple[str, str], int] = {}  # of rows: an article's name and a text to the paragraph's place

    def article(self, article: Any, number: int, where: str) -> None:
        """An article with its paragraphs."""
        title = _title_of(article)
        name = self._name(title or f"article-{number}")
        for place, value in enumerate(_list(self._file, article, "paragraphs", where)):
            inside = f"{where}.paragraphs[{place}]"
            paragraph = self._paragraph(name, place, title, _text(self._file, value, "context", inside))
            found = [
                self._question(item, f"{paragraph.id}#{index}", f"{inside}.qas[{index}]")
                for index, item in enumerate(_list(self._file, value, "qas", inside))
            ]
            self.paragraphs.append(replace(paragraph, questions=tuple(question for question in found if question)))

    def row(self, row: Any, where: str) -> None:
        """One question with its paragraph; questions of one title and text come together."""
        title, text = _title_of(row), _text(self._file, row, "context", where)
        if title not in self._articles:
            self._articles[title] = self._name(title or "rows")
        name = self._articles[title]
        if (name, text) not in self._places:
            self._places[name, text] = len(self.paragraphs)
            self.paragraphs.append(self._paragraph(name, self._sizes[name], title, text))
            self._sizes[name] += 1
        place = self._places[name, text]
        paragraph = self.paragraphs[place]
        question = self._question(row, f"{paragraph.id}#{len(paragraph.questions)}", where)
        if question:
            self.paragraphs[place] = replace(paragraph, questions=(*paragraph.questions, question))

    def _paragraph(self, name: str, number: int, title: str, text: str) -> SquadParagraph:
        plain = len(name) <= LONGEST_TITLE and not _NO_IDENTIFIER.search(name)
        spelled = name if plain else f"{_NO_IDENTIFIER.sub('_', name)[: LONGEST_TITLE - 20]}-{row_id('title', name)[:8]}"
        # A group may hold white space, and who was held out by it stays held out.
        group = f"{name}/{number}" if len(name) <= LONGEST_TITLE and "\x00" not in name else f"{spelled}/{number}"
        return SquadParagraph(f"{spelled}/{number}", _shown(title or name), text, guess_language(text), (), group)

    def _question(self, item: Any, name: str, where: str) -> SquadQuestion | None:
        question = " ".join(_text(self._file, item, "question", where).split())
        answers = answer_texts(self._file, f"{where}.answers", item.get("answers"))
        if not answers or item.get("is_impossible"):
            self.without_answer += 1
            return None
        identity = item.get("id")
        return SquadQuestion(name if identity is None or identity == "" else str(identity), question, answers)

    def _name(self, title: str) -> str:
        """The title, or where another article has it the title with pluses, which nothing else in the file is called."""
        name = title
        while name in self._names:
            self._repeats[title] += 1
            count = self._repeats[title]
            name = title + ("+" * count if count <= MOST_PLUSES else f"+{count}")
        self._names.add(name)
        return name


def _title_of(value: Any) -> str:
    """The title of an article or a row: a text, or the digits of a number; empty where there is none."""
    title = value.get("title") if isinstance(value, dict) else None
    return str(title).strip() if isinstance(title, str | int | float) else ""


def _shown(title: str) -> str:
    """A title for people, of bounded length."""
    return " ".join(title.replace("_", " ").replace("\x00", " ").split())[:500]


def _list(file: str, value: Any, name: str, where: str) -> list[Any]:
    found = value.get(name) if isinstance(value, dict) else None
    if not isinstance(found, list):
        raise DataError(f"{file}: field '{f'{where}.{name}'.lstrip('.')}': expected a list (SQuAD format), found {kind_of(found)}")
    return found


def _text(file: str, value: Any, name: str, where: str) -> str:
    found = value.get(name) if isinstance(value, dict) else None
    if not isinstance(found, str) or not found.strip():
        raise DataError(f"{file}: field '{where}.{name}': expected a string that is not blank, found {kind_of(found)}")
    return found
