"""`abhyas register`: a model made elsewhere becomes a named version in the artifact store."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from ops.commands.models.bootstrap import configured_store
from ops.commands.models.operator import login_name, named_model
from ops.commands.options import Actor, Data, Reason
from ops.errors import OperationFailed


def register(
    *,
    model: Annotated[str, typer.Option(help="The model's name or slug.")],
    version: Annotated[str, typer.Option(help="The version's name; v<N> is kept for automatic ones.")],
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A merged model: config.json, safetensors, tokenizer.")],
    base_model: Annotated[str | None, typer.Option(help="The base model it was made from.")] = None,
    actor: Actor = None,
    reason: Reason = "",
    data: Data = None,
) -> None:
    """Puts a model made elsewhere into the artifact store, so that it can be evaluated and promoted."""
    from gpu_runner.versions.registry import register_version
    from runtime.artifacts.store import ArtifactError

    if not folder.is_dir():
        raise OperationFailed(f"{folder} is not a folder: expected a merged model (config.json, safetensors, tokenizer)")
    model = named_model(model)
    try:
        sha256 = register_version(
            configured_store(data), model, version, folder, actor=actor or login_name(), reason=reason, base_model=base_model,
            now=datetime.now(UTC),
        )  # fmt: skip
    except (ArtifactError, OSError) as error:
        raise OperationFailed(f"{folder} was not registered: {error}") from None
    print(
        f"registered {model} {version}, artifact {sha256}; evaluate it, then "
        f"`abhyas operator promote --model {model} --version {version} --reason WHY`"
    )
