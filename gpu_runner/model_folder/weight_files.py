"""A model folder's weights as files: which of them are loaded, and what is wrong with one, by its name. Torch-free."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Final

SINGLE: Final = "model.safetensors"
INDEX: Final = "model.safetensors.index.json"
_OTHER_FORMATS: Final = (".safetensors", ".safetensors.index.json", ".bin.index.json", ".pth", ".pt", ".gguf", ".h5", ".msgpack", ".onnx")
# safetensors writes at most 100 MB of names and shapes.
_MOST_HEADER_BYTES: Final = 100_000_000


class ModelFault(ValueError):
    """A model folder can't be used as it is; the message names the file or template, what was expected and what to do."""


def is_weights(name: str) -> bool:
    """Whether a file holds weights, or says which files do, in any format."""
    return name.endswith(_OTHER_FORMATS) or (name.startswith("pytorch_model") and name.endswith(".bin"))


def loaded_files(folder: Path) -> tuple[str, ...]:
    """The safetensors files that a model is loaded from, in the order of their names; none where its weights have another format.

    Raises ModelFault for an index that is not as it should be.
    """
    if (folder / SINGLE).is_file():
        return (SINGLE,)
    if not (folder / INDEX).is_file():
        return ()
    return tuple(sorted(set(_weight_map(folder).values())))


def weights_fault(folder: Path) -> str | None:
    """What is wrong with the weights, as far as names and sizes tell, by file; None for good ones and those of other formats.

    Reads headers alone, no weights. Raises OSError where a file can't be read.
    """
    try:
        names: dict[str, Collection[str]] = {name: tensor_names(folder / name) for name in loaded_files(folder)}
        if (folder / SINGLE).is_file() or not names:
            return None
        lacking = sorted(tensor for tensor, name in _weight_map(folder).items() if tensor not in names[name])
    except ModelFault as error:
        return str(error)
    return f"{INDEX} names the tensor {lacking[0]}, which its file does not hold: fetch the weights again" if lacking else None


def tensor_names(path: Path) -> Collection[str]:
    """The names of the tensors in a safetensors file. Raises ModelFault for a file that is missing, cut or damaged."""
    if not path.is_file():
        raise ModelFault(f"{path.name} is missing, which {INDEX} names: fetch the weights again")
    size = path.stat().st_size
    with path.open("rb") as handle:
        length = int.from_bytes(handle.read(8), "little")
        if size < 8 or length > min(_MOST_HEADER_BYTES, size - 8):
            raise ModelFault(f"{path.name} is no whole safetensors file ({size} bytes): fetch the weights again")
        header = _header(path, handle.read(length))
    ends = [int(entry["data_offsets"][1]) for entry in header.values()]
    expected = 8 + length + max(ends, default=0)
    if size != expected:
        raise ModelFault(f"{path.name} has {size} bytes, its header says {expected}: it is cut or damaged, fetch the weights again")
    return header.keys()


def _header(path: Path, data: bytes) -> Mapping[str, Any]:
    try:
        header = json.loads(data)
        return {name: entry for name, entry in header.items() if name != "__metadata__" and len(entry["data_offsets"]) == 2}
    except (ValueError, AttributeError, TypeError, KeyError):
        raise ModelFault(f"{path.name} has no readable safetensors header: fetch the weights again") from None


def _weight_map(folder: Path) -> Mapping[str, str]:
    try:
        found = json.loads((folder / INDEX).read_bytes())["weight_map"]
        if isinstance(found, dict) and all(isinstance(name, str) and "/" not in name for name in found.values()):
            return found
    except (ValueError, TypeError, KeyError):
        pass
    raise ModelFault(f'{INDEX} has no usable field "weight_map": expected an object of tensor names to file names')
