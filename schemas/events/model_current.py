"""model.current: what serves, compacted by model."""

from __future__ import annotations

from datetime import date
from typing import ClassVar, Literal

from pydantic import BaseModel, Field

from schemas import topics
from schemas.event_time import EventTime
from schemas.fields import EVENT_CONFIG, Identifier, ModelId, Sha256, Version


class DriftBaseline(BaseModel):
    """What documents of event-days from `from_day` on are held against: the folder `uri` of the artifact store.

    `sha256` is that of its arrays. A promotion's baseline begins with the next day, so that a day has one baseline in every partition.
    """

    model_config = EVENT_CONFIG
    uri: str
    sha256: Sha256
    documents: int = Field(ge=1)
    from_day: date


class GateGuard(BaseModel):
    """What a guard of the gate stands on: `items` of `groups` source groups, of which it needs `least` items to let anything pass."""

    model_config = EVENT_CONFIG
    name: str
    items: int = Field(ge=0)
    groups: int = Field(ge=0)
    least: int = Field(ge=0)


class ModelCurrent(BaseModel):
    """The serving version and the hash of what serves; written only when the version before is the expected one.

    `artifact_uri` is relative to the artifact store (`finetuned/<model>/<version>/merged`, or a base model's folder).
    """

    TOPIC: ClassVar[str] = topics.MODEL_CURRENT
    model_config = EVENT_CONFIG

    model: ModelId
    version: Version
    artifact_uri: str
    artifact_sha256: Sha256
    previous_version: Version | None = None
    cause: Literal["bootstrap", "promotion", "rollback", "operator"]
    decision_id: Identifier
    base_model: str
    holdout_key_id: str = Field(pattern=r"^[0-9a-f]{8}$")
    holdout_percent: int = Field(ge=0, le=100)
    since: EventTime
    # By `from_day`, the newest last; of days that no window holds any more there is none. Empty: documents are not watched for drift.
    drift_baselines: tuple[DriftBaseline, ...] = ()
    # As the bootstrap found them. Empty: not known, and nothing is held up by it.
    gate_guards: tuple[GateGuard, ...] = ()

    def key(self) -> str:
        """The Kafka key: the model."""
        return self.model

    def event_id(self) -> str:
        """Deterministic: the decision that made it serve."""
        return f"{self.model}:{self.decision_id}"
