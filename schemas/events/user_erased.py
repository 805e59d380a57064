"""user.erased: a user's right to be forgotten."""

from __future__ import annotations

from typing import ClassVar

from pydantic import BaseModel

from schemas import topics
from schemas.fields import EVENT_CONFIG, Identifier, Reason, UserHash


class UserErased(BaseModel):
    """Everything that this user said up to the event's `ce_time` is to go from state, buffers, datasets and exports.

    What the user says later stays. The topic is compacted by user; where a user has several, the latest time counts.
    """

    TOPIC: ClassVar[str] = topics.USER_ERASED
    model_config = EVENT_CONFIG

    user_hash: UserHash
    actor: Identifier
    reason: Reason = ""

    def key(self) -> str:
        """The Kafka key: the user hash."""
        return self.user_hash

    def event_id(self) -> str:
        """One erasure a user: asking again changes nothing but the time up to which it reaches."""
        return f"erase:{self.user_hash}"
