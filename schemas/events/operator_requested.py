"""operator.requested: what a person asks for, with who and why."""

from __future__ import annotations

from typing import ClassVar, Final, Literal, Self

from pydantic import BaseModel, Field, model_validator

from schemas import topics
from schemas.fields import EVENT_CONFIG, Answer, Hyperparameters, Identifier, Reason, Sha256, Version
from schemas.model_name import NamedModel

Action = Literal["bootstrap", "start", "cancel", "promote", "rollback", "pause", "resume", "review"]

RUNNER_ACTIONS: Final = frozenset({"bootstrap", "cancel", "promote", "rollback"})

_NEEDS: Final[dict[str, tuple[str, ...]]] = {
    "bootstrap": ("base_model", "documents_uri", "eval_uri"),
    "start": ("job_id",),
    "cancel": ("job_id",),
    "promote": ("version",),
    "review": ("sample_id",),
}


class OperatorRequested(BaseModel):
    """One request; the runner acts on bootstrap, cancel, promote and rollback, stage 2 on the rest.

    `request_id` is chosen by the caller (or from its `Idempotency-Key`), so that a retry is the same request.
    A `review` keeps (`correction` given), or drops (`drop`), a quarantined sample.
    """

    TOPIC: ClassVar[str] = topics.OPERATOR_REQUESTED
    model_config = EVENT_CONFIG

    request_id: Identifier
    action: Action
    model: NamedModel
    actor: Identifier
    reason: Reason = ""
    job_id: Identifier | None = None
    version: Version | None = None
    base_model: str | None = Field(default=None, max_length=300)
    dataset_path: str | None = Field(default=None, max_length=1000)
    hyperparameters: Hyperparameters | None = None
    documents_uri: str | None = Field(default=None, max_length=1000)
    eval_uri: str | None = Field(default=None, max_length=1000)
    replay_uri: str | None = Field(default=None, max_length=1000)
    policy_uri: str | None = Field(default=None, max_length=1000)
    sample_id: Sha256 | None = None
    correction: Answer | None = None
    drop: bool = False

    @model_validator(mode="after")
    def _has_what_it_needs(self) -> Self:
        missing = [name for name in _NEEDS.get(self.action, ()) if getattr(self, name) is None]
        if missing:
            raise ValueError(f"action {self.action!r} needs {', '.join(missing)}")
        return self

    def key(self) -> str:
        """The Kafka key: the model."""
        return self.model

    def event_id(self) -> str:
        """The caller's request id."""
        return self.request_id
