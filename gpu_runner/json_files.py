"""JSON files of the runner: written whole or not at all, read or absent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from runtime.artifacts.unfinished import sync_folder, whole_file, write_file


def write_json(path: Path, content: object) -> None:
    """Writes a JSON file whole or not at all, synced."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as part:
        write_file(part, json.dumps(content, ensure_ascii=False, indent=1).encode() + b"\n")
    sync_folder(path.parent)


def read_json(path: Path) -> dict[str, Any] | None:
    """The object in a JSON file; None where the file is absent or not an object."""
    try:
        whole = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return whole if isinstance(whole, dict) else None
