"""`abhyas up`: a stack in the foreground, until Ctrl-C, SIGTERM or its own end."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from types import FrameType

from rich.console import Console
from rich.markup import escape

from ops.stack.services import Ports
from ops.stack.stack import Stack, StackSettings


def run(
    *, broker: str, data_dir: Path | None, port_offset: int, restart: bool, apply_topics: bool, kafka_folder: Path, kafka_port: int
) -> None:
    """Runs the stack; returns after a clean stop, raises OperationFailed when it could not start or came to an end."""
    console = Console(stderr=True)

    def say(line: str) -> None:
        console.print(escape(line), highlight=False, soft_wrap=True)

    settings = StackSettings(
        broker=broker,
        data_dir=data_dir or Path(os.environ.get("DATA_DIR") or "data"),
        ports=Ports().shifted(port_offset),
        restart=restart,
        apply_topics=apply_topics,
        kafka_folder=kafka_folder,
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
        "gateway": "POST /v1/feedback and /v1/documents",
        "runner": "POST /finetune/start and /evaluate",
        "consumers": "buffers and drift: /state",
    }
    lines = [f"{name:<10} {stack.urls[name]}  {purpose}" for name, purpose in purposes.items() if name in stack.urls]
    return [*lines, f"{'kafka':<10} {stack.bootstrap_servers}"]
