"""`abhyas up`: a stack in the foreground, until Ctrl-C, SIGTERM or its own end."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

from ops.commands.options import Data
from ops.stack.services import Ports

if TYPE_CHECKING:
    from ops.stack.stack import Stack


def up(
    *,
    broker: Annotated[str, typer.Option(help="embedded, kafka (one node on this machine), or HOST:PORT of one that runs.")] = "embedded",
    data: Data = None,
    port_offset: Annotated[int, typer.Option(help="Moves all ports (8007 to 8010) by this number.")] = 0,
    no_restart: Annotated[bool, typer.Option("--no-restart", help="On Apache Kafka: leave a dead service down.")] = False,
    no_topics: Annotated[bool, typer.Option("--no-topics", help="Leave the cluster's topics as they are.")] = False,
    kafka_data: Annotated[Path, typer.Option(help="With --broker kafka: the node's folder.")] = Path(".abhyas/kafka"),
    kafka_port: Annotated[int, typer.Option(help="With --broker kafka: the node's port; 0 takes a free one.")] = 29092,
) -> None:
    """Starts broker and services on this machine; Ctrl-C stops them."""
    from rich.console import Console
    from rich.markup import escape

    from ops.stack.stack import Stack, StackSettings

    console = Console(stderr=True)

    def say(line: str) -> None:
        console.print(escape(line), highlight=False, soft_wrap=True)

    settings = StackSettings(
        broker=broker,
        data_dir=data or Path(os.environ.get("DATA_DIR") or "data"),
        ports=Ports().shifted(port_offset),
        restart=not no_restart,
        apply_topics=not no_topics,
        kafka_folder=kafka_data,
        kafka_port=kafka_port,
    )
    signal.signal(signal.SIGTERM, _interrupt)
    stack = Stack(settings, say)
    try:
        stack.start()
        for line in _addresses(stack):
            say(line)
        say("Ctrl-C stops everything.")
        stack.wait()
    except KeyboardInterrupt:
        say("stopping")
    finally:
        # A second Ctrl-C must not leave half of it running; this takes two seconds, and twelve where something hangs.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        stack.stop()


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _addresses(stack: Stack) -> list[str]:
    purposes = {
        "dashboard": "the live page",
        "gateway": "POST /v1/feedback, /v1/turns and /v1/documents",
        "runner": "POST /finetune/start and /evaluate",
        "consumers": "buffers and drift: /state",
    }
    lines = [f"{name:<10} {stack.urls[name]}  {purpose}" for name, purpose in purposes.items() if name in stack.urls]
    return [*lines, f"{'kafka':<10} {stack.bootstrap_servers}"]
