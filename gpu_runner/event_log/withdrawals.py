"""What users took back: retractions of a sample, erasures of everything a user said up to a time. Pure, folded in any order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Literal, TypeAlias

from schemas.events.sample_collected import SampleCollected

Reason = Literal["retracted", "erased"]
RETRACTED: Final = "retracted"
ERASED: Final = "erased"


_EVER: Final = datetime.max.replace(tzinfo=UTC)
_NOTHING: Final = (-1, _EVER)


@dataclass(frozen=True, slots=True)
class Erasure:
    """Everything that a user said up to a time is to go; what was said later stays."""

    user_hash: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Retraction:
    """A sample of a model is taken back up to a revision; a later revision says something anew.

    One that only moved to another model (`until`) is gone from this one as far as that was said up to a time. Under `former_ids` it is
    known from the release before, where it is this user's.
    """

    model: str
    sample_id: str
    revision: int
    until: datetime | None = None
    former_ids: tuple[str, ...] = ()
    user_hash: str | None = None

    @classmethod
    def of(cls, sample: SampleCollected) -> Retraction:
        """Of a collected retraction."""
        until = sample.occurred_at if sample.moved else None
        return cls(sample.model, sample.sample_id, sample.revision, until, sample.former_ids, sample.user_hash)


Fact: TypeAlias = Erasure | Retraction


@dataclass(frozen=True, slots=True)
class KnownSample:
    """What is kept of a sample beside everything made of it, without its text. `trained`: a row that trains stands for it."""

    revision: int
    user_hash: str | None
    occurred_at: datetime
    trained: bool = False

    @classmethod
    def of(cls, sample: SampleCollected) -> KnownSample:
        """Of a collected sample."""
        return cls(sample.revision, sample.user_hash, sample.occurred_at)

    def as_dict(self) -> dict[str, Any]:
        """As JSON holds it; `known_samples` reads it."""
        return asdict(self) | {"occurred_at": self.occurred_at.isoformat()}


def known_samples(written: Mapping[str, Any]) -> dict[str, KnownSample]:
    """Samples by id, from what `KnownSample.as_dict` gave for each."""
    return {
        sample_id: KnownSample(int(one["revision"]), one["user_hash"], datetime.fromisoformat(one["occurred_at"]), bool(one["trained"]))
        for sample_id, one in written.items()
    }


@dataclass
class Withdrawals:
    """Every retraction and erasure seen. Facts may come twice and in any order."""

    erased: dict[str, datetime] = field(default_factory=dict)
    retracted: dict[tuple[str, str], int] = field(default_factory=dict)
    # Up to which revision and time: of moves by model and sample id, of former ids by the user too.
    moved: dict[tuple[str, str], tuple[int, datetime]] = field(default_factory=dict)
    former: dict[tuple[str, str, str | None], tuple[int, datetime]] = field(default_factory=dict)

    def apply(self, fact: Fact) -> None:
        """Folds a fact in."""
        if isinstance(fact, Erasure):
            self.erased[fact.user_hash] = max(fact.until, self.erased.get(fact.user_hash, fact.until))
            return
        # By model too: a revision that names another model is a retraction at the former one alone.
        place, reach = (fact.model, fact.sample_id), (fact.revision, fact.until or _EVER)
        if fact.until is None:
            self.retracted[place] = max(fact.revision, self.retracted.get(place, fact.revision))
        else:
            self.moved[place] = max(reach, self.moved.get(place, reach))
        for name in fact.former_ids:
            held = (fact.model, name, fact.user_hash)
            self.former[held] = max(reach, self.former.get(held, reach))

    def reason(self, model: str, sample_id: str, sample: KnownSample) -> Reason | None:
        """Why a sample of a model may no longer be used; None where it may."""
        until = self.erased.get(sample.user_hash) if sample.user_hash is not None else None
        if until is not None and sample.occurred_at <= until:
            return "erased"
        said = (sample.revision, sample.occurred_at)
        withdrawn = (
            sample.revision <= self.retracted.get((model, sample_id), -1)
            or said <= self.moved.get((model, sample_id), _NOTHING)
            or said <= self.former.get((model, sample_id, sample.user_hash), _NOTHING)
        )
        return "retracted" if withdrawn else None

    def withdrawn(self, model: str, samples: Mapping[str, KnownSample]) -> dict[str, Reason]:
        """Those of the samples that may no longer be used, with the reason."""
        return {name: reason for name, sample in samples.items() if (reason := self.reason(model, name, sample)) is not None}
