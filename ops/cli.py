"""The `abhyas` command: the tree of its commands.

Each is one function, whose parameters are its options and whose text is its help. What takes long to import is imported when it runs,
so that `abhyas --help` is instant.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from io import TextIOWrapper

import typer

from ops.commands.dataset.check import check
from ops.commands.demo import demo
from ops.commands.drift import documents
from ops.commands.drift.ratings import ratings
from ops.commands.feedback import export, publish
from ops.commands.feedback.erase import erase
from ops.commands.measure.evaluate import evaluate
from ops.commands.measure.gate import gate
from ops.commands.measure.ground import ground
from ops.commands.measure.score import score
from ops.commands.measure.script import script
from ops.commands.models.add_base import add_base
from ops.commands.models.bootstrap import bootstrap
from ops.commands.models.corrections import corrections
from ops.commands.models.explain import explain
from ops.commands.models.history import history
from ops.commands.models.holdout import rotate_key, show
from ops.commands.models.operator import operator
from ops.commands.models.register import register
from ops.commands.models.verify import verify
from ops.commands.status import status
from ops.commands.topics import dlq, topics
from ops.commands.topics.shards import shards
from ops.commands.topics.state import state
from ops.commands.topics.tail import tail
from ops.commands.up import up
from ops.commands.whatif import whatif
from ops.errors import OperationFailed, WrongUsage


def _end(code: int | None) -> None:
    """What a command returns is the exit code."""
    raise typer.Exit(code or 0)


app = typer.Typer(
    help="Keeps a chat assistant's language model learning from its users, by events.",
    no_args_is_help=True,
    add_completion=False,
    result_callback=_end,
    rich_markup_mode=None,  # help laid out by rich takes twice as long as everything else together
    pretty_exceptions_enable=False,
)


@app.callback()
def quiet_clients() -> None:
    """Keeps stderr for the one line that says what is wrong; APP_LOG_LEVEL or APP_DEBUG brings the clients' own logs back."""
    from runtime.logs import configure_logging

    try:
        configure_logging("abhyas", level=os.environ.get("APP_LOG_LEVEL") or "CRITICAL", debug=_set("APP_DEBUG"))
    except ValueError as error:
        raise OperationFailed(str(error)) from None


def _set(variable: str) -> bool:
    return os.environ.get(variable, "").lower() in ("1", "true", "yes", "on")


def _add(group: typer.Typer, **commands: Callable[..., int | None]) -> None:
    for name, command in commands.items():
        group.command(name.replace("_", "-"))(command)


def _group(name: str, about: str, **commands: Callable[..., int | None]) -> typer.Typer:
    group = typer.Typer(help=about, no_args_is_help=True)
    _add(group, **commands)
    app.add_typer(group, name=name)
    return group


_add(
    app, up=up, demo=demo, bootstrap=bootstrap, add_base=add_base, register=register, status=status, tail=tail, whatif=whatif, erase=erase,
    operator=operator, corrections=corrections, shards=shards, state=state, score=score, evaluate=evaluate, script=script, ground=ground,
    gate=gate, history=history, explain=explain, verify=verify,
)  # fmt: skip
_group("topics", "The topics of a cluster against the contract.", plan=topics.plan, apply=topics.apply, drain=topics.drain)
_group(
    "dlq", "What could not be taken, as it came.", list=dlq.list_dead_letters, show=dlq.show_dead_letter, redrive=dlq.redrive_dead_letters
)
_group("export", "Files made from the topics.", feedback=export.feedback)
published = _group(
    "publish", "Puts the events of a JSONL file on a topic.", feedback=publish.feedback, turns=publish.turns, documents=publish.documents
)
published.callback(invoke_without_command=True)(publish.history)
_group("holdout", "What is held out of a model's training, and its key.", show=show, rotate_key=rotate_key)
_group("dataset", "Files of questions and answers.", check=check)
_group("drift", "The drift detectors over files.", fit=documents.fit, run=documents.run, ratings=ratings)


def main() -> None:
    """The entry point: expected trouble is one line on stderr and exit code 1, wrong usage 2; a reader who leaves is no trouble."""
    for stream in (sys.stdout, sys.stderr):
        # Whatever a topic or a file holds can be shown, and a terminal that knows less shows the rest as escapes.
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        app()
    except OperationFailed as error:
        print(f"abhyas: {error}", file=sys.stderr)
        sys.exit(2 if isinstance(error, WrongUsage) else 1)
    finally:
        _flush()


def _flush() -> None:
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        # The interpreter flushes once more at its end, and a closed pipe would be a complaint of its own.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    main()
