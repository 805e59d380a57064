"""user.erased: a user's right to be forgotten."""

from __future__ import annotations

from typing import ClassVar

from pydantic import BaseModel

from schemas import topics
from schemas.fields import EVENT_CONFIG, Identifier, Reason, UserHash


class UserErased(BaseModel):
    """Everything this user said is to go from state, buffers, datasets and exports; the topic is compacted by user."""

    TOPIC: ClassVar[str] = topics.USER_ERASED
    model_config = EVENT_CONFIG

    user_hash: UserHash
    actor: Identifier
    reason: Reason = ""

    def key(self) -> str:
        """The Kafka key: the user hash."""
        return self.user_hash

    def event_id(self) -> str:
        """One erasure a user: asking again changes nothing."""
        return f"erase:{self.user_hash}"
