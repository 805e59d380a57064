"""`abhyas verify VERSION`: hashes, figures and verdict of a version computed again."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Annotated

import typer

from ops.commands.models.bootstrap import configured_store
from ops.commands.models.history import model_records
from ops.commands.models.operator import named_model
from ops.commands.options import Data, Json, Model
from ops.errors import OperationFailed, settings_trouble

if TYPE_CHECKING:
    from gpu_runner.settings import RunnerSettings
    from ops.lineage.records import ModelRecords, VersionRecords

Version = Annotated[str, typer.Argument(metavar="VERSION", help="The version, such as v3.")]
_WORDS = {"ok": "ok", "differs": "DIFFERS", "unchecked": "can't be checked"}


def verify(version: Version, *, model: Model = None, as_json: Json = False, data: Data = None) -> int:
    """Computes again what the record of a version says: hashes, figures, verdict. Exit code 1 where anything differs."""
    from ops.lineage.verify.version import verify as checks
    from ops.tables import show_table
    from runtime.artifacts.store import ArtifactError

    records, one = chosen_version(version, model, data)
    try:
        findings = list(checks(configured_store(data), runner_settings(data), records, one))
    except (ArtifactError, OSError) as error:
        raise OperationFailed(f"{records.model}/{version} can't be verified: {error}") from None
    counts = Counter(finding.state for finding in findings)
    if as_json:
        told = {"model": records.model, "version": version, "differs": counts["differs"], "findings": [one.as_dict() for one in findings]}
        print(json.dumps(told, ensure_ascii=False, indent=1))
    else:
        show_table(("check", "result", "what was found"), [(one.name, _WORDS[one.state], one.detail) for one in findings])
        print(f"{records.model} {version}: {counts['ok']} ok, {counts['differs']} differ, {counts['unchecked']} can't be checked")
    return 1 if counts["differs"] else 0


def chosen_version(version: str, model: str | None, data: Data) -> tuple[ModelRecords, VersionRecords]:
    """A version by its name and the model's; raises OperationFailed that names the versions that there are."""
    from runtime.settings import ServiceSettings

    records = model_records(configured_store(data), named_model(model or ServiceSettings().default_model))
    if version not in records.versions:
        damaged = f" ({'; '.join(records.damaged)})" if records.damaged else ""
        there = ", ".join(records.versions) or "none"
        raise OperationFailed(f"{records.model} has no version {version}: expected one of {there}{damaged}")
    return records, records.versions[version]


def runner_settings(data: Data) -> RunnerSettings:
    """The runner's settings, for the folders of its jobs."""
    from gpu_runner.settings import RunnerSettings

    try:
        return RunnerSettings() if data is None else RunnerSettings(data_dir=data)
    except ValueError as error:
        raise settings_trouble(error) from None
