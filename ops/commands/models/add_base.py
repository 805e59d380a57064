"""`abhyas add-base`: a base model's folder into the artifact store, where the runner looks for it."""

from __future__ import annotations

from pathlib import Path

from ops.commands.models.bootstrap import configured_store
from ops.errors import OperationFailed, WrongUsage


def run(*, model: str, folder: Path, data_dir: Path | None) -> None:
    """Copies the folder to base/<slug>, whole or not at all; raises OperationFailed for what can't be read, trained or stored."""
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
    store = configured_store(data_dir)
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
