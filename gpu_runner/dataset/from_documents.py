"""Training files from a folder of documents: what the service does in a job, for a person who prepares data by hand."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gpu_runner.dataset.fields import DataError, Fields, read_objects, unreadable
from gpu_runner.dataset.questions.extract import extract_pairs
from gpu_runner.dataset.rows import Document, TrainingRow, language_of, row_id, save_rows
from gpu_runner.dataset.split import splits
from runtime.whole_files import write_whole
from schemas.holdout import is_holdout, normalise_group

PAIRS_FILE = "ministry_qa_pairs.jsonl"
SPLITS = ("train", "eval", "test")


@dataclass(frozen=True)
class PreparedFiles:
    """The files that were written, with the number of rows of each, and what was left out, by reason."""

    rows: Mapping[Path, int]
    documents: int
    dropped: Mapping[str, int]


def read_documents(source: Path) -> tuple[Document, ...]:
    """The documents of a JSON Lines file, or of all .txt and .jsonl files below a folder, in the order of their paths.

    A line has "text", and optionally "doc_id" (or "id"), "title", "language" and "group" (or "source_group").
    A .txt file is one document named by its path.
    Raises DataError naming file, line and field, or what was looked for where there is no document.
    """
    if source.is_dir():
        files = sorted(path for path in source.rglob("*") if path.suffix in {".txt", ".jsonl"} and path.is_file())
    elif source.is_file():
        files = [source]
    else:
        raise DataError(f"{source}: no such file or folder: expected a .jsonl file, or a folder of .txt and .jsonl files")
    documents = tuple(document for path in files for document in _documents(path, source))
    if not documents:
        raise DataError(f"{source}: no documents: expected .txt files, or .jsonl files with a 'text' in each line")
    seen: set[str] = set()
    for document in documents:
        if document.id in seen:
            raise DataError(f"{source}: field 'doc_id': {document.id!r} comes twice; every document needs its own id")
        seen.add(document.id)
    return documents


def write_training_files(
    documents: Sequence[Document], data_dir: Path, *, seed: int, cap: int, holdout_key: bytes | None, holdout_percent: int
) -> PreparedFiles:
    """Write `ministry_qa_pairs.jsonl` and `train/{train,eval,test}.jsonl` below `data_dir`; documents of holdout groups are left out.

    The same documents and seed give the same bytes. Raises DataError where no document gave a pair, and writes nothing then.
    """
    dropped: Counter[str] = Counter()
    rows: list[TrainingRow] = []
    sentences: dict[str, str] = {}
    for document in documents:
        if holdout_key is not None and is_holdout(document.source_group, key=holdout_key, percent=holdout_percent):
            dropped["documents of holdout groups"] += 1
            continue
        extraction = extract_pairs(document, cap=cap)
        dropped["documents without a pair"] += not extraction.pairs
        dropped.update(f"pairs refused: {refused.reason}" for refused in extraction.refused)
        for pair in extraction.pairs:
            identity = row_id("document", document.id, pair.question, pair.answer)
            sentences[identity] = pair.sentence
            rows.append(TrainingRow(identity, pair.question, pair.answer, pair.language, "document", document.source_group))
    if not rows:
        told = ", ".join(f"{reason} {count}" for reason, count in sorted((+dropped).items()))
        raise DataError(f"no question-answer pair in {len(documents)} documents ({told}): add documents that state facts in full sentences")
    place = splits((row.group for row in rows), seed=seed)
    written: dict[Path, int] = {data_dir / PAIRS_FILE: len(rows)}
    write_whole(data_dir / PAIRS_FILE, "".join(_pair_line(row, sentences[row.id]) for row in rows).encode())
    for name in SPLITS:
        part = [row for row in rows if place[normalise_group(row.group)] == name]
        path = data_dir / "train" / f"{name}.jsonl"
        save_rows(path, part)
        written[path] = len(part)
    return PreparedFiles(written, len(documents), dict(sorted((+dropped).items())))


def _pair_line(row: TrainingRow, sentence: str) -> str:
    pair = {
        "id": row.id,
        "question": row.prompt,
        "answer": row.completion,
        "language": row.language,
        "group": row.group,
        "source": sentence,
    }
    return json.dumps(pair, ensure_ascii=False) + "\n"


def _documents(path: Path, source: Path) -> Iterator[Document]:
    name = path.relative_to(source).as_posix() if source.is_dir() else path.name
    if path.suffix == ".txt":
        try:
            text = path.read_text(encoding="utf-8-sig")
        except OSError as error:
            raise unreadable(path, error, "the text of a document") from error
        except UnicodeDecodeError as error:
            raise DataError(f"{path}: not UTF-8 at byte {error.start}: save the file as UTF-8") from error
        if not text.strip():
            raise DataError(f"{path}: empty: expected the text of a document")
        yield Document(id=name, text=text)
        return
    for number, value in read_objects(path):
        fields = Fields(f"{path}:{number}", value)
        text = fields.text("text")
        yield Document(
            id=fields.identity("id" if value.get("doc_id") is None else "doc_id", f"{name}:{number}"),
            text=text,
            language=language_of(fields, text),
            title=fields.optional_text("title"),
            group=fields.optional_text("group") or fields.optional_text("source_group"),
        )
