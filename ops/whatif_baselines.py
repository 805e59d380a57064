"""The drift baselines that the consumers of this machine have fetched: what `abhyas whatif` finds drift of documents with."""

from __future__ import annotations

from pathlib import Path

from consumers.drift.artifact import UnreadableBaseline, load_baseline
from consumers.drift.baseline import Baseline


class CachedBaselines:
    """Baselines by the sha256 of their arrays, out of folders of that name. What is missing or damaged is not known."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._found: dict[str, Baseline | None] = {}

    def __call__(self, sha256: str) -> Baseline | None:
        """The baseline, read once."""
        if sha256 not in self._found:
            try:
                self._found[sha256] = load_baseline(self._folder / sha256)
            except UnreadableBaseline:
                self._found[sha256] = None
        return self._found[sha256]
