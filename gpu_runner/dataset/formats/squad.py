"""Reads SQuAD-format files: paragraphs as documents, each with its questions; nested as published, or one row a question."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from gpu_runner.dataset.fields import answer_texts, unexpected, unreadable
from gpu_runner.dataset.formats.json_list import ListEntry, list_entries
from gpu_runner.dataset.formats.unpacked import unpacked
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
    reading = _Reading(str(path))
    try:
        with path.open("rb") as handle:
            entries = list_entries(unpacked(handle, str(path)).read(), str(path), cut=False)
            for entry in entries:
                reading.entry(entry)
    except OSError as error:
        raise unreadable(path, error, "a SQuAD-format JSON file") from error
    return SquadFile(tuple(reading.paragraphs), reading.without_answer)


class ArticleNames:
    """Gives each article of a file a name that no other has."""

    def __init__(self) -> None:
        self._repeats: Counter[str] = Counter()
        self._names: set[str] = set()
        self._articles = 0

    def of(self, article: Any) -> str:
        """The name of the next article: its title, or its number where it has none."""
        number, self._articles = self._articles, self._articles + 1
        return self.unique(_title_of(article) or f"article-{number}")

    def unique(self, title: str) -> str:
        """The title, or where another article has it the title with pluses, which nothing else in the file is called."""
        name = title
        while name in self._names:
            self._repeats[title] += 1
            count = self._repeats[title]
            name = title + ("+" * count if count <= MOST_PLUSES else f"+{count}")
        self._names.add(name)
        return name


def rows_of_article(article: Any, names: ArticleNames, file: str, where: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each question of an article as a row of one question, its paragraph as `context` and `group`, with its place behind `where`."""
    for inside, paragraph, questions in _paragraphs(article, names.of(article), file, where):
        for index, item in enumerate(questions):
            place = f"{inside}.qas[{index}]"
            if not isinstance(item, dict):
                raise unexpected(file, place, "an object", item)
            yield place, {"id": f"{paragraph.id}#{index}"} | item | {"context": paragraph.text, "group": paragraph.group}


def _paragraphs(article: Any, name: str, file: str, where: str) -> Iterator[tuple[str, SquadParagraph, list[Any]]]:
    """The place of each paragraph, itself without questions, and its questions as they stand there."""
    for number, value in enumerate(_list(file, article, "paragraphs", where)):
        inside = f"{where}.paragraphs[{number}]".lstrip(".")
        text = _text(file, value, "context", inside)
        yield inside, _paragraph(name, number, _title_of(article), text), _list(file, value, "qas", inside)


class _Reading:
    """Collects the paragraphs of one file."""

    def __init__(self, file: str) -> None:
        self.paragraphs: list[SquadParagraph] = []
        self.without_answer = 0
        self._file = file
        self._names = ArticleNames()
        self._articles: dict[str, str] = {}  # of rows: a title to the name of its article
        self._sizes: Counter[str] = Counter()  # how many paragraphs of rows an article has
        self._places: dict[tuple[str, str], int] = {}  # of rows: an article's name and a text to the paragraph's place

    def entry(self, entry: ListEntry) -> None:
        """The next article, or row of one question."""
        if entry.number is None:
            raise unexpected(self._file, "data", "a list (SQuAD format)", None)
        where = f"data[{entry.number}]"
        if isinstance(entry.value, dict) and "paragraphs" not in entry.value and "question" in entry.value:
            self._row(entry.value, where)
        else:
            self._article(entry.value, where)

    def _article(self, article: Any, where: str) -> None:
        for inside, paragraph, questions in _paragraphs(article, self._names.of(article), self._file, where):
            found = [self._question(item, f"{paragraph.id}#{index}", f"{inside}.qas[{index}]") for index, item in enumerate(questions)]
            self.paragraphs.append(replace(paragraph, questions=tuple(question for question in found if question)))

    def _row(self, row: Any, where: str) -> None:
        """One question with its paragraph; questions of one title and text come together."""
        title, text = _title_of(row), _text(self._file, row, "context", where)
        if title not in self._articles:
            self._articles[title] = self._names.unique(title or "rows")
        name = self._articles[title]
        if (name, text) not in self._places:
            self._places[name, text] = len(self.paragraphs)
            self.paragraphs.append(_paragraph(name, self._sizes[name], title, text))
            self._sizes[name] += 1
        place = self._places[name, text]
        paragraph = self.paragraphs[place]
        question = self._question(row, f"{paragraph.id}#{len(paragraph.questions)}", where)
        if question:
            self.paragraphs[place] = replace(paragraph, questions=(*paragraph.questions, question))

    def _question(self, item: Any, name: str, where: str) -> SquadQuestion | None:
        question = " ".join(_text(self._file, item, "question", where).split())
        answers = answer_texts(self._file, f"{where}.answers", item.get("answers"))
        if not answers or item.get("is_impossible"):
            self.without_answer += 1
            return None
        identity = item.get("id")
        return SquadQuestion(name if identity is None or identity == "" else str(identity), question, answers)


def _paragraph(name: str, number: int, title: str, text: str) -> SquadParagraph:
    plain = len(name) <= LONGEST_TITLE and not _NO_IDENTIFIER.search(name)
    spelled = name if plain else f"{_NO_IDENTIFIER.sub('_', name)[: LONGEST_TITLE - 20]}-{row_id('title', name)[:8]}"
    # A group may hold white space, and who was held out by it stays held out.
    group = f"{name}/{number}" if len(name) <= LONGEST_TITLE and "\x00" not in name else f"{spelled}/{number}"
    return SquadParagraph(f"{spelled}/{number}", _shown(title or name), text, guess_language(text), (), group)


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
        raise unexpected(file, f"{where}.{name}".lstrip("."), "a list (SQuAD format)", found)
    return found


def _text(file: str, value: Any, name: str, where: str) -> str:
    found = value.get(name) if isinstance(value, dict) else None
    if not isinstance(found, str) or not found.strip():
        raise unexpected(file, f"{where}.{name}", "a string that is not blank", found)
    return found
