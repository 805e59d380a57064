"""Options that many commands have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Model = Annotated[str | None, typer.Option("--model", help="The model's name or slug (default: DEFAULT_MODEL).", show_default=False)]
Actor = Annotated[str | None, typer.Option(help="Who asks (default: the login name).", show_default=False)]
Reason = Annotated[str, typer.Option(help="Why; it is kept with the decision.")]
Json = Annotated[bool, typer.Option("--json", help="Machine-readable.")]
JsonDecisions = Annotated[bool, typer.Option("--json", help="Machine-readable: a JSON line a decision, a last one of totals.")]
Data = Annotated[Path | None, typer.Option("--data", help="The data folder (default: DATA_DIR, else ./data).", show_default=False)]
