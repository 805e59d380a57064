"""`abhyas register`: a model made elsewhere becomes a named version in the artifact store."""

from __future__ import annotations

from pathlib import Path

from ops.commands.models.bootstrap import configured_store
from ops.commands.models.operator import login_name, named_model
from ops.errors import OperationFailed


def run(*, model: str, version: str, folder: Path, base_model: str | None, actor: str | None, data_dir: Path | None) -> None:
    """Copies the folder and prints its hash; raises OperationFailed for a folder or name that the registry refuses."""
    from gpu_runner.versions.registry import register_version
    from runtime.artifacts.store import ArtifactError

    if not folder.is_dir():
        raise OperationFailed(f"{folder} is not a folder: expected a merged model (config.json, safetensors, tokenizer)")
    model = named_model(model)
    try:
        sha256 = register_version(configured_store(data_dir), model, version, folder, actor=actor or login_name(), base_model=base_model)
    except (ArtifactError, OSError) as error:
        raise OperationFailed(f"{folder} was not registered: {error}") from None
    print(
        f"registered {model} {version}, artifact {sha256}; evaluate it, then `abhyas operator promote --model {model} --version {version}`"
    )
