"""What was hashed once and has not changed since need not be read again: a version's weights are tens of gigabytes.

The evidence is what a file system or an S3 server says of each file without reading it. A file that was changed, replaced, added or
removed gives other evidence, and is read. Kept in `<cache>/verified/`, so that a restart reads nothing again either.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from gpu_runner.json_files import write_json
from runtime.artifacts.local import LocalStore
from runtime.artifacts.store import ArtifactStore

# A file changed twice within a file system's granularity of time looks unchanged: what is younger than this is read again.
SETTLED_NS: Final = 2_000_000_000

Stamps = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class HashEvidence:
    """What is known of a folder without reading it, by file: of the store's own, and of the copy on this machine where there is one."""

    stored: Stamps
    copied: Stamps

    @classmethod
    def of(cls, store: ArtifactStore, uri: str, copy: Path | None) -> HashEvidence:
        """The evidence as it is now; raises ArtifactError where the store can't be asked."""
        return cls(store.stamps(uri), {} if copy is None else LocalStore(copy).stamps())


class VerifiedFolders:
    """Which folders of the store were found to have which sha256, by which evidence."""

    def __init__(self, cache: Path, store: ArtifactStore) -> None:
        self._folder = cache / "verified"
        self._bucket = store.bucket

    def known(self, uri: str, sha256: str) -> HashEvidence | None:
        """The evidence by which this folder was found to have this hash; None where it never was."""
        try:
            memo: dict[str, Any] = json.loads(self._path(uri).read_bytes())
            if (memo["uri"], memo["sha256"]) != (uri, sha256):
                return None
            return HashEvidence(dict(memo["stored"]), dict(memo["copied"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def remember(self, uri: str, sha256: str, before: HashEvidence, after: HashEvidence) -> None:
        """Keeps the evidence of a folder that was hashed between the two, unless it changed meanwhile."""
        if before != after or not before.stored:
            return
        memo = {"format": 1, "uri": uri, "sha256": sha256, "stored": dict(after.stored), "copied": dict(after.copied)}
        with suppress(OSError):  # the next one reads everything again
            write_json(self._path(uri), memo)

    def _path(self, uri: str) -> Path:
        return self._folder / f"{hashlib.sha256(f'{self._bucket}/{uri}'.encode()).hexdigest()[:32]}.json"


def settled(folder: Path, began_ns: int) -> bool:
    """Whether every file of a folder was changed last so long before that another change would show."""
    states = [path.stat() for path in folder.rglob("*") if path.is_file()]
    return all(max(state.st_mtime_ns, state.st_ctime_ns) <= began_ns - SETTLED_NS for state in states)
