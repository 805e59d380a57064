"""`abhyas publish feedback|turns|documents FILE`, with a progress bar."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ops.commands.options import Data
from ops.errors import OperationFailed, WrongUsage
from ops.stack import description as running

if TYPE_CHECKING:
    from ops.commands.feedback.publish_file import PublishReport
    from producers.submissions import Kind

_SHOWN_ERRORS = 20
EXPECTED = "JSON Lines, a JSON array or CSV, gzip-compressed or not"

EventFile = Annotated[
    Path, typer.Argument(metavar="FILE", help="JSON Lines, a JSON array, or CSV whose columns are fields; gzip-compressed or not.")
]
History = Annotated[
    bool, typer.Option("--history", help="What happened long ago, in any order: taken however old; each row needs occurred_at.")
]
Source = Annotated[str | None, typer.Option(help="The frontend of rows that name none in source: part of each feedback's identity.")]


def history(
    context: typer.Context,
    history: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Old events in any order; documents, turns or feedback by what the first row is."),
    ] = None,
    data: Data = None,
    source: Source = None,
) -> int | None:
    """Puts the events of a file on a topic, and says what became of each."""
    if context.invoked_subcommand is None:
        if history is None:
            raise WrongUsage("publish: expected feedback FILE, turns FILE, documents FILE or --history FILE; see abhyas publish --help")
        return _publish(kind_of(history), history, data, history=True, source=source)
    if history is not None:
        raise WrongUsage("publish: expected either --history FILE, or feedback, turns or documents with a file and --history behind it")
    return None


def feedback(file: EventFile, data: Data = None, history: History = False, source: Source = None) -> int:
    """Publishes what users said of answers, preference and KTO rows too; exit code 1 where a row was invalid, too late or refused."""
    return _publish("feedback", file, data, history=history, source=source)


def turns(file: EventFile, data: Data = None, history: History = False, source: Source = None) -> int:
    """Publishes answered turns; exit code 1 where a row was invalid, too late or refused."""
    return _publish("turns", file, data, history=history, source=source)


def documents(file: EventFile, data: Data = None, history: History = False, source: Source = None) -> int:
    """Publishes documents; exit code 1 where a row was invalid, too late or refused."""
    return _publish("documents", file, data, history=history, source=source)


def _publish(kind: Kind, file: Path, data_dir: Path | None, *, history: bool, source: str | None) -> int:
    """Publishes every row and says what became of each; 1 when a row was invalid, late or refused, 0 otherwise."""
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    from gpu_runner.dataset.fields import DataError
    from ops.commands.feedback.publish_file import Progress as Published
    from ops.commands.feedback.publish_file import publish_file
    from producers.errors import PublishError
    from producers.gateway.settings import names_key, user_hash_key
    from schemas.identity import DEFAULT_SOURCE
    from schemas.reading.json_lines import NotJsonLines

    if not file.is_file():
        raise OperationFailed(f"{file} is not a file: expected {EXPECTED}")
    kafka = running.connection(data_dir)
    folder = data_dir or Path(os.environ.get("DATA_DIR") or "data")
    stack = running.find(folder)
    consumers = stack.services.get("consumers") if stack is not None else None
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(kind, total=file.stat().st_size)

        def show(done: Published) -> None:
            bar.update(task, completed=done.bytes_read, total=done.bytes_total, description=f"{done.published:,} {kind}")

        try:
            report = asyncio.run(
                publish_file(
                    kafka,
                    kind,
                    file,
                    source=_source(source) or DEFAULT_SOURCE,
                    user_hash_key=user_hash_key(os.environ.get("USER_HASH_KEY"), folder),
                    names_key=names_key(os.environ.get("HOLDOUT_KEY"), folder),
                    consumers_url=None if consumers is None else consumers.url,
                    on_progress=show,
                    history=history,
                )
            )
        except (PublishError, DataError) as error:
            raise OperationFailed(str(error)) from None
        except NotJsonLines as error:
            raise OperationFailed(f"{file} {error}") from None
        except OSError as error:
            raise OperationFailed(f"{file} could not be read: {error.strerror}") from None
    for invalid in report.errors[:_SHOWN_ERRORS]:
        console.print(escape(f"{file}:{invalid.line}: {invalid.message}"), highlight=False, soft_wrap=True)
    if report.invalid > _SHOWN_ERRORS:
        console.print(f"and {report.invalid - _SHOWN_ERRORS} more", highlight=False)
    for sentence in sentences(kind, report):
        print(sentence)
    return int(report.exit_code)


def kind_of(file: Path) -> Kind:
    """What a history holds, by its first row that is an object; raises OperationFailed for no file."""
    from gpu_runner.dataset.fields import DataError
    from ops.commands.feedback.publish_file import FIELDS
    from ops.input_files.event_rows import event_rows
    from schemas.reading.json_lines import NotJsonLines

    if not file.is_file():
        raise OperationFailed(f"{file} is not a file: expected {EXPECTED}")
    try:
        with file.open("rb") as handle, event_rows(handle, str(file), frozenset[str]().union(*FIELDS.values())) as found:
            first = next((row.line.value for row in found.rows() if isinstance(row.line.value, dict)), {})
    except NotJsonLines as error:
        raise OperationFailed(f"{file} {error}") from None
    except DataError as error:
        raise OperationFailed(str(error)) from None
    except OSError as error:
        raise OperationFailed(f"{file} could not be read: {error.strerror}") from None
    return kind_of_line(first)


def kind_of_line(line: Mapping[str, Any]) -> Kind:
    """What a line is: a document has a `doc_id`; a turn has a `turn_id` and says nothing of the answer, feedback does.

    >>> kind_of_line({"doc_id": "d"}), kind_of_line({"turn_id": "t", "response": "1591"}), kind_of_line({"turn_id": "t", "rating": {}})
    ('documents', 'turns', 'feedback')
    """
    if "doc_id" in line:
        return "documents"
    of_feedback = ("feedback_id", "rating", "correction", "preferred", "retracted", "reasons", "comment", "chosen", "rejected", "label")
    return "turns" if "turn_id" in line and all(line.get(name) is None for name in of_feedback) else "feedback"


def _source(source: str | None) -> str | None:
    """A source name as the events take it; raises WrongUsage."""
    if source is not None and not re.fullmatch(r"[^\s\x00-\x1f]{1,200}", source):
        raise WrongUsage("--source: expected the frontend's name, 1 to 200 characters without white space, as https://chat.example.in")
    return source


def sentences(kind: str, report: PublishReport) -> list[str]:
    """What became of the file, a sentence a line."""
    from schemas.dead_letter import TOO_LATE

    found = report.outcomes
    # A turn makes no sample by itself, so nothing tells one that was kept from one that was known.
    parts = (
        [f"{found.taken + found.known} kept for their feedback or known already"]
        if kind == "turns"
        else [f"{found.taken} taken", f"{found.known} known already or not collected"]
    )
    if found.waiting:
        parts.append(f"{found.waiting} waiting for their turn or known already")
    parts.append(f"{found.late} too late")
    refused = {reason: count for reason, count in found.refused.items() if reason != TOO_LATE}
    parts.append(
        f"{sum(refused.values())} refused" + (f" ({', '.join(f'{count} {why}' for why, count in refused.items())})" if refused else "")
    )
    if found.unknown:
        parts.append(f"{found.unknown} not known yet")
    told = [f"published {report.published} {kind}, {report.invalid} lines were invalid", f"of those published: {', '.join(parts)}"]
    if report.redacted_corrections:
        told.append(f"{report.redacted_corrections} corrections hold a mark where a number or an address was: they teach that mark")
    if found.unknown_because:
        told.append(f"not known yet, because {found.unknown_because}")
    if found.late:
        told.append("what is too late lies in the dead letters; publish an old file with --history")
    return told
