"""Lines of JSON Lines files by the sample that they hold words of: found, and taken out of a file whole or not at all."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path

from runtime.whole_files import write_whole
from schemas.reading.json_text import UnreadableJson, read_json


def forget_lines(path: Path, sample_ids: Collection[str]) -> set[str]:
    """Removes the lines of the samples from a file; returns the `id` of each. A file that is absent has none."""
    if not path.is_file():
        return set()
    before = lines(path)
    kept = without(before, sample_ids)
    removed = {str(field(line, "id")) for line in before} - {str(field(line, "id")) for line in kept} if len(kept) < len(before) else set()
    keep_lines(path, b"".join(kept))
    return removed


def keep_lines(path: Path, kept: bytes) -> None:
    """Leaves these lines of a file; where all are kept it isn't touched."""
    if len(kept) < path.stat().st_size:
        write_whole(path, kept)


def without(rows: Iterable[bytes], sample_ids: Collection[str]) -> list[bytes]:
    """The lines of no sample of these."""
    return [line for line in rows if field(line, "sample_id") not in sample_ids]


def field(line: bytes, name: str) -> object:
    """A field of a line; None where it isn't there. A person's own evaluation file may hold anything."""
    try:
        row = read_json(line).value
    except UnreadableJson:
        return None
    return row.get(name) if isinstance(row, dict) else None


def lines(path: Path) -> list[bytes]:
    """The lines of a file with their ends."""
    return path.read_bytes().splitlines(keepends=True)
