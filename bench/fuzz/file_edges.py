"""The commands that read JSON Lines, called in this process over files of a few lines."""

from __future__ import annotations

import gzip
import io
import random
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from bench.fuzz import valid
from bench.fuzz.answers import Answer, answer
from bench.fuzz.http_edges import EncodingPublisher
from bench.fuzz.mutations import Fault
from consumers.drift.baseline.fit import BaselineTooSmall
from gpu_runner.dataset.fields import DataError
from gpu_runner.settings import RunnerSettings
from gpu_runner.versions.bootstrap import BootstrapRefused, bootstrap
from ops.commands.drift import documents as drift_documents
from ops.commands.drift import ratings as drift_command
from ops.commands.feedback.publish_file import publish_lines
from ops.commands.feedback.stage1_outcomes import Outcomes
from ops.commands.models.bootstrap import check_files
from ops.errors import OperationFailed
from producers.submissions import Kind
from runtime.artifacts.local import LocalStore
from schemas.events.operator_requested import OperatorRequested
from schemas.reading.json_lines import NotJsonLines

One = Callable[[random.Random], dict[str, Any]]
_TOO_FEW: Final = "expected at least"


class FileEdge:
    """One command: what its files hold, and what it makes of one."""

    def __init__(self, name: str, one: One, known: tuple[str, ...], read: Callable[[bytes, random.Random], Answer]) -> None:
        self.name = name
        self.known = known
        self._one = one
        self._read = read

    def objects(self, rng: random.Random) -> list[Any]:
        """The rows of a valid file."""
        return [self._one(rng) for _ in range(rng.randint(1, 5))]

    async def answer(self, raw: bytes, _wrong: tuple[Fault, ...], rng: random.Random) -> Answer:
        """What the command says to the file."""
        said = io.StringIO()
        with redirect_stdout(said), redirect_stderr(said):
            try:
                return self._read(raw, rng)
            except OperationFailed as error:
                return answer(_TOO_FEW in str(error), (str(error),))


class PublishEdge:
    """`abhyas publish`, with a publisher that only encodes."""

    def __init__(self, kind: Kind, one: One, known: tuple[str, ...], *, history: bool) -> None:
        self.name = f"publish {kind}" + (" --history" if history else "")
        self.known = known
        self._kind: Kind = kind
        self._one = one
        self._history = history

    def objects(self, rng: random.Random) -> list[Any]:
        """The rows of a valid file; those of a history all have a time."""
        rows = [self._one(rng) for _ in range(rng.randint(1, 5))]
        return [row | {"occurred_at": valid.moment(rng)} for row in rows] if self._history else rows

    async def answer(self, raw: bytes, _wrong: tuple[Fault, ...], _rng: random.Random) -> Answer:
        """What the command says to the file."""
        try:
            report = await publish_lines(
                EncodingPublisher(), self._kind, io.BytesIO(raw), Unheard(), user_hash_key=b"k", history=self._history
            )
        except NotJsonLines as error:
            return answer(False, (f"file {error}",))
        except DataError as error:
            return answer(False, (str(error),))
        # What was compressed and damaged was refused above.
        content = gzip.decompress(raw) if raw.startswith(b"\x1f\x8b") else raw
        if report.published + report.invalid == 0 and content.strip(b"\xef\xbb\xbf \t\r\n"):
            return Answer(False, (), "a line was passed over in silence")
        empty = not report.published and not report.invalid
        return answer(report.published > 0 or empty, tuple(f"line {error.line}: {error.message}" for error in report.errors))


class Unheard:
    """Stage 1 says nothing."""

    def add(self, partition: int, offset: int, *, waits: bool = False) -> None:
        """Forgets it."""

    async def outcomes(self, silence_s: float) -> Outcomes:
        """Nothing is known."""
        return Outcomes()


def file_edges(folder: Path, baseline: Path | None) -> list[FileEdge | PublishEdge]:
    """Every command that reads JSON Lines; `drift run` only with a fitted baseline."""
    path = folder / "input.jsonl"

    def over_path(command: Callable[[Path, random.Random], object]) -> Callable[[bytes, random.Random], Answer]:
        def read(raw: bytes, rng: random.Random) -> Answer:
            path.write_bytes(raw)
            command(path, rng)
            return answer(True, ())

        return read

    def ratings(file: Path, _rng: random.Random) -> None:
        drift_command.ratings(events=file, baseline=1, arl=100, direction="both", cool_down=0, as_json=True)

    def fit(file: Path, _rng: random.Random) -> None:
        drift_documents.fit(baseline=file, out=folder / "out", alarms_per_100k=0.1, seed=0, as_json=True)

    edges: list[FileEdge | PublishEdge] = [
        PublishEdge("feedback", valid.feedback, ("user", "user_hash", "rating.scale", "source"), history=False),
        PublishEdge("turns", valid.turn, ("user", "user_hash", "source"), history=False),
        PublishEdge("documents", valid.document, ("text", "uri", "source"), history=False),
        PublishEdge("feedback", valid.feedback, ("user", "user_hash"), history=True),
        FileEdge("drift ratings", valid.rating_row, ("stars",), over_path(ratings)),
        FileEdge("drift fit", valid.drift_row, ("occurred_at",), over_path(fit)),
        *_bootstrap_edges(folder),
    ]
    if baseline is not None:

        def run(file: Path, _rng: random.Random) -> None:
            drift_documents.run(baseline=baseline, events=file, cool_down=0, as_json=True)

        edges.append(FileEdge("drift run", valid.drift_row, ("occurred_at",), over_path(run)))
    return edges


def _bootstrap_edges(folder: Path) -> list[FileEdge]:
    """`abhyas bootstrap` with one of its three files at a time, looked at by the command and then registered by the runner."""
    store = LocalStore(folder / "bootstrap")
    settings = RunnerSettings(data_dir=folder, models_dir=folder / "models", holdout_key="k")
    store.write_bytes("base/tiny/config.json", b"{}")
    store.write_bytes("base/tiny/model.safetensors", b"")
    number = 0

    def edge(name: str, one: One, known: tuple[str, ...]) -> FileEdge:
        def read(raw: bytes, rng: random.Random) -> Answer:
            nonlocal number
            number += 1
            contents = {
                "documents": b'{"text": "a text"}\n', "eval": b'{"question": "q", "answer": "a"}\n',
                "replay": b'{"prompt": "q", "completion": "a"}\n',
            }  # fmt: skip
            contents[name] = raw
            uris = {}
            for part, content in contents.items():
                (folder / f"{part}.jsonl").write_bytes(content)
                key = f"up/{part}.jsonl"
                store.write_bytes(key, content)
                uris[f"{part}_uri"] = f"s3://{store.bucket}/{key}"
            check_files(*(folder / f"{part}.jsonl" for part in contents))
            request = OperatorRequested(
                request_id=f"r{number}", action="bootstrap", model=f"m{number}", actor="fuzz", base_model="org/tiny", **uris
            )
            try:
                bootstrap(request, store=store, settings=settings, fit=_fits_nothing, now=datetime(2026, 11, 23, tzinfo=UTC))
            except BootstrapRefused as error:
                return answer(False, (str(error),))
            return answer(True, ())

        return FileEdge(f"bootstrap {name}", one, known, read)

    return [
        edge("documents", valid.bootstrap_document, ("source",)),
        edge("eval", valid.item, ("sample_id",)),
        edge("replay", valid.row, ("sample_id",)),
    ]


def _fits_nothing(_documents: object, _alarms: float) -> Any:
    raise BaselineTooSmall("no baseline in this run")
