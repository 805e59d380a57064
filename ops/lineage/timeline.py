"""What served when, and why, from a model's records. Pure.

The records say what was decided; what an endpoint really serves is told by `serving.observed`. A request that was refused leaves an event
(`promotion.decided`, not applied) and no record, so it is not here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Final, Literal

from ops.lineage.records import ModelRecords, StoredRecord, decided_at

Way = Literal["bootstrap", "gate", "person", "rollback"]
_WAYS: Final[Mapping[str, Way]] = {"bootstrap": "bootstrap", "promote": "gate", "operator": "person", "rollback": "rollback"}


@dataclass(frozen=True, slots=True)
class ServingPeriod:
    """One version in service from `since` to `until` (None: still).

    `previous` is what the record says served before; `follows` is False where the records before it say otherwise: one is missing then.
    `reason` is a person's own words where there are any, else the record's first reason.
    """

    version: str
    since: str
    until: str | None
    artifact_sha256: str | None
    way: Way
    actor: str
    reason: str
    previous: str | None
    follows: bool
    decision_id: str
    record: str

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class RefusedCandidate:
    """A candidate that the gate judged and that did not come into service by that."""

    version: str
    at: str
    verdict: str
    broken: bool
    reasons: tuple[str, ...]
    artifact_sha256: str | None
    baseline: str | None
    decision_id: str
    record: str

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)


def served(records: ModelRecords) -> tuple[ServingPeriod, ...]:
    """The periods in order of time; each ends where the next one begins."""
    periods: list[ServingPeriod] = []
    applied = [record for record in records.decisions() if record.content.get("applied") and record.content.get("verdict") in _WAYS]
    for record in sorted(applied, key=lambda one: (decided_at(one), one.content["verdict"] != "bootstrap", one.key)):
        before = periods[-1].version if periods else None
        found = _period(records, record, before)
        if periods:
            periods[-1] = replace(periods[-1], until=found.since)
        periods.append(found)
    return tuple(periods)


def refused(records: ModelRecords) -> tuple[RefusedCandidate, ...]:
    """The candidates that their own decision did not bring into service, in order of time."""
    found = []
    for one in records.versions.values():
        if one.own is None or one.registered or one.own.content.get("applied"):
            continue
        content = one.own.content
        found.append(
            RefusedCandidate(
                version=one.version, at=decided_at(one.own), verdict=str(content.get("verdict")), broken=is_broken(content),
                reasons=tuple(map(str, content.get("reasons") or ())), artifact_sha256=_of(content, "artifact", "sha256"),
                baseline=_of(content, "baseline", "version"), decision_id=str(content.get("decision_id") or ""), record=one.own.key,
            )
        )  # fmt: skip
    return tuple(sorted(found, key=lambda one: (one.at, one.version)))


def is_broken(content: Mapping[str, Any]) -> bool:
    """Whether a decision's record says that the gate could not judge: something was missing, corrupt or another."""
    gate = content.get("gate")
    return bool(content.get("broken") or (isinstance(gate, Mapping) and gate.get("broken")))


def person_reason(content: Mapping[str, Any]) -> str:
    """Why a person or the watch over feedback asked for it, in their own words; empty where nothing was said.

    Records of releases before the field `reason` have it behind the deed: "asha promoted v3: the festival begins".
    """
    if "reason" in content:
        return str(content["reason"])
    first = str((content.get("reasons") or [""])[0])
    return first.partition(": ")[2]


def _period(records: ModelRecords, record: StoredRecord, before: str | None) -> ServingPeriod:
    content = record.content
    way = _WAYS[str(content["verdict"])]
    version, sha256 = str(content.get("version")), _of(content, "artifact", "sha256")
    if way in ("person", "rollback"):
        version = str(content.get("to_version") or version)
        previous = content.get("from_version")
        reason = person_reason(content)
        if way == "rollback":  # its artifact is the one that was left
            own = records.versions[version].own if version in records.versions else None
            sha256 = _of(own.content, "artifact", "sha256") if own is not None else None
    else:
        previous = _of(content, "baseline", "version")
        reason = str(content.get("reason") or (content.get("reasons") or [""])[0])
    return ServingPeriod(
        version=version, since=decided_at(record), until=None, artifact_sha256=sha256, way=way, actor=str(content.get("actor") or ""),
        reason=reason, previous=None if previous is None else str(previous), follows=previous == before,
        decision_id=str(content.get("decision_id") or ""), record=record.key,
    )  # fmt: skip


def _of(content: Mapping[str, Any], field: str, name: str) -> str | None:
    value = content.get(field)
    found = value.get(name) if isinstance(value, Mapping) else None
    return None if found is None else str(found)
