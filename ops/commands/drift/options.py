"""`abhyas drift …`: its commands and their options. Each imports what it needs when it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

drift_app = typer.Typer(help="The drift detectors over files.", no_args_is_help=True)


@drift_app.command("fit")
def drift_fit(
    *,
    baseline: Annotated[
        Path, typer.Option("--baseline", metavar="DOCS.jsonl", help="The documents of the training corpus, in their order.")
    ],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where the baseline is written to.")],
    alarms_per_100k: Annotated[float, typer.Option(min=0.001, max=10, help="False alarms in 100,000 documents.")] = 0.1,
    seed: Annotated[int, typer.Option(min=0, help="The same documents and seed give the same baseline.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False,
) -> None:
    """Fits a drift baseline: features, means, and thresholds from resampled documents. Rows are {"text", "source", "occurred_at"?}."""
    from ops.commands.drift.documents import fit

    raise typer.Exit(fit(baseline=baseline, out=out, alarms_per_100k=alarms_per_100k, seed=seed, as_json=as_json))


@drift_app.command("run")
def drift_run(
    *,
    baseline: Annotated[Path, typer.Option("--baseline", metavar="DIR", help="What `abhyas drift fit` wrote.")],
    events: Annotated[Path, typer.Option("--events", metavar="DOCS.jsonl", help="Documents in their order.")],
    cool_down: Annotated[int, typer.Option(min=0, metavar="N", help="After it fired, fire for none of the next N documents.")] = 20_000,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable: a JSON line a decision, a last one of totals.")] = False,
) -> None:
    """Watches documents against a baseline. An alarm is a window that moved; it fires when later documents confirm it."""
    from ops.commands.drift.documents import run

    raise typer.Exit(run(baseline=baseline, events=events, cool_down=cool_down, as_json=as_json))


@drift_app.command("ratings")
def drift_ratings(
    *,
    events: Annotated[Path, typer.Option("--events", metavar="FILE.jsonl", help='Ratings in their order, one {"negative": 0|1} a line.')],
    baseline: Annotated[int, typer.Option("--baseline", min=1, metavar="N", help="The first N ratings are the baseline.")] = 20_000,
    arl: Annotated[float, typer.Option(min=1, help="Ratings to a false alarm, on average, at least.")] = 2_000_000,
    direction: Annotated[str, typer.Option(help="Which change of the negative rate alarms: up, down or both.")] = "up",
    cool_down: Annotated[int, typer.Option(min=0, metavar="N", help="After it fired, look at none of the next N ratings.")] = 20_000,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable: a JSON line a decision, a last one of totals.")] = False,
) -> None:
    """Watches the negative rate of a file of ratings against that of its first ratings.

    An alarm is a rate that has changed; it fires when the ratings after it confirm the change. Events are counted from the file's first.
    """
    from ops.commands.drift.ratings import ratings

    raise typer.Exit(ratings(events=events, baseline=baseline, arl=arl, direction=direction, cool_down=cool_down, as_json=as_json))
