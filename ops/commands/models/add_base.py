"""`abhyas add-base`: a base model's folder into the artifact store, where the runner looks for it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ops.commands.models.bootstrap import configured_store
from ops.commands.options import Data
from ops.errors import OperationFailed, WrongUsage


def add_base(
    *,
    model: Annotated[str, typer.Option(help="The model's name; the runner finds the base by its slug.")],
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A full-precision model: config.json, weights, tokenizer.")],
    data: Data = None,
) -> None:
    """Puts a base model into the artifact store, where the runner looks for it."""
    from gpu_runner.versions.base_models import base_files, folder_fault, slug_of, training_base
    from runtime.artifacts.store import ArtifactError, put_folder

    try:
        key = f"base/{slug_of(training_base(model))}"
    except ValueError as error:
        raise WrongUsage(f"--model: {error}") from None
    if folder.is_dir():
        check_readable(base_files(folder))
    fault = folder_fault(folder)
    if fault is not None:
        raise OperationFailed(f"{folder} is no base model: {fault}: expected config.json, full-precision weights and the tokenizer")
    files = base_files(folder)
    store = configured_store(data)
    try:
        sha256 = put_folder(store, key, files)
    except (ArtifactError, OSError) as error:
        raise OperationFailed(f"{folder} could not be put into the artifact store under {key}: {error}") from None
    print(f"{len(files)} files are in the artifact store under {key} ({sha256}); then `abhyas bootstrap --model {model}`")


def check_readable(files: dict[str, Path]) -> None:
    """Before gigabytes are copied: raises OperationFailed that names the first file which this user may not read."""
    for path in files.values():
        try:
            path.open("rb").close()
        except OSError as error:
            raise OperationFailed(
                f"{path} can't be read ({error.strerror}): expected files that this user may read; "
                'in a container: docker compose run --rm --user "$(id -u)" …'
            ) from None
