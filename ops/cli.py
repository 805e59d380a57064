"""The `abhyas` command. Each command imports what it needs when it runs, so that `abhyas --help` is instant."""

from __future__ import annotations

import os
import sys
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated

import typer

from ops.commands.drift.options import drift_app
from ops.commands.options import Data
from ops.commands.topics.options import dlq_app, topics_app
from ops.errors import OperationFailed, WrongUsage

app = typer.Typer(
    help="Keeps a chat assistant's language model learning from its users, by events.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,  # help laid out by rich takes twice as long as everything else together
    pretty_exceptions_enable=False,
)
export_app = typer.Typer(help="Files made from the topics.", no_args_is_help=True)
publish_app = typer.Typer(help="Puts the events of a JSONL file on a topic.", no_args_is_help=True)
app.add_typer(topics_app, name="topics")
app.add_typer(dlq_app, name="dlq")
app.add_typer(export_app, name="export")
app.add_typer(publish_app, name="publish")
app.add_typer(drift_app, name="drift")

Broker = Annotated[str, typer.Option(help="embedded, kafka (one node on this machine), or HOST:PORT of one that runs.")]
JsonlFile = Annotated[Path, typer.Argument(metavar="FILE.jsonl")]
Model = Annotated[str | None, typer.Option("--model", help="The model's name or slug (default: DEFAULT_MODEL).", show_default=False)]
Actor = Annotated[str | None, typer.Option(help="Who asks (default: the login name).", show_default=False)]
Reason = Annotated[str, typer.Option(help="Why; it is kept with the decision.")]


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


@app.command()
def up(
    *,
    broker: Broker = "embedded",
    data: Data = None,
    port_offset: Annotated[int, typer.Option(help="Moves all ports (8007 to 8010) by this number.")] = 0,
    no_restart: Annotated[bool, typer.Option("--no-restart", help="On Apache Kafka: leave a dead service down.")] = False,
    no_topics: Annotated[bool, typer.Option("--no-topics", help="Leave the cluster's topics as they are.")] = False,
    kafka_data: Annotated[Path, typer.Option(help="With --broker kafka: the node's folder.")] = Path(".abhyas/kafka"),
    kafka_port: Annotated[int, typer.Option(help="With --broker kafka: the node's port; 0 takes a free one.")] = 29092,
) -> None:
    """Starts broker and services on this machine; Ctrl-C stops them."""
    from ops.commands.up import run

    run(
        broker=broker,
        data_dir=data,
        port_offset=port_offset,
        restart=not no_restart,
        apply_topics=not no_topics,
        kafka_folder=kafka_data,
        kafka_port=kafka_port,
    )


@app.command()
def demo(
    broker: Annotated[str, typer.Option(help="embedded or kafka.")] = "embedded",
    file: Annotated[
        Path | None, typer.Option("--data", help="A file in SQuAD format instead of the built-in corpus.", show_default=False)
    ] = None,
    seed: Annotated[int, typer.Option(help="Fixes every draw.")] = 0,
) -> None:
    """Shows the whole loop in the terminal, with real training; ends with one JSON line on stdout."""
    if broker not in ("embedded", "kafka"):
        raise typer.BadParameter(f"{broker!r} is neither embedded nor kafka", param_hint="--broker")
    from ops.demo.run import DemoSettings, run_demo

    raise typer.Exit(run_demo(DemoSettings(broker=broker, data=file, seed=seed)))


@app.command()
def bootstrap(
    *,
    model: Annotated[str, typer.Option(help="The model's name; events name it by its slug.")],
    documents: Annotated[Path, typer.Option(help="Documents the model answers from, JSONL.")],
    evaluation: Annotated[Path, typer.Option("--eval", help="Evaluation items, JSONL.")],
    replay: Annotated[Path | None, typer.Option(help="Rows to mix into every training, JSONL.")] = None,
    base_model: Annotated[str | None, typer.Option(help="The base model's name, where the slug is not enough.")] = None,
    policy: Annotated[Path | None, typer.Option(help="The gate's policy, YAML; fields left out have their defaults.")] = None,
    actor: Actor = None,
    reason: Reason = "bootstrap",
    wait_s: Annotated[float, typer.Option(help="How long to wait for the runner's decision; 0 does not wait.")] = 120.0,
    data: Data = None,
) -> None:
    """Registers version v0 of a model: holdout assigned, evaluation items kept, model.current published."""
    from ops.commands.models.bootstrap import run

    run(
        model=model, documents=documents, evaluation=evaluation, replay=replay, base_model=base_model, policy=policy,
        actor=actor, reason=reason, wait_s=wait_s, data_dir=data,
    )  # fmt: skip


@app.command("add-base")
def add_base(
    *,
    model: Annotated[str, typer.Option(help="The model's name; the runner finds the base by its slug.")],
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A full-precision model: config.json, weights, tokenizer.")],
    data: Data = None,
) -> None:
    """Puts a base model into the artifact store, where the runner looks for it."""
    from ops.commands.models.add_base import run

    run(model=model, folder=folder, data_dir=data)


@app.command()
def register(
    *,
    model: Annotated[str, typer.Option(help="The model's name or slug.")],
    version: Annotated[str, typer.Option(help="The version's name; v<N> is kept for automatic ones.")],
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A merged model: config.json, safetensors, tokenizer.")],
    base_model: Annotated[str | None, typer.Option(help="The base model it was made from.")] = None,
    actor: Actor = None,
    data: Data = None,
) -> None:
    """Puts a model made elsewhere into the artifact store, so that it can be evaluated and promoted."""
    from ops.commands.models.register import run

    run(model=model, version=version, folder=folder, base_model=base_model, actor=actor, data_dir=data)


History = Annotated[
    bool, typer.Option("--history", help="What happened long ago, in any order: taken however old; each line needs occurred_at.")
]


Source = Annotated[str | None, typer.Option(help="The frontend of lines that name none in source: part of each feedback's identity.")]


@publish_app.callback(invoke_without_command=True)
def publish_history(
    context: typer.Context,
    history: Annotated[
        Path | None,
        typer.Option(metavar="FILE.jsonl", help="Old events in any order; documents where the first line has a doc_id, else feedback."),
    ] = None,
    data: Data = None,
    source: Source = None,
) -> None:
    """Puts the events of a JSONL file on a topic, and says what became of each."""
    if context.invoked_subcommand is None:
        if history is None:
            raise WrongUsage("publish: expected feedback FILE, documents FILE or --history FILE; see abhyas publish --help")
        from ops.commands.feedback.publish import kind_of, run

        raise typer.Exit(run(kind_of(history), history, data, history=True, source=source))
    if history is not None:
        raise WrongUsage("publish: expected either --history FILE, or feedback or documents with a file and --history behind it")


@publish_app.command("feedback")
def publish_feedback(file: JsonlFile, data: Data = None, history: History = False, source: Source = None) -> None:
    """Publishes ratings and corrections, one JSON object a line; exit code 1 where a line was invalid, too late or refused."""
    from ops.commands.feedback.publish import run

    raise typer.Exit(run("feedback", file, data, history=history, source=source))


@publish_app.command("documents")
def publish_documents(file: JsonlFile, data: Data = None, history: History = False, source: Source = None) -> None:
    """Publishes documents, one JSON object a line; exit code 1 where a line was invalid, too late or refused."""
    from ops.commands.feedback.publish import run

    raise typer.Exit(run("documents", file, data, history=history, source=source))


@app.command()
def status(data: Data = None, as_json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False) -> None:
    """Shows what runs, each model's buffer, drift, job and serving version."""
    from ops.commands.status import run

    raise typer.Exit(run(data, as_json=as_json))


@app.command()
def tail(
    topic: Annotated[
        str,
        typer.Argument(
            metavar="TOPIC", help="A topic of the contract, as feedback.submitted (version and prefix are added), or its full name."
        ),
    ],
    *,
    from_beginning: Annotated[bool, typer.Option("--from-beginning", help="Start with the oldest record.")] = False,
    count: Annotated[int | None, typer.Option("-n", help="Stop after so many records.")] = None,
    data: Data = None,
) -> None:
    """Prints the records of a topic as they come, one JSON object a line."""
    from ops.commands.topics.tail import run

    run(topic, from_beginning=from_beginning, count=count, data_dir=data)


@export_app.command("feedback")
def export_feedback(
    data: Data = None,
    to: Annotated[Path | None, typer.Option("--to", metavar="FOLDER", help="Instead of DATA_DIR/feedback.", show_default=False)] = None,
) -> None:
    """Writes DATA_DIR/feedback, or another folder, from the topics."""
    from ops.commands.feedback.export import run

    run(data, to)


@app.command()
def whatif(
    *,
    policy: Annotated[
        Path,
        typer.Option(metavar="FILE", help='Named policies: TOML tables, or JSON as {"eager": {"threshold": 50, "cool_down_minutes": 0}}.'),
    ],
    model: Model = None,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False,
    data: Data = None,
) -> None:
    """Runs the recorded history through other thresholds, caps and cool-downs: when each would have fired, with which batch.

    A policy names what differs from the environment's, by the trigger's field or by environment variable. Ends of runs
    can't be known, so a policy may say run_minutes and run_outcome; the default is the median of the recorded runs, and the
    outcome recorded most often. run_outcome = "recorded" lets runs that are recorded too end as they did. Nothing is written.
    """
    from ops.commands.whatif import run

    raise typer.Exit(run(policies=policy, model=model, as_json=as_json, data_dir=data))


@app.command()
def erase(
    *,
    user: Annotated[
        str | None, typer.Option(help="The user's raw id; it is hashed here, with the gateway's key.", show_default=False)
    ] = None,
    user_hash: Annotated[str | None, typer.Option(help="Instead of --user: the hash that events hold.", show_default=False)] = None,
    actor: Actor = None,
    reason: Annotated[str, typer.Option(help="Why; it is kept with the erasure.")] = "",
    data: Data = None,
) -> None:
    """Erases everything that a user said up to now; asking again changes nothing."""
    from ops.commands.feedback.erase import run

    run(user=user, user_hash=user_hash, actor=actor, reason=reason, data_dir=data)


@app.command()
def operator(
    action: Annotated[str, typer.Argument(metavar="ACTION", help="cancel, promote, rollback, pause, resume or start.")],
    *,
    model: Model = None,
    reason: Reason = "",
    job_id: Annotated[str | None, typer.Option(help="With cancel: the job.")] = None,
    version: Annotated[str | None, typer.Option(help="With promote or rollback: the version.")] = None,
    actor: Actor = None,
    data: Data = None,
) -> None:
    """Asks for something as a person, by an operator.requested event."""
    from ops.commands.models.operator import run

    run(action=action, model=model, reason=reason, job_id=job_id, version=version, actor=actor, data_dir=data)


@app.command()
def shards(
    stage: Annotated[str, typer.Argument(metavar="STAGE", help="stage1 or stage2.")],
    number: Annotated[
        int | None, typer.Argument(metavar="N", min=1, help="Change it to this, with every instance stopped.", show_default=False)
    ] = None,
    data: Data = None,
) -> None:
    """Shows or changes the number of shards of a stage."""
    from ops.commands.topics.shards import run

    run(stage, number, data)


@app.command()
def state(
    key: Annotated[
        str | None,
        typer.Argument(metavar="KEY", help="sample:ID, user:HASH, model:SLUG, or how a raw key begins.", show_default=False),
    ] = None,
    *,
    stage: Annotated[str | None, typer.Option(metavar="1|2", help="Only this stage.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False,
    data: Data = None,
) -> None:
    """Shows what the stages remember, from their changelogs: an overview, or with a key the values. Nothing is written."""
    from ops.commands.topics.state import run

    raise typer.Exit(run(key, stage=stage, as_json=as_json, data_dir=data))


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
