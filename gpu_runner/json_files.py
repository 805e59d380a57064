"""JSON files of the runner: written whole or not at all, read or absent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from runtime.whole_files import write_whole


def write_json(path: Path, content: object) -> None:
    """Writes a JSON file whole or not at all, synced."""
    write_whole(path, json.dumps(content, ensure_ascii=False, indent=1).encode() + b"\n")


def read_json(path: Path) -> dict[str, Any] | None:
    """The object in a JSON file; None where the file is absent or not an object."""
    try:
        whole = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return whole if isinstance(whole, dict) else None
