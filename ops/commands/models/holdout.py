"""`abhyas holdout`: what is held out of a model's training, and another key for it."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ops.commands.models.bootstrap import configured_store
from ops.commands.models.operator import login_name, named_model
from ops.commands.options import Actor, Data, Json, Reason
from ops.errors import OperationFailed

if TYPE_CHECKING:
    from gpu_runner.dataset.rows import EvaluationItem
    from runtime.artifacts.store import ArtifactStore

NamedModel = Annotated[str, typer.Option("--model", help="The model's name or slug.")]


def rotate_key(
    *,
    model: NamedModel,
    new_key_file: Annotated[Path, typer.Option(help="The file that holds the new key.", exists=True, dir_okay=False)],
    old_key_file: Annotated[
        Path | None, typer.Option(help="The file that holds the key in force (default: HOLDOUT_KEY, else holdout.key in the data folder).")
    ] = None,
    keep_percent: Annotated[int, typer.Option(min=1, max=100, help="Share of the held-out groups that stay, chosen by the new key.")] = 100,
    actor: Actor = None,
    reason: Reason = "key rotation",
    data: Data = None,
) -> None:
    """Records another holdout key for a model: what stays held out is a part of what was, and nothing trained becomes held out.

    Run it while the services stand still, once for each model; then give every service the new key and start them.
    """
    from gpu_runner.versions.holdout import KEY_CHANGES, KeyChangeRefused, changed_key, first_key_id, key_changes
    from runtime.artifacts.store import ArtifactError

    name, store = named_model(model), configured_store(data)
    try:
        first = first_key_id(store, name)
        if first is None:
            raise OperationFailed(f"{name} is not bootstrapped in this store: nothing is held out")
        changes = key_changes(store, name)
        record = changed_key(
            _items(store, name), changes, first_key_id=first, old=_key(old_key_file, data), new=_key_in(new_key_file),
            keep_percent=keep_percent, actor=actor or login_name(), reason=reason, now=datetime.now(UTC),
        )  # fmt: skip
        store.write_bytes(f"{KEY_CHANGES.format(model=name)}/{record['number']:04d}.json", json.dumps(record, indent=1).encode() + b"\n")
    except (KeyChangeRefused, ArtifactError) as error:
        raise OperationFailed(f"the holdout key of {name} was not changed: {error}") from None
    kept, released = len(record["items_kept"]), len(record["items_released"])
    print(f"{name}: holdout key {record['before']} -> {record['after']}, {kept} items stay held out, {released} are released")
    print("give every service the new key (HOLDOUT_KEY, or holdout.key in the data folder) before it starts again")


def show(
    *, model: NamedModel, version: Annotated[str, typer.Option(help="The version.")] = "v0", as_json: Json = False, data: Data = None
) -> None:
    """Shows what is pinned of a version's holdout: ids and hashes, what training data gave away, and the changes of the key."""
    from gpu_runner.versions.holdout import key_changes, pinned_holdout

    name, store = named_model(model), configured_store(data)
    pinned = pinned_holdout(store, name, version)
    if pinned is None:
        raise OperationFailed(f"{name} {version} has no holdout.json: it is of an earlier release, or there is no such version")
    changes = [dict(change.record) for change in key_changes(store, name)]
    if as_json:
        print(json.dumps({**pinned, "key_changes": changes}, indent=1))
        return
    print(f"{name} {version}: {len(pinned['items'])} items held out under key {pinned['key_id']}, {pinned['percent']} % of the groups")
    for when, ids in pinned["leaked"].items():
        print(f"  given away by rows of {'this batch, set aside' if when == 'batch' else 'what was trained'}: {len(ids)}")
    for change in changes:
        print(
            f"  key {change['before']} -> {change['after']} on {change['changed_at'][:10]} by {change['actor']}: "
            f"{len(change['items_kept'])} stayed, {len(change['items_released'])} were released"
        )


def _items(store: ArtifactStore, model: str) -> tuple[EvaluationItem, ...]:
    from tempfile import TemporaryDirectory

    from gpu_runner.dataset.rows import load_evaluation_items
    from gpu_runner.versions.keys import MODEL_ITEMS

    with TemporaryDirectory(prefix="abhyas-holdout-") as folder:
        path = Path(folder) / "items.jsonl"
        store.read_file(MODEL_ITEMS.format(model=model), path)
        return load_evaluation_items(path)


def _key(file: Path | None, data: Path | None) -> bytes:
    if file is not None:
        return _key_in(file)
    from runtime.settings import ServiceSettings

    settings = ServiceSettings() if data is None else ServiceSettings(data_dir=data)
    try:
        return settings.holdout_key_bytes()
    except ValueError as error:
        raise OperationFailed(f"the key in force is not known here: {error}") from None


def _key_in(file: Path) -> bytes:
    try:
        key = file.read_bytes().strip()
    except OSError as error:
        raise OperationFailed(f"{file} can't be read: {error.strerror or os.strerror(error.errno or 0)}") from None
    if not key:
        raise OperationFailed(f"{file} is empty: expected a key")
    return key
