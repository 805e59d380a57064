"""Where the reports of a job lie, on disk and in the store, and how words that were taken back leave them. Blocking.

A copy lies beside the version that was evaluated, under a key of its own: what is in a version's folder never changes, and these may.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Protocol

from gpu_runner.evaluate.report import FILES, RESULTS, SAMPLES, rendered, samples_file
from gpu_runner.evaluate.report_page.texts import items_of, samples_in, without_texts
from gpu_runner.jobs.sample_lines import field, keep_lines, lines
from gpu_runner.versions.keys import folder_name
from gpu_runner.versions.registry import version_key
from runtime.artifacts.store import ArtifactStore, read_stored_json
from runtime.whole_files import write_whole

_REPORTS: Final = "reports"
_LISTED: Final = ".samples.json"


def report_folder(reports_dir: Path, job_id: str) -> Path:
    """The folder of a job's reports; whatever the id holds, it is one below `reports_dir`."""
    return reports_dir / folder_name(job_id)


def report_key(model: str, version: str, job_id: str) -> str:
    """The folder key of the copy of a job's reports.

    >>> report_key("tiny", "v1", "cmd-1")
    'finetuned/tiny/v1/reports/cmd-1'
    """
    return f"{version_key(model, version)}/{_REPORTS}/{folder_name(job_id)}"


def copy_reports(store: ArtifactStore, folder: Path, key: str) -> None:
    """Copies the reports to the store, the list of whose words they hold before them. Raises ArtifactError, OSError."""
    for name in (SAMPLES, *FILES):
        if (folder / name).is_file():
            store.write_file(f"{key}/{name}", folder / name)


def forget_report(folder: Path, withdrawn: Collection[str], *, made_in: Path | None = None) -> None:
    """Takes the words of the samples out of the reports of a folder; what was stopped at any point is done again.

    `made_in` is the folder of the evaluation that they are of: answers to the items of the samples, and a judge's words on them, go before.
    """
    for draft in folder.glob(".part-*"):
        draft.unlink()  # of a process that was killed while it wrote; nobody writes here now

    def first(items: Collection[str]) -> None:
        for path in made_in.glob("*.jsonl") if made_in is not None else ():
            keep_lines(path, b"".join(line for line in lines(path) if field(line, "item_id") not in items))

    _forget(_ReportFolder(folder), withdrawn, first)


def forget_stored_report(store: ArtifactStore, key: str, withdrawn: Collection[str]) -> None:
    """The same of a copy in the store."""
    _forget(_StoredReports(store, key), withdrawn, lambda _items: None)


def explanation_path(folder: Path, model: str, version: str) -> Path:
    """The page of `abhyas explain`. Raises ArtifactError for names that are no slug or version."""
    version_key(model, version)
    return folder / f"{model}-{version}.html"


def write_explanation(path: Path, page: bytes, samples: Collection[str]) -> None:
    """Writes a page that holds words of samples, the list of them before it. Raises OSError."""
    listed = path.with_suffix(_LISTED)
    if samples:
        write_whole(listed, samples_file(sorted(samples)))
    write_whole(path, page)
    if not samples:
        listed.unlink(missing_ok=True)


def forget_explanations(folder: Path, withdrawn: Collection[str]) -> None:
    """Removes the pages that hold words of the samples: each is made anew from what is still kept by the command that made it."""
    for listed in folder.glob(f"*{_LISTED}"):
        if not set(json.loads(listed.read_bytes())["samples"]).isdisjoint(withdrawn):
            listed.with_name(f"{listed.name.removesuffix(_LISTED)}.html").unlink(missing_ok=True)
            listed.unlink(missing_ok=True)


def report_folders(reports_dir: Path) -> list[Path]:
    """The folders of reports that hold anybody's words."""
    return sorted(path.parent for path in reports_dir.absolute().glob(f"*/{SAMPLES}"))


def stored_reports(store: ArtifactStore) -> Iterator[str]:
    """The folder keys of the copies that do."""
    for key in store.list("finetuned"):
        parts = key.split("/")
        if len(parts) == 6 and (parts[3], parts[5]) == (_REPORTS, SAMPLES):
            yield "/".join(parts[:-1])


class _ReportPlace(Protocol):
    """A folder on disk or in the store."""

    def exists(self, name: str) -> bool: ...
    def read(self, name: str) -> Any: ...
    def write(self, name: str, data: bytes) -> None: ...


class _ReportFolder:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def exists(self, name: str) -> bool:
        return (self._folder / name).is_file()

    def read(self, name: str) -> Any:
        return json.loads((self._folder / name).read_bytes())

    def write(self, name: str, data: bytes) -> None:
        write_whole(self._folder / name, data)


class _StoredReports:
    def __init__(self, store: ArtifactStore, key: str) -> None:
        self._store, self._key = store, key

    def exists(self, name: str) -> bool:
        return self._store.exists(f"{self._key}/{name}")

    def read(self, name: str) -> Any:
        return read_stored_json(self._store, f"{self._key}/{name}")

    def write(self, name: str, data: bytes) -> None:
        self._store.write_bytes(f"{self._key}/{name}", data)


def _forget(place: _ReportPlace, withdrawn: Collection[str], first: Callable[[Collection[str]], None]) -> None:
    """The list shrinks last: what it names is looked for until all files are without it."""
    listed = [str(name) for name in place.read(SAMPLES)["samples"]]
    if not place.exists(RESULTS) or not any(name in withdrawn for name in listed):
        return
    results: Mapping[str, Any] = place.read(RESULTS)
    first(items_of(results, withdrawn))
    results = without_texts(results, withdrawn)
    for name, data in rendered(results).items():
        place.write(name, data)
    place.write(SAMPLES, samples_file(samples_in(results)))
