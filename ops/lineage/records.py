"""The records of a model's versions in the artifact store: read once, none changed; one that is damaged is named and left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from gpu_runner.versions.registry import version_key
from runtime.artifacts.store import ArtifactError, ArtifactStore, read_stored_json

DECISION: Final = "decision.json"
REGISTRATION: Final = "registration.json"


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """One immutable record as it lies under its key."""

    key: str
    content: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class VersionRecords:
    """All of one version: its own record (a decision or a registration), and what persons and rollbacks decided on it since."""

    version: str
    own: StoredRecord | None
    later: tuple[StoredRecord, ...]

    @property
    def registered(self) -> bool:
        """Whether a person put it there, so that no gate has seen it."""
        return self.own is not None and self.own.key.endswith(f"/{REGISTRATION}")


@dataclass(frozen=True, slots=True)
class ModelRecords:
    """Every version of a model by its name; `damaged` are records that can't be read, each in a sentence."""

    model: str
    versions: Mapping[str, VersionRecords]
    damaged: tuple[str, ...]

    def decisions(self) -> Iterator[StoredRecord]:
        """Every decision, in no order."""
        for one in self.versions.values():
            if one.own is not None and not one.registered:
                yield one.own
            yield from one.later


def stored_models(store: ArtifactStore) -> list[str]:
    """The slugs of the models that have a version in the store."""
    found = (key.split("/") for key in store.list("finetuned"))
    return sorted({parts[1] for parts in found if len(parts) == 4 and parts[3] in (DECISION, REGISTRATION)})


def read_model(store: ArtifactStore, model: str) -> ModelRecords:
    """The records of a model; empty where the store has none. Raises ArtifactError where the store can't be read."""
    own: dict[str, StoredRecord] = {}
    later: dict[str, list[StoredRecord]] = {}
    damaged = []
    prefix = version_key(model, "v0").rpartition("/")[0]
    for key in store.list(prefix):
        match key.split("/"):
            case [_, _, version, name] if name in (DECISION, REGISTRATION):
                place: list[StoredRecord] | None = None
            case [_, _, version, "decisions", name] if name.endswith(".json"):
                place = later.setdefault(version, [])
            case _:
                continue
        try:
            content = read_stored_json(store, key)
            if not isinstance(content, dict):
                raise ArtifactError(f"{key} is not a JSON object")
        except ArtifactError as error:
            damaged.append(str(error))
            continue
        record = StoredRecord(key, content)
        if place is not None:
            place.append(record)
        elif version not in own or name == DECISION:
            own[version] = record
    versions = {
        version: VersionRecords(version, own.get(version), tuple(sorted(later.get(version, ()), key=decided_at)))
        for version in sorted(own.keys() | later.keys(), key=_in_order)
    }
    return ModelRecords(model, versions, tuple(damaged))


def decided_at(record: StoredRecord) -> str:
    """When it was decided (ISO 8601, as the runner writes it: UTC); empty where the record does not say."""
    return str(record.content.get("decided_at") or "")


def _in_order(version: str) -> tuple[bool, int, str]:
    number = version.removeprefix("v")
    return (not number.isdecimal(), int(number) if number.isdecimal() else 0, version)
