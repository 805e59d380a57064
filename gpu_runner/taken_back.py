"""What users took back: retractions of a sample, erasures of everything a user said up to a time. Pure, folded in any order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias

from schemas.sample import SampleCollected

Reason = Literal["retracted", "erased"]
RETRACTED: Final = "retracted"
ERASED: Final = "erased"


@dataclass(frozen=True, slots=True)
class Erasure:
    """Everything that a user said up to a time is to go; what was said later stays."""

    user_hash: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Retraction:
    """A sample of a model is taken back up to a revision; a later revision says something anew."""

    model: str
    sample_id: str
    revision: int


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
class TakenBack:
    """Every retraction and erasure seen. Facts may come twice and in any order."""

    erased: dict[str, datetime] = field(default_factory=dict)
    retracted: dict[tuple[str, str], int] = field(default_factory=dict)

    def apply(self, fact: Fact) -> None:
        """Folds a fact in."""
        if isinstance(fact, Erasure):
            self.erased[fact.user_hash] = max(fact.until, self.erased.get(fact.user_hash, fact.until))
        else:
            # By model too: a revision that names another model is a retraction at the former one alone.
            place = (fact.model, fact.sample_id)
            self.retracted[place] = max(fact.revision, self.retracted.get(place, fact.revision))

    def reason(self, model: str, sample_id: str, sample: KnownSample) -> Reason | None:
        """Why a sample of a model may no longer be used; None where it may."""
        until = self.erased.get(sample.user_hash) if sample.user_hash is not None else None
        if until is not None and sample.occurred_at <= until:
            return "erased"
        return "retracted" if sample.revision <= self.retracted.get((model, sample_id), -1) else None

    def gone(self, model: str, samples: Mapping[str, KnownSample]) -> dict[str, Reason]:
        """Those of the samples that may no longer be used, with the reason."""
        return {name: reason for name, sample in samples.items() if (reason := self.reason(model, name, sample)) is not None}
