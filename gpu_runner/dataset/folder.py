"""Writes a dataset folder whole or not at all: its files, then the manifest with their hashes, then one rename."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from gpu_runner.dataset.rows import Row, json_lines
from runtime.whole_files import sync_path, write_whole

# `memory` holds every repair item, also beyond what one run asks; `told` the corrections that a model could be told in its prompt.
FILES: Final = ("train", "eval", "test", "evaluation", "memory", "told")
FORMAT: Final = 1


def write_folder(out: Path, rows: Mapping[str, Sequence[Row]], facts: Mapping[str, Any]) -> dict[str, str]:
    """Make the folder `out` with `<name>.jsonl` for each of FILES and `manifest.json`; returns the sha256 of each file by name.

    A folder that was there before is replaced. Raises FileNotFoundError where the parent of `out` is missing.
    """
    part = out.with_name(f".{out.name}.part")
    old = out.with_name(f".{out.name}.old")
    for stale in (part, old):
        shutil.rmtree(stale, ignore_errors=True)
    part.mkdir()
    hashes: dict[str, str] = {}
    for name in FILES:
        content = json_lines(rows[name])
        hashes[name] = hashlib.sha256(content).hexdigest()
        write_whole(part / f"{name}.jsonl", content)
    files = {f"{name}.jsonl": {"sha256": hashes[name], "rows": len(rows[name])} for name in FILES}
    manifest = {"format": FORMAT, "files": files, **facts}
    write_whole(part / "manifest.json", (json.dumps(manifest, ensure_ascii=False, indent=1) + "\n").encode())
    if out.exists():
        out.rename(old)
    part.rename(out)
    # The rename is on disk before anybody is told of it.
    sync_path(out.parent)
    shutil.rmtree(old, ignore_errors=True)
    return hashes
