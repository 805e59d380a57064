"""`abhyas dataset check FILE`: what a file of questions and answers is read as, and what of it would be left out; no service is asked."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from ops.commands.options import Json
from ops.errors import OperationFailed

if TYPE_CHECKING:
    from gpu_runner.dataset.formats.row_forms import FileRow, UnusedRow
    from gpu_runner.dataset.rows import TrainingRow

# Places of one reason: enough to look at, not the file once more.
_MOST_PLACES: Final = 1_000
_SHOWN_PLACES: Final = 5


def check(
    *,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="In any form of docs/datasets.md, gzip-compressed or not.")],
    first: Annotated[int, typer.Option(min=0, metavar="N", help="How many rows to show as they would be trained.")] = 3,
    as_json: Json = False,
) -> int:
    """Reads a training file to its end: its form, its first rows as they would be trained, and what is left out by reason and line.

    Exit code 1, with file, line and field, for a file that /finetune/start would refuse.
    """
    told = checked(file, first)
    if as_json:
        print(json.dumps(told, ensure_ascii=False))
    else:
        for line in sentences(told):
            print(line)
    return 0


def checked(path: Path, first: int) -> dict[str, Any]:
    """What is told of a file; raises OperationFailed for one that is refused. Memory: its rows."""
    from gpu_runner.dataset.fields import DataError, unreadable
    from gpu_runner.dataset.formats.training_file import EXPECTED, dataset_rows
    from gpu_runner.dataset.formats.unpacked import GZIP

    forms: Counter[str] = Counter()
    languages: Counter[str] = Counter()
    places: defaultdict[str, list[str]] = defaultdict(list)
    shown: list[dict[str, Any]] = []

    def note(reason: str, where: str) -> None:
        if len(places[reason]) < _MOST_PLACES:
            places[reason].append(where.removeprefix(f"{path}:"))

    def look(found: FileRow, row: TrainingRow) -> None:
        forms[found.form] += 1
        languages[row.language] += 1
        for reason, _ in found.without:
            note(reason, found.where)
        if len(shown) < first:
            shown.append(_as_trained(found.where.removeprefix(f"{path}:"), row))

    def left(out: UnusedRow) -> None:
        forms[out.form] += 1
        note(out.reason, out.where)

    try:
        with path.open("rb") as handle:
            compressed = handle.read(2) == GZIP
            read = dataset_rows(handle, str(path), look=look, left=left)
    except DataError as error:
        raise OperationFailed(str(error)) from None
    except OSError as error:
        raise OperationFailed(str(unreadable(path, error, EXPECTED))) from error
    return {
        "file": str(path),
        "holds": read.container,
        "compressed": compressed,
        "forms": dict(forms),
        "languages": dict(languages),
        "rows": len(read.rows),
        "first": shown,
        "left_out": {reason: {"count": count, "where": places[reason]} for reason, count in sorted(read.dropped.items())},
    }


def _as_trained(where: str, row: TrainingRow) -> dict[str, Any]:
    messages = row.messages or ({"role": "user", "content": row.prompt},)
    told = {"where": where, "messages": list(messages), "answer": row.completion, "language": row.language, "group": row.group}
    return told if row.rejected is None else told | {"rejected": row.rejected}


def sentences(told: dict[str, Any]) -> list[str]:
    """The same for a person."""
    forms = ", ".join(f"{count} {form}" for form, count in told["forms"].items())
    languages = ", ".join(f"{count} {language}" for language, count in told["languages"].items())
    lines = [
        f"{told['file']}: {told['holds']}{', compressed' if told['compressed'] else ''}: {forms}",
        f"{told['rows']} rows would be trained ({languages})",
    ]
    for row in told["first"]:
        lines += ["", f"line {row['where']}"]
        lines += [f"  {message['role']}: {_content(message)}" for message in row["messages"]]
        lines.append(f"  learnt: {_indented(row['answer'])}")
        lines += [f"  instead of: {_indented(row['rejected'])}"] if "rejected" in row else []
    lines += ["", "left out:"] if told["left_out"] else []
    for reason, found in told["left_out"].items():
        shown = ", ".join(found["where"][:_SHOWN_PLACES]) + (", …" if len(found["where"]) > _SHOWN_PLACES else "")
        lines.append(f"  {found['count']} {reason.replace('_', ' ')} (line {shown})")
    return lines


def _content(message: dict[str, Any]) -> str:
    if message["content"] is not None:
        return _indented(str(message["content"]))
    return "calls " + ", ".join(f"{call['function']['name']}({call['function']['arguments']})" for call in message["tool_calls"])


def _indented(text: str) -> str:
    first, *others = text.split("\n")
    return "\n".join([first, *(f"    {line}" if line else "" for line in others)])
