"""The folder of a merged model: the base's files byte for byte, but for the weights that training changed."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Collection
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file

from gpu_runner.model_folder.weight_files import INDEX, is_weights, loaded_files
from runtime.artifacts.content_hash import is_leftover

log = logging.getLogger("gpu_runner.train")


def write_merged(start: Path, model: Any, changed: Collection[str], merged: Path) -> None:
    """Writes `merged`: `model`'s weights of the modules `changed`, in its precision, in the files of `start`; all else as it is there.

    Weights of the base in a second format are left out: they would be the base's; so is what a killed copy left there. A base that has no
    safetensors, or whose tensors have names that transformers does not write again, is saved whole by transformers, and its other files
    are kept.
    """
    merged.mkdir()
    state = {name: tensor for name, tensor in model.state_dict().items() if name.rpartition(".")[0] in changed and name.endswith(".weight")}
    aside = merged / ".changed"
    model.save_pretrained(aside, state_dict=state)
    tensors = {key: aside / name for name in loaded_files(aside) for key in _keys(aside / name)}
    files = loaded_files(start)
    known = {key for name in files for key in _keys(start / name)}
    if files and tensors.keys() <= known:
        for name in files:
            _write_shard(start / name, tensors, merged / name)
        _write_index(start, merged)
    else:
        log.warning("the base's weights are saved anew, all of them: their format or names are not those that are written here")
        model.save_pretrained(merged)
    shutil.rmtree(aside)
    _copy_others(start, merged)


def _keys(path: Path) -> list[str]:
    with safe_open(path, framework="pt") as file:
        return list(file.keys())


def _write_shard(base: Path, tensors: dict[str, Path], target: Path) -> None:
    keys = _keys(base)
    if not tensors.keys() & set(keys):
        shutil.copyfile(base, target)
        return
    with safe_open(base, framework="pt") as file:
        out: dict[str, torch.Tensor] = {key: file.get_tensor(key) for key in keys if key not in tensors}
        metadata = file.metadata()
    for path in {tensors[key] for key in keys if key in tensors}:
        with safe_open(path, framework="pt") as file:
            out |= {key: file.get_tensor(key) for key in keys if tensors.get(key) == path}
    save_file({key: out[key] for key in keys}, target, metadata=metadata or {"format": "pt"})


def _write_index(start: Path, merged: Path) -> None:
    """The index of several files, whose sum of sizes may have changed with the precision."""
    if not (start / INDEX).is_file():
        return
    index = json.loads((start / INDEX).read_bytes())
    size = 0
    for name in loaded_files(start):
        with (merged / name).open("rb") as handle:
            size += (merged / name).stat().st_size - 8 - int.from_bytes(handle.read(8), "little")
    if (index.get("metadata") or {}).get("total_size") == size:
        shutil.copyfile(start / INDEX, merged / INDEX)
    else:
        index["metadata"] = (index.get("metadata") or {}) | {"total_size": size}
        (merged / INDEX).write_text(json.dumps(index, indent=2) + "\n", encoding="utf-8")


def _copy_others(start: Path, merged: Path) -> None:
    for path in sorted(start.rglob("*")):
        name = path.relative_to(start)
        if path.is_file() and not is_weights(path.name) and not is_leftover(path.name):
            (merged / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, merged / name)
