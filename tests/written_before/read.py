"""What former releases left, as tests read it: records of topics and changelogs, and the folder of a runner."""

from __future__ import annotations

import json
import tarfile
from base64 import b64decode
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from consumers.engine.changelog import apply_all
from consumers.engine.stage import OwnedTask
from consumers.migrations import STAGE1, STAGE2
from consumers.records import InputRecord
from schemas import topics

HERE = Path(__file__).parent
FORMER, BEFORE = "5fe573c", "57fab2c"
# As `record_runner` names the folder that everything lay in.
PLACE = "/installation"


def recorded(revision: str, topic: str) -> list[InputRecord]:
    """The records of a topic as they lay there."""
    found = []
    for offset, line in enumerate((HERE / revision / f"{topic}.jsonl").read_text(encoding="utf-8").splitlines()):
        one = json.loads(line)
        key, value = (None if one[field] is None else b64decode(one[field]) for field in ("key", "value"))
        headers = tuple((header, None if raw is None else b64decode(raw)) for header, raw in one["headers"])
        found.append(InputRecord(topic, 0, offset, key, value, headers, one["at_ms"]))
    return found


def restored(revision: str, changelog: str, task: Any) -> OwnedTask:
    """A task as this release takes it back from what another wrote."""
    owned, migrations = OwnedTask(task), STAGE1 if changelog == topics.STAGE1_CHANGELOG else STAGE2
    apply_all(owned, [SimpleNamespace(key=one.key, value=one.value) for one in recorded(revision, changelog)], migrations)
    return owned


def unpack_runner(revision: str, folder: Path) -> list[list[dict[str, Any]]]:
    """Puts a runner's `store` and `jobs` into a folder, which their files name; what it had written to its topics, by transaction."""
    with tarfile.open(HERE / revision / "runner.tar.xz") as archive:
        archive.extractall(folder, filter="data")
    for path in folder.glob("jobs/**/*.json"):
        path.write_text(path.read_text(encoding="utf-8").replace(PLACE, str(folder)), encoding="utf-8")
    return [json.loads(line) for line in (folder / "topics.jsonl").read_text(encoding="utf-8").splitlines()]
