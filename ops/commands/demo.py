"""`abhyas demo`: the whole loop in the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def demo(
    broker: Annotated[str, typer.Option(help="embedded or kafka.")] = "embedded",
    file: Annotated[
        Path | None, typer.Option("--data", help="A file in SQuAD format instead of the built-in corpus.", show_default=False)
    ] = None,
    seed: Annotated[int, typer.Option(help="Fixes every draw.")] = 0,
    feedback: Annotated[
        str, typer.Option(help="corrections of bare questions; shuffled: of other questions; real: conversations with passages, thumbs.")
    ] = "corrections",
) -> int:
    """Shows the whole loop in the terminal, with real training; ends with one JSON line on stdout."""
    if broker not in ("embedded", "kafka"):
        raise typer.BadParameter(f"{broker!r} is neither embedded nor kafka", param_hint="--broker")
    if feedback not in ("corrections", "shuffled", "real"):
        raise typer.BadParameter(f"{feedback!r} is none of corrections, shuffled and real", param_hint="--feedback")
    if feedback == "real" and file is not None:
        raise typer.BadParameter("real feedback is about the built-in corpus: leave --data out", param_hint="--feedback")
    from ops.demo.run import DemoSettings, run_demo

    return run_demo(DemoSettings(broker=broker, data=file, seed=seed, real=feedback == "real", shuffled=feedback == "shuffled"))
