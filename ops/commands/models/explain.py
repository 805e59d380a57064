"""`abhyas explain VERSION`: one offline page about a version, Hindi and English, for a person who is no engineer."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ops.commands.models.bootstrap import configured_store
from ops.commands.models.verify import Version, chosen_version, runner_settings
from ops.commands.options import Data, Json, Model
from ops.errors import OperationFailed

if TYPE_CHECKING:
    from ops.lineage.records import ModelRecords, VersionRecords
    from runtime.artifacts.store import ArtifactStore


def explain(
    version: Version,
    *,
    model: Model = None,
    out: Annotated[
        Path | None,
        typer.Option(help="The file to write (default: in DATA_DIR/explanations, where the runner removes it when words are taken back)."),
    ] = None,
    words: Annotated[bool, typer.Option(help="Whether words that people wrote may stand in it.")] = True,
    as_json: Json = False,
    data: Data = None,
) -> None:
    """Writes a page: what users said, what was trained, what got better and worse, why it was decided so, what to do next."""
    from gpu_runner.jobs.report_files import explanation_path
    from runtime.artifacts.store import ArtifactError

    records, one = chosen_version(version, model, data)
    try:
        path = out or explanation_path(runner_settings(data).explanations_dir(), records.model, version)
        page, samples = write_page(configured_store(data), records, one, path, words=words, listed=out is None)
    except (ArtifactError, OSError) as error:
        raise OperationFailed(f"{records.model}/{version} can't be explained: {error}") from None
    if as_json:
        told = {"model": records.model, "version": version, "path": str(path), "bytes": page, "samples": sorted(samples)}
        print(json.dumps(told, ensure_ascii=False, indent=1))
    else:
        print(path)


def write_page(
    store: ArtifactStore, records: ModelRecords, version: VersionRecords, path: Path, *, words: bool, listed: bool
) -> tuple[int, frozenset[str]]:
    """Writes the page; its size in bytes and the samples whose words it holds. `listed`: where the runner's sweep looks for it.

    Words that were taken back while it was being written are not in it when this returns: it is looked again, and written anew.
    """
    from gpu_runner.jobs.report_files import write_explanation
    from ops.lineage.explain.facts import gather, withdrawn_samples
    from ops.lineage.explain.page import render
    from runtime.whole_files import write_whole

    while True:
        facts = gather(store, records, version, words=words)
        page = render(facts, now=datetime.now(UTC)).encode()
        if listed:
            write_explanation(path, page, facts.samples)
        else:
            write_whole(path, page)
        if facts.samples.isdisjoint(withdrawn_samples(store, records.model, facts.record)):
            return len(page), facts.samples
