"""What a training child is told: `spec.json` and the rows and items that it names. Torch-free."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import msgspec

from gpu_runner.dataset.fields import unreadable
from gpu_runner.dataset.rows import is_replayed
from gpu_runner.model_folder.template_messages import Asked, asked_of
from runtime.artifacts.content_hash import file_sha256
from schemas.conversation import Role

ErrorKind = Literal["no_data", "out_of_memory", "does_not_fit", "non_finite", "bad_base", "bad_data", "internal"]


class TrainingError(Exception):
    """An end that the child reports by its kind; the message says what was expected and what to do."""

    def __init__(self, kind: ErrorKind, message: str) -> None:
        super().__init__(message)
        self.kind: ErrorKind = kind


class Start(msgspec.Struct, frozen=True):
    """The weights that training starts from, which are also the baseline. `path` is absolute or relative to the job folder."""

    path: str
    name: str
    sha256: str


class TrainingHyperparameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`batch_size` counts packed sequences of at most `max_seq_length` tokens; `learning_rate` is the peak.

    `max_seq_length` is also the longest row, and the longest question that is asked.
    """

    lora_rank: int
    lora_alpha: int
    learning_rate: float
    epochs: int
    batch_size: int
    max_seq_length: int


class DatasetFiles(msgspec.Struct, frozen=True):
    """Paths relative to the job folder, and the sha256 of each file by its name here.

    `told` are the corrections that the baseline may be told in its prompt. `stands_for`: a sample of a row to all samples that say the
    same, where there are others. `new_rows` and `replay_rows` are how many rows of each kind the manifest counts in `train`; None in a spec
    of a release that did not say.
    """

    train: str
    eval: str
    evaluation: str
    sha256: dict[str, str]
    told: str | None = None
    stands_for: dict[str, tuple[str, ...]] = {}
    new_rows: int | None = None
    replay_rows: int | None = None


class Spec(msgspec.Struct, frozen=True):
    """The whole instruction of one job; the same spec in the same versions gives the same weights.

    `date` is when the job was asked for (ISO 8601), which a chat template with a date in its header shows; a spec of an earlier release
    has none, and such a template shows the clock's. `told_corrections`: how many of them the baseline is told with a repair item (0: it is
    not asked so).
    """

    job_id: str
    attempt: int
    model_id: str
    version: str
    start: Start
    hyperparameters: TrainingHyperparameters
    seed: int
    dataset: DatasetFiles
    replay_share: float
    adapter_scale: float
    checkpoint_every_steps: int
    max_new_tokens: int
    date: str | None = None
    told_corrections: int = 0

    def now(self) -> datetime | None:
        """What templates are told as the time."""
        return None if self.date is None else datetime.fromisoformat(self.date)

    def identity(self) -> str:
        """The hash of all that decides the weights: a checkpoint of another identity is not this job's."""
        parts = {
            "start": self.start.sha256,
            "hyperparameters": msgspec.to_builtins(self.hyperparameters),
            "seed": self.seed,
            "train": self.dataset.sha256["train"],
            "replay_share": self.replay_share,
        }
        if self.date is not None:
            parts["date"] = self.date
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


class CalledFunction(msgspec.Struct, frozen=True):
    """The function of a tool call: `arguments` is JSON text."""

    name: str
    arguments: str = ""


class Call(msgspec.Struct, frozen=True, omit_defaults=True):
    """One call of a tool."""

    function: CalledFunction
    id: str = ""
    type: str = "function"


class RowMessage(msgspec.Struct, frozen=True, omit_defaults=True):
    """One message of a conversation in OpenAI's form."""

    role: Role
    content: str | None = None
    name: str | None = None
    tool_calls: tuple[Call, ...] = ()
    tool_call_id: str | None = None


class Row(msgspec.Struct, frozen=True):
    """One question with its right answer; only the answer is learned. `messages` is the conversation that the question ends."""

    id: str
    prompt: str
    completion: str
    origin: str
    group: str = ""
    sample_id: str | None = None
    messages: tuple[RowMessage, ...] = ()

    @property
    def asked(self) -> Asked:
        """What the answer follows."""
        return asked_of(msgspec.to_builtins(self.messages), self.prompt)


class Item(msgspec.Struct, frozen=True):
    """What generation needs of an evaluation item, and what tells whether a row teaches it."""

    id: str
    question: str
    set: str = ""
    answers: tuple[str, ...] = ()
    group: str = ""
    sample_id: str | None = None
    messages: tuple[RowMessage, ...] = ()
    language: str = ""

    @property
    def asked(self) -> Asked:
        """The conversation in which it is asked, or the bare question."""
        return asked_of(msgspec.to_builtins(self.messages), self.question)


def load_spec(job_folder: Path) -> Spec:
    """Reads `spec.json` and checks the hashes of the files that it names.

    Raises TrainingError `bad_data` for a missing field, a value out of range or a file that is not the one named.
    """
    path = job_folder / "spec.json"
    try:
        spec = msgspec.json.decode(path.read_bytes(), type=Spec)
    except OSError as error:
        raise unreadable(path, error, "the spec of a job") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise TrainingError("bad_data", f"{path}: {error}; the supervisor writes it before it starts the child") from error
    _check_ranges(spec)
    for name in ("train", "eval", "evaluation", *(["told"] if spec.dataset.told is not None else [])):
        file = job_folder / getattr(spec.dataset, name)
        expected = spec.dataset.sha256.get(name)
        if expected is None:
            raise TrainingError("bad_data", f"spec.json dataset.sha256 has no {name!r}: write the hash of {file}")
        if not file.is_file() or _sha256(file) != expected:
            raise TrainingError("bad_data", f"{file} is missing or is not the file with sha256 {expected}: prepare the dataset again")
    return spec


def _sha256(file: Path) -> str:
    try:
        return file_sha256(file)
    except OSError as error:
        raise unreadable(file, error, "a file of the dataset") from error


def _check_ranges(spec: Spec) -> None:
    hyperparameters = spec.hyperparameters
    for name in hyperparameters.__struct_fields__:
        value = getattr(hyperparameters, name)
        if not value > 0:
            expected = "more than 0" if isinstance(value, float) else "1 or more"
            raise TrainingError("bad_data", f"hyperparameters.{name} is {value}, expected {expected}")
    if not 0 <= spec.replay_share < 1:
        raise TrainingError("bad_data", f"replay_share is {spec.replay_share}, expected 0 or more and less than 1")
    if not 0 < spec.adapter_scale <= 1:
        raise TrainingError("bad_data", f"adapter_scale is {spec.adapter_scale}, expected more than 0 and at most 1")
    if spec.checkpoint_every_steps < 1 or spec.max_new_tokens < 1:
        raise TrainingError("bad_data", "checkpoint_every_steps and max_new_tokens have to be 1 or more")
    try:
        spec.now()
    except ValueError:
        raise TrainingError("bad_data", f"date is {spec.date!r}, expected an ISO 8601 time such as 2026-03-01T04:00:00+00:00") from None


def load_rows(path: Path) -> list[Row]:
    """All training rows of a JSONL file. Raises TrainingError `bad_data` naming the line."""
    return _load(path, Row)


def load_items(path: Path) -> list[Item]:
    """All evaluation items of a JSONL file. Raises TrainingError `bad_data` naming the line."""
    return _load(path, Item)


def _load(path: Path, kind: Any) -> list[Any]:
    decoder = msgspec.json.Decoder(kind)
    loaded = []
    try:
        with path.open("rb") as handle:
            for number, line in enumerate(handle, 1):
                loaded.append(_decoded(decoder, line, f"{path} line {number}"))
    except OSError as error:
        raise unreadable(path, error, "a JSON Lines file") from error
    return loaded


def _decoded(decoder: Any, line: bytes, where: str) -> Any:
    try:
        return decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:  # a line that is not UTF-8 is no DecodeError
        raise TrainingError("bad_data", f"{where}: {error}") from error


def fresh_and_replay(rows: Sequence[Row]) -> tuple[list[Row], list[Row]]:
    """The rows to learn and the rows that keep what is known, apart."""
    return [row for row in rows if not is_replayed(row.origin)], [row for row in rows if is_replayed(row.origin)]


def check_counts(rows: Sequence[Row], dataset: DatasetFiles) -> None:
    """Raises TrainingError `bad_data` where the rows to learn and to replay are not as many as the manifest says.

    A row taken for new that was taught before is learned again in every round: each then costs more than all before it.
    """
    for name, expected, found in zip(
        ("new_rows", "replay_rows"), (dataset.new_rows, dataset.replay_rows), map(len, fresh_and_replay(rows)), strict=True
    ):
        if expected is not None and found != expected:
            raise TrainingError(
                "bad_data", f"{dataset.train} has {found} {name}, dataset.{name} in spec.json says {expected}: prepare the dataset again"
            )
