"""`abhyas script FILE`: in which script and language texts are, which of their words are faulty, and which texts have damaged words."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from ops.commands.options import Json
from ops.errors import OperationFailed, WrongUsage

if TYPE_CHECKING:
    from gpu_runner.text.script import LexicalModel, LexicalReport

EXPECTED: Final = 'plain text (a line is a text), JSONL rows with "text" or "prediction", or a JSON object {id: text}'
_FIELDS: Final = ("text", "prediction")
_SHOWN: Final = 20


def script(
    *,
    file: Annotated[Path, typer.Argument(metavar="FILE", help=f"UTF-8: {EXPECTED}.")],
    language: Annotated[str, typer.Option(help="The language that the texts should be in (BCP 47).")] = "hi",
    documents: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE", help="Plain text to learn words from, such as your documents; may be given again.", show_default=False
        ),
    ] = None,
    as_json: Json = False,
) -> int:
    """Checks texts: faults of single words with their places, texts whose words look damaged, Latin letters, Marathi, Nepali."""
    from gpu_runner.text.languages import primary_language

    tag = primary_language(language)
    if tag is None:
        raise WrongUsage(f"--language: {language!r} is no language tag: expected one such as hi, hi-IN or en")
    told = checked(file, tag, documents or ())
    if as_json:
        print(json.dumps(told, ensure_ascii=False))
    else:
        print("\n".join(sentences(told)))
    return 0


def checked(path: Path, language: str, documents: Sequence[Path] = ()) -> dict[str, Any]:
    """What is told of a file; raises OperationFailed with file, line and field for one that can't be read."""
    from gpu_runner.text.script import check_text, devanagari_share
    from gpu_runner.text.script.letters import placed_words
    from gpu_runner.text.script.structure import STRUCTURAL_KINDS

    model = _learnt(documents)
    texts = list(read_texts(path))
    items: list[dict[str, Any]] = []
    for name, text in texts:
        found = check_text(text, language, model=model, suspects=True)
        share = devanagari_share(text)
        items.append(
            {
                "id": name,
                "devanagari_share": None if share is None else round(share, 6),
                "wrong_script": found.wrong_script,
                "romanised_hindi": found.report.romanised_hindi,
                "other_language": found.report.other_language,
                "structural_faults": [asdict(fault) for fault in found.faults],
                "lexical": None if found.lexical is None else _lexical(found.lexical),
            }
        )
    kinds = Counter(fault["kind"] for item in items for fault in item["structural_faults"])
    whole = devanagari_share("\n".join(text for _, text in texts))
    return {
        "file": str(path),
        "language": language,
        "texts": len(texts),
        "devanagari_words": sum(1 for _, text in texts for _ in placed_words(text)),
        "devanagari_share": None if whole is None else round(whole, 6),
        "totals": {
            "structural_faults": {kind: kinds[kind] for kind in STRUCTURAL_KINDS},
            "texts_with_structural_faults": sum(bool(item["structural_faults"]) for item in items),
            "texts_checked_for_damage": sum(item["lexical"] is not None for item in items),
            "lexical_suspects": sum(item["lexical"] is not None and item["lexical"]["suspect"] for item in items),
            "wrong_script": sum(bool(item["wrong_script"]) for item in items),
            "romanised_hindi": sum(item["romanised_hindi"] for item in items),
            **{name: sum(item["other_language"] == tag for item in items) for name, tag in (("marathi", "mr"), ("nepali", "ne"))},
        },
        "items": items,
    }


def _learnt(documents: Sequence[Path]) -> LexicalModel | None:
    """A model that knows the documents' words too; None, for the base vocabulary alone, without any."""
    if not documents:
        return None
    from gpu_runner.text.script.base_words import base_model

    return base_model().with_texts([_decoded(path) for path in documents])


def _lexical(found: LexicalReport) -> dict[str, Any]:
    return {
        "suspect": found.suspect,
        "score": round(found.evidence, 6),
        "expected_damaged_words": round(found.damaged, 6),
        "different_words": found.words,
        "words": [asdict(suspect) for suspect in found.suspects],
    }


def read_texts(path: Path) -> Iterator[tuple[str, str]]:
    """(id or line number, text) of each text in the file; raises OperationFailed naming file, line and field."""
    whole = _decoded(path)
    if not whole.strip():
        raise OperationFailed(f"{path}: it is empty: expected {EXPECTED}")
    if whole.lstrip()[0] not in "{[":
        yield from ((str(number), line) for number, line in enumerate(whole.split("\n"), 1) if line.strip())
        return
    try:
        told = json.loads(whole)
    except ValueError:
        told = None
    if isinstance(told, dict) and not any(field in told for field in _FIELDS):
        for name, text in told.items():
            yield name, _text(text, f"{path}: field {name!r}")
        return
    rows = told if isinstance(told, list) else None
    if rows is not None:
        raise OperationFailed(f"{path}: line 1: a JSON list: expected {EXPECTED}")
    for number, line in enumerate(whole.split("\n"), 1):
        if line.strip():
            yield _row(line, path, number)


def _row(line: str, path: Path, number: int) -> tuple[str, str]:
    where = f"{path}: line {number}"
    try:
        row = json.loads(line)
    except ValueError as error:
        raise OperationFailed(f"{where}: no JSON ({error}): expected {EXPECTED}") from None
    if not isinstance(row, dict):
        raise OperationFailed(f"{where}: {type(row).__name__}: expected a JSON object with a field 'text' or 'prediction'")
    field = next((name for name in _FIELDS if name in row), None)
    if field is None:
        raise OperationFailed(f"{where}: field 'text': missing: expected a string there or in 'prediction'")
    return str(row.get("id", number)), _text(row[field], f"{where}: field {field!r}")


def _text(value: object, where: str) -> str:
    if not isinstance(value, str):
        raise OperationFailed(f"{where}: {type(value).__name__}: expected a string")
    return value


def _decoded(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise OperationFailed(f"{path}: {error.strerror or error}: expected {EXPECTED}") from error
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise OperationFailed(f"{path}: line {line}: no UTF-8 (byte {error.start}): save it as UTF-8") from None


def sentences(told: dict[str, Any]) -> list[str]:
    """The same for a person: totals, then the first texts with something to tell."""
    totals = told["totals"]
    share = told["devanagari_share"]
    shown = "no letters" if share is None else f"{100 * share:.1f} % Devanagari"
    lines = [f"{told['file']}: {told['texts']} texts, {told['devanagari_words']} words of Devanagari, {shown}", ""]
    rows = [
        *((f"words with {kind.replace('_', ' ')}", count) for kind, count in totals["structural_faults"].items()),
        ("texts with such words", totals["texts_with_structural_faults"]),
        (f"texts whose words look damaged (of {totals['texts_checked_for_damage']})", totals["lexical_suspects"]),
        ("texts in another script or language", totals["wrong_script"]),
        ("texts of Hindi in Latin letters", totals["romanised_hindi"]),
        ("texts in Marathi", totals["marathi"]),
        ("texts in Nepali", totals["nepali"]),
    ]
    width = max(len(name) for name, _ in rows)
    lines += [f"  {name:{width}} {count:6}" for name, count in rows]
    told_of = [line for item in told["items"] if (line := _item_line(item))]
    lines += ["", *told_of[:_SHOWN]] if told_of else []
    lines += [f"… and {len(told_of) - _SHOWN} more: --json shows all"] if len(told_of) > _SHOWN else []
    return lines


def _item_line(item: dict[str, Any]) -> str:
    parts = [f"{fault['word']} ({fault['kind'].replace('_', ' ')} at {fault['start']})" for fault in item["structural_faults"]]
    lexical = item["lexical"]
    if lexical is not None and lexical["suspect"]:
        words = ", ".join(f"{found['word']} ({found['meant'] or '?'})" for found in lexical["words"][:5])
        parts.append(f"words look damaged: {words}" if words else "words look damaged")
    parts += ["Hindi in Latin letters"] if item["romanised_hindi"] else []
    parts += [{"mr": "Marathi", "ne": "Nepali"}[item["other_language"]]] if item["other_language"] else []
    parts += ["another script or language"] if item["wrong_script"] and not parts else []
    return f"{item['id']}: {'; '.join(parts)}" if parts else ""
