"""What stage 1 decides by, and the names of the frontends that events come from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Final, NamedTuple, Protocol

from consumers.wire import MessageText
from schemas import topics
from schemas.envelope import MalformedEvent
from schemas.events.sample_collected import LeftOut
from schemas.holdout import HoldoutAssigner
from schemas.identity import frontend_of, keyed_name

# Far above any URI that names a frontend.
SOURCE_CHARACTERS: Final = 2_000

# The texts without identity numbers, and how many were taken out; None where they are to stay as they are.
Redact = Callable[[Sequence[str]], tuple[Sequence[str], int] | None]


class Weigh(Protocol):
    """Says why a correction is not one to train on, None where it is, and which part of it answers.

    The texts are redacted, `messages` end with the question.
    """

    def __call__(
        self, *, query: str, response: str, correction: str, messages: Sequence[MessageText], language: str | None
    ) -> tuple[LeftOut | None, str]: ...


@dataclass(frozen=True)
class IntakePolicy:
    """What intake decides by; `redact` comes from the producers' side so that both sides take out the same things.

    An event older than the newest of its partition by more than `lateness_s` is refused, and so is one more than `future_s` ahead of
    the broker's time of its record. `weigh` is asked of every correction; without it each is taken for what it is called, whole.
    """

    default_model: str
    holdout_key: bytes
    holdout_percent: int
    redact: Redact
    collect_feedback: bool
    lateness_s: int
    future_s: int
    max_feedback_bytes: int = topics.MAX_FEEDBACK_BYTES
    max_document_bytes: int = topics.MAX_DOCUMENT_BYTES
    max_turn_bytes: int = topics.MAX_TURN_BYTES
    weigh: Weigh | None = None

    @cached_property
    def frontend(self) -> Callable[[str], Frontend]:
        """The name of a frontend by its `ce_source`: there are few, so what was found is remembered."""
        return lru_cache(4096)(self._frontend)

    def _frontend(self, source: str) -> Frontend:
        if len(source) > SOURCE_CHARACTERS:
            # Headers have no limit of their own, and the source goes on into every sample.
            raise MalformedEvent(f"ce_source: expected at most {SOURCE_CHARACTERS} characters")
        redacted = self.redact((source,))
        if redacted is None:
            return Frontend(frontend_of(source), source, 0)
        (clean,), count = redacted
        name = self.name(clean, source, SOURCE_CHARACTERS)
        return Frontend(frontend_of(name), name, count)

    def name(self, redacted: str, identity: str, limit: int) -> str:
        """A name that holds an identity number, under a keyed hash: two names stay two."""
        return keyed_name(redacted, identity, self.holdout_key, limit=limit)

    @cached_property
    def holdout(self) -> HoldoutAssigner:
        """Assigns groups to the holdout."""
        return HoldoutAssigner(key=self.holdout_key, percent=self.holdout_percent)


class Frontend(NamedTuple):
    """A source name: as it identifies, as it is told, and how many identity numbers were taken out of it."""

    identity: str
    name: str
    redactions: int
