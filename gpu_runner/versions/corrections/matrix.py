"""Corrections by versions: what each version of a lineage made of each correction that was learnt in it. Pure.

A version answers a correction where at least half of the wordings that it was asked are right, each by the rule of its kind. It was asked
in its own run, or, where that run's turn left the correction out, as the baseline of the run that made the next version.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, get_args

from gpu_runner.dataset.memory.index import RememberedCorrection
from gpu_runner.dataset.memory.sampling import item_name

# `learnt`: right for the first time, `kept`: right as before, `lost`: wrong, and right before, `not_learnt`: wrong as ever.
CorrectionState = Literal["learnt", "kept", "lost", "not_learnt", "not_asked", "withdrawn"]
STATES: Final[tuple[CorrectionState, ...]] = get_args(CorrectionState)
BY_ITS_USER: Final = "its user"


@dataclass(frozen=True)
class AskedVersion:
    """What is stored of one version: the `corrections` that it learnt, and by item whether both sides of its run answered right.

    `withdrawn` maps the samples and items that no longer hold since to the samples that say otherwise, `removed` are samples of it or of
    versions before it that their users took back. `fault` says why its scores can't be read.
    """

    version: str
    corrections: tuple[RememberedCorrection, ...] = ()
    candidate: Mapping[str, bool] = field(default_factory=dict)
    baseline: Mapping[str, bool] = field(default_factory=dict)
    withdrawn: Mapping[str, str] = field(default_factory=dict)
    removed: frozenset[str] = frozenset()
    fault: str | None = None


@dataclass(frozen=True)
class CorrectionHistory:
    """One correction: the state in each version from its `origin` on, and the one `now`, that of the last version that was asked it.

    `by` is the sample that withdrew it, or that its user did.
    """

    id: str
    sample_id: str | None
    origin: str
    language: str
    states: Mapping[str, CorrectionState]
    now: CorrectionState
    by: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready; ids and states, no word of a user."""
        told = {"id": self.id, "sample_id": self.sample_id, "origin": self.origin, "language": self.language, "now": self.now}
        return told | ({} if self.by is None else {"withdrawn_by": self.by}) | {"states": dict(self.states)}


@dataclass(frozen=True)
class CorrectionsMatrix:
    """All corrections of a lineage, in the order in which they were learnt; `versions` from the first to the last."""

    versions: tuple[str, ...]
    corrections: tuple[CorrectionHistory, ...]
    faults: Mapping[str, str]

    def rounds(self, version: str | None = None) -> list[dict[str, Any]]:
        """How many corrections of each origin are in each state in a version; without one, by the state now."""
        counts: dict[str, Counter[str]] = {}
        for one in self.corrections:
            state = one.now if version is None else one.states.get(version)
            if state is not None:
                counts.setdefault(one.origin, Counter())[state] += 1
        return [
            {"origin": origin, "corrections": sum(count.values()), **{state: count[state] for state in STATES}}
            for origin, count in counts.items()
        ]

    def in_state(self, state: CorrectionState, version: str) -> list[CorrectionHistory]:
        """The corrections in a state in a version."""
        return [one for one in self.corrections if one.states.get(version) == state]

    def report_of(self, version: str) -> dict[str, Any]:
        """What the reports of the run that made a version say: counts by round, and which corrections it lost."""
        lost = [{"id": one.id, "origin": one.origin, "language": one.language} for one in self.in_state("lost", version)]
        return {"version": version, "rounds": self.rounds(version), "lost": lost, "faults": dict(self.faults)}


def corrections_matrix(versions: Sequence[AskedVersion]) -> CorrectionsMatrix:
    """The matrix of a lineage, its versions from the first to the last. O(corrections x versions)."""
    removed = frozenset[str]().union(*(one.removed for one in versions))
    withdrawals = _withdrawals(versions, removed)
    rows = [
        _history(correction, versions, place, withdrawals, removed)
        for place, version in enumerate(versions)
        for correction in version.corrections
    ]
    return CorrectionsMatrix(
        tuple(one.version for one in versions), tuple(rows), {one.version: one.fault for one in versions if one.fault is not None}
    )


def _withdrawals(versions: Sequence[AskedVersion], removed: frozenset[str]) -> dict[str, list[tuple[int, str]]]:
    """Sample or item to the places of the versions that withdrew it, and on whose word: a newer revision withdraws the older one."""
    found: dict[str, list[tuple[int, str]]] = {}
    for place, version in enumerate(versions):
        for old, newer in version.withdrawn.items():
            if newer not in removed:
                found.setdefault(old, []).append((place, newer))
        for sample_id in {one.sample_id for one in version.corrections} - {None}:
            found.setdefault(str(sample_id), []).append((place, str(sample_id)))
    return found


def _history(
    correction: RememberedCorrection,
    versions: Sequence[AskedVersion],
    place: int,
    withdrawals: Mapping[str, Sequence[tuple[int, str]]],
    removed: frozenset[str],
) -> CorrectionHistory:
    origin = versions[place].version
    names = [item_name(origin, item) for item in correction.items]
    since = min(
        (found for name in (correction.sample_id, *names) for found in withdrawals.get(name or "", ()) if found[0] > place), default=None
    )
    states: dict[str, CorrectionState] = {}
    now: CorrectionState = "not_asked"
    once = False
    last_asked = place
    for at in range(place, len(versions)):
        if since is not None and at >= since[0]:
            states[versions[at].version] = now = "withdrawn"
            continue
        right = _right(versions[at].candidate, correction.items if at == place else names)
        if right is None and at + 1 < len(versions):
            right = _right(versions[at + 1].baseline, names)
        states[versions[at].version] = state = _state(right, now, once)
        once = once or bool(right)
        if right is not None:
            now, last_asked = state, at
    by = None if since is None else since[1]
    if by is None and correction.sample_id in removed:
        by, now = BY_ITS_USER, "withdrawn"
        states |= {one.version: "withdrawn" for one in versions[last_asked + 1 :]}
    return CorrectionHistory(correction.id, correction.sample_id, origin, correction.language, states, now, by)


def _right(answered: Mapping[str, bool], items: Iterable[str]) -> bool | None:
    """Whether at least half of the items that were asked are right; None where none was."""
    found = [answered[item] for item in items if item in answered]
    return 2 * sum(found) >= len(found) if found else None


def _state(right: bool | None, before: CorrectionState, once: bool) -> CorrectionState:
    if right is None:
        return "not_asked"
    if right:
        return "kept" if before in ("learnt", "kept") else "learnt"
    return "lost" if once else "not_learnt"
