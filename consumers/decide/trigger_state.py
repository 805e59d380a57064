"""What the trigger of a model decides by, and what it remembers: plain structs, each one changelog record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import msgspec

from consumers.decide.ended_runs import EndedRuns
from consumers.decide.inputs import RequestSeen
from consumers.decide.model_drift import DriftPolicy

MINUTE_MS: Final = 60_000
HOUR_MS: Final = 60 * MINUTE_MS
DAY_MS: Final = 24 * HOUR_MS
# The number of the way in which this release's runner makes training rows of samples. One more where rows are made of samples that gave
# none before: what was tried by a former one then makes a run due again.
RECIPE: Final = 1


@dataclass(frozen=True, slots=True)
class TriggerPolicy:
    """The knobs of the trigger.

    `max_per_user` is the most pending negatives of one user (else conversation) that count and go into one batch, `min_users` the
    fewest users (else conversations) whose negatives make the count rule due. `threshold` counts negatives, `min_trainable` those of
    them that can be trained on; caps and quorum are of the words that a batch would hold.

    `recipe` is the number of this release's.

    An erasure dated more than `future_s` ahead of the broker's clock is not taken; stage 1 keeps it as a dead letter.

    A sample's text is kept 30 days in `sample.collected`; `sample_days` is shorter, so that no batch leases what is gone.
    """

    drift: DriftPolicy
    threshold: int
    min_trainable: int
    max_per_user: int
    min_users: int
    schedule_interval_hours: float
    cool_down_minutes: float
    retry_minutes: float
    run_max_hours: float
    max_samples: int
    max_documents: int
    future_s: int
    sample_days: int = 28
    recipe: int = RECIPE


class ModelState(msgspec.Struct, array_like=True, tag=1):
    """The model's standing: what serves, the newest tick, and when rules may fire (milliseconds since 1970 UTC).

    `short_guards`: which of the gate's guards have too few items, so that a run could end in nothing but a refusal. `recipe` is the
    newest release's that was seen, `base_model` what serves was trained from at first, empty until it is known.
    """

    now_ms: int | None = None
    serving_version: str | None = None
    paused: bool = False
    schedule_from_ms: int | None = None
    cool_down_until_ms: int = 0
    next_batch: int = 1
    drift_id: str | None = None
    short_guards: str | None = None
    recipe: int = 1
    base_model: str = ""

    def recipe_name(self, base_model: str | None = None) -> str:
        """What tells one recipe from another: the release's number and the base model, that of a person's request where it names one."""
        return f"{self.recipe}:{base_model or self.base_model}"


class Running(msgspec.Struct, array_like=True, tag=1):
    """The one run: its command as published last, when to try again after an infrastructure failure, whether told to stop.

    `served` are the versions that were seen to serve since the command, `recipe` is what it trains by.
    """

    command: str
    retry_at_ms: int | None = None
    cancel_sent: bool = False
    served: tuple[str, ...] = ()
    recipe: str = ""


class Requests(msgspec.Struct, array_like=True, tag=1):
    """Persons' requests that wait for a run, and the job ids seen."""

    waiting: list[RequestSeen] = []
    seen: list[str] = []

    def answered(self) -> tuple[list[RequestSeen], Requests]:
        """The oldest waiting request and those that ask for the same, and what is left; others wait for a run of their own."""
        if not self.waiting:
            return [], self
        wanted = _wish(self.waiting[0])
        taken = [request for request in self.waiting if _wish(request) == wanted]
        return taken, Requests([request for request in self.waiting if _wish(request) != wanted], self.seen)


def _wish(request: RequestSeen) -> RequestSeen:
    return msgspec.structs.replace(request, request_id="", job_id=None)


# What of a model is one changelog record each, by its name there.
PARTS: Final[dict[str, type[ModelState | Running | Requests | EndedRuns]]] = {
    "clock": ModelState,
    "run": Running,
    "requests": Requests,
    "ended": EndedRuns,
}
