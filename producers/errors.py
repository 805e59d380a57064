"""Why a submission is no event, and why an event could not be put on its topic: each kind says whether another try can help."""

from __future__ import annotations


class PublishError(Exception):
    """The event is not on its topic; the message says why and what to do."""


class KafkaAway(PublishError):
    """Kafka cannot be reached, or did not acknowledge in time: try again, the event keeps its id."""


class Overloaded(PublishError):
    """The bytes in flight of the event's partition are used up: try again after `retry_after_s` seconds."""

    def __init__(self, message: str, retry_after_s: float) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class EventTooLarge(PublishError):
    """The event is over its topic's limit: it will never be taken as it is."""


class SubmissionError(ValueError):
    """A submission cannot become an event; `field` is the one to change."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
