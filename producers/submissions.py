"""What a frontend or a document pipeline sends us (over HTTP or in a JSONL file), and the event it becomes.

Unknown fields are refused here: at the edge they are a caller's mistake. Personal numbers and addresses are taken out
of every text, and a raw `user` becomes its keyed hash, before there is an event at all. Conversations are `producers.messages`.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from producers.cleaning import Cleaner, opaque
from producers.errors import SubmissionError
from producers.messages import (
    MessageSubmission,
    MessageSubmissions,
    PassageSubmissions,
    PreferredSubmission,
    clean_messages,
    clean_passages,
    clean_preferred,
    clean_reasons,
)
from producers.users import every_hash, hash_user, normal_user
from schemas.conversation import Comment
from schemas.event_time import EventTime
from schemas.events.document_ingested import DocumentIngested
from schemas.events.feedback_submitted import FeedbackSubmitted
from schemas.events.turn_completed import TurnCompleted
from schemas.events.user_erased import UserErased
from schemas.fields import (
    Answer,
    DocumentText,
    Group,
    Identifier,
    Language,
    Query,
    Reason,
    Sha256,
    Tag,
    UserHash,
    Version,
)
from schemas.identity import MARK
from schemas.model_name import NamedModel
from schemas.rating import Rating, Scale

__all__ = ["hash_user"]

_STRICT: Final = ConfigDict(frozen=True, extra="forbid")

RawUser = Annotated[str, StringConstraints(min_length=1, max_length=500)]


def _lower_primary(tag: Any) -> Any:
    """A language tag with its first part in lower case: tags are the same in any case, and readers know languages by that part.

    >>> _lower_primary("HI-Deva-IN")
    'hi-Deva-IN'
    """
    if not isinstance(tag, str):
        return tag
    primary, hyphen, others = tag.partition("-")
    return primary.lower() + hyphen + others


AnyCaseLanguage = Annotated[Language, BeforeValidator(_lower_primary)]
# A code of the contract or a frontend's own words (`producers.reasons`).
ReasonWords = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class RatingSubmission(BaseModel):
    """A raw value on a stated scale; the score is ours to compute."""

    model_config = _STRICT
    scale: Scale
    value: Any = Field(json_schema_extra={"type": ["number", "string", "boolean"]})  # what a scale takes is the scale's to say


class FeedbackSubmission(BaseModel):
    """A rating, a correction, a preferred answer, or a retraction; `user` is a raw id that is hashed, never kept.

    `source` names the frontend that the feedback is of: with it and the user, `feedback_id` is one feedback on every way in. `messages`
    are what the model was given before the response; with a `turn_id` the words may come from the turn instead.
    """

    model_config = _STRICT
    source: Identifier | None = None
    feedback_id: Identifier | None = None
    revision: int = Field(default=0, ge=0, le=1_000_000)
    retracted: bool = False
    model: NamedModel | None = None
    model_version: Version | None = None
    user: RawUser | None = None
    user_hash: UserHash | None = None
    conversation_id: Identifier | None = None
    language: AnyCaseLanguage | None = None
    query: Query = ""
    response: Answer = ""
    correction: Answer | None = None
    rating: RatingSubmission | None = None
    source_group: Group | None = None
    tags: tuple[Tag, ...] = Field(default=(), max_length=20)
    messages: MessageSubmissions = ()
    passages: PassageSubmissions = ()
    turn_id: Identifier | None = None
    preferred: PreferredSubmission | None = None
    reasons: tuple[ReasonWords, ...] = Field(default=(), max_length=20)
    comment: Comment | None = None
    occurred_at: EventTime | None = None


class TurnSubmission(BaseModel):
    """An answered turn as the model saw it; `user` is a raw id that is hashed, never kept, and the same that its feedback names."""

    model_config = _STRICT
    source: Identifier | None = None
    turn_id: Identifier
    model: NamedModel | None = None
    model_version: Version | None = None
    user: RawUser | None = None
    user_hash: UserHash | None = None
    conversation_id: Identifier | None = None
    language: AnyCaseLanguage | None = None
    messages: MessageSubmissions = ()
    query: Query = ""
    passages: PassageSubmissions = ()
    response: Answer
    source_group: Group | None = None
    latency_ms: float | None = Field(default=None, ge=0, le=86_400_000, allow_inf_nan=False)
    prompt_tokens: int | None = Field(default=None, ge=0, le=100_000_000)
    completion_tokens: int | None = Field(default=None, ge=0, le=100_000_000)
    tags: tuple[Tag, ...] = Field(default=(), max_length=20)
    occurred_at: EventTime | None = None


class DocumentSubmission(BaseModel):
    """A document with its text, or a reference into the object store with the hash of what lies there."""

    model_config = _STRICT
    source: Identifier | None = None
    doc_id: Identifier
    version: int = Field(default=1, ge=0)
    model: NamedModel | None = None
    sha256: Sha256 | None = None
    text: DocumentText | None = None
    uri: str | None = Field(default=None, max_length=1000, pattern=r"^s3://[^/\s]+/\S+$")
    title: str | None = Field(default=None, max_length=500)
    publisher: str | None = Field(default=None, max_length=300)
    language: AnyCaseLanguage | None = None
    source_group: Group | None = None
    tags: tuple[Tag, ...] = Field(default=(), max_length=20)
    occurred_at: EventTime | None = None


class ErasureSubmission(BaseModel):
    """Who asks for a user's erasure, and why; the reason is kept as long as the erasure."""

    model_config = _STRICT
    actor: Identifier = "api"
    reason: Reason = ""


@dataclass(frozen=True, slots=True)
class Prepared:
    """An event ready to publish: its caller's id, its time (None: now), and what was taken out of its texts.

    `source` is the frontend's name where it gave one, `correction_redactions` how many marks the correction has where something was.
    """

    event: FeedbackSubmitted | TurnCompleted | DocumentIngested
    id: str
    occurred_at: datetime | None
    redactions: Mapping[str, int]
    source: str | None = None
    correction_redactions: int = 0


Kind = Literal["feedback", "turns", "documents"]


def derived_id(kind: Kind, seed: str) -> str:
    """The id of a submission that has none: the same for the same seed, so that a retry is the same event."""
    return f"{'fb' if kind == 'feedback' else 'doc'}-{hashlib.sha256(seed.encode()).hexdigest()[:32]}"


class FallbackIds:
    """Ids for the items of one file or request that have none: from an item's content, and how many equal ones came before it.

    So an item keeps its id when others before it are left out or added. `seed` keeps requests apart that are not each other's retry.
    """

    def __init__(self, kind: Kind, seed: str = "") -> None:
        self._kind: Kind = kind
        self._seed = seed
        self._seen: Counter[bytes] = Counter()

    def of(self, item: Any) -> str:
        """The next item's id; empty for one that brings its own, or can have none."""
        if self._kind != "feedback" or not isinstance(item, dict) or item.get("feedback_id") is not None:
            return ""
        # Keys in one order, so that a file written anew by another program has the same ids.
        content = hashlib.sha256(json.dumps(item, sort_keys=True).encode()).digest()
        self._seen[content[:8]] += 1
        return derived_id(self._kind, f"{self._seed}\n{content.hex()}\n{self._seen[content[:8]]}")


def prepare_feedback(
    submission: FeedbackSubmission, *, fallback_id: str, user_hash_key: bytes | None, names_key: bytes | None = None
) -> Prepared:
    """The event of a feedback; raises SubmissionError, or pydantic's ValidationError where the contract says no.

    `names_key` (the holdout key) hashes names that hold an identity number; without it such a name is refused.
    """
    feedback_id = submission.feedback_id or fallback_id
    opaque("feedback_id", submission.feedback_id)
    clean = Cleaner(names_key)
    user_hash = _user_hash(submission.user, submission.user_hash, user_hash_key)
    if submission.turn_id is not None and user_hash is None and submission.conversation_id is None:
        raise SubmissionError("turn_id", f"turn_id needs user, user_hash or conversation_id beside it: {_FINDS_TURN}")
    _end_before(submission.response, submission.messages)
    correction = clean.optional(submission.correction)
    event = FeedbackSubmitted.model_validate(
        {
            "feedback_id": feedback_id,
            "revision": submission.revision,
            "retracted": submission.retracted,
            "model": submission.model,
            "model_version": submission.model_version,
            "user_hash": user_hash,
            "conversation_id": opaque("conversation_id", submission.conversation_id),
            "language": submission.language,
            "query": clean.text(submission.query),
            "response": clean.text(submission.response),
            "correction": correction,
            "rating": _rating(submission.rating),
            "source_group": clean.group(submission.source_group),
            "tags": [clean.text(tag) for tag in submission.tags],
            "messages": clean_messages(submission.messages, clean),
            "passages": clean_passages(submission.passages, clean),
            "turn_id": opaque("turn_id", submission.turn_id),
            "preferred": clean_preferred(submission.preferred, clean),
            "reasons": clean_reasons(submission.reasons, clean),
            "comment": clean.optional(submission.comment),
        }
    )
    source, marks = clean.name("source", submission.source, 200), len(MARK.findall(correction or ""))
    return Prepared(event, feedback_id, submission.occurred_at, clean.counts, source, marks)


def prepare_turn(submission: TurnSubmission, *, user_hash_key: bytes | None, names_key: bytes | None = None) -> Prepared:
    """The event of an answered turn; raises as `prepare_feedback` does."""
    clean = Cleaner(names_key)
    user_hash = _user_hash(submission.user, submission.user_hash, user_hash_key)
    if user_hash is None and submission.conversation_id is None:
        raise SubmissionError("user", f"user, user_hash and conversation_id are all absent: {_FINDS_TURN}")
    _end_before(submission.response, submission.messages)
    event = TurnCompleted.model_validate(
        {
            "turn_id": opaque("turn_id", submission.turn_id),
            "model": submission.model,
            "model_version": submission.model_version,
            "user_hash": user_hash,
            "conversation_id": opaque("conversation_id", submission.conversation_id),
            "language": submission.language,
            "messages": clean_messages(submission.messages, clean),
            "query": clean.text(submission.query),
            "passages": clean_passages(submission.passages, clean),
            "response": clean.text(submission.response),
            "source_group": clean.group(submission.source_group),
            "latency_ms": submission.latency_ms,
            "prompt_tokens": submission.prompt_tokens,
            "completion_tokens": submission.completion_tokens,
            "tags": [clean.text(tag) for tag in submission.tags],
        }
    )
    return Prepared(event, submission.turn_id, submission.occurred_at, clean.counts, clean.name("source", submission.source, 200))


def prepare_document(submission: DocumentSubmission, *, names_key: bytes | None = None) -> Prepared:
    """The event of a document; raises SubmissionError, or pydantic's ValidationError where the contract says no.

    A given `sha256` is checked against the text as it came; the event's is of the text as it is published. `names_key` as in
    `prepare_feedback`.
    """
    opaque("doc_id", submission.doc_id)
    if submission.uri is not None and submission.sha256 is None:
        raise SubmissionError("sha256", "sha256 is absent: a document by uri needs the sha256 of its UTF-8 text")
    clean = Cleaner(names_key)
    sha256 = submission.sha256
    text = clean.optional(submission.text)
    if submission.text is not None and text is not None:
        if sha256 is not None and sha256 != hashlib.sha256(submission.text.encode()).hexdigest():
            raise SubmissionError("sha256", "sha256 is not that of text: expected the sha256 of its UTF-8 bytes, or none")
        sha256 = hashlib.sha256(text.encode()).hexdigest()
    event = DocumentIngested(
        doc_id=submission.doc_id,
        version=submission.version,
        model=submission.model,
        sha256=sha256 or "0" * 64,  # neither text nor uri: the contract's own message names both
        text=text,
        uri=submission.uri,
        title=clean.optional(submission.title),
        publisher=clean.name("publisher", submission.publisher, 300),
        language=submission.language,
        source_group=clean.group(submission.source_group),
        tags=tuple(clean.text(tag) for tag in submission.tags),
    )
    return Prepared(event, submission.doc_id, submission.occurred_at, clean.counts, clean.name("source", submission.source, 200))


def prepare_erasures(user: str, submission: ErasureSubmission, *, hashed: bool, user_hash_key: bytes | None) -> tuple[UserErased, ...]:
    """The events that erase a user, given by raw id (hashed here, never kept) or, with `hashed`, by `user_hash`; the user's own hash first.

    Of a raw id there is one for each hash that the user may have been given. Raises SubmissionError, or pydantic's ValidationError for
    what is no user hash.
    """
    opaque("actor", submission.actor)
    reason = Cleaner(None).text(submission.reason)
    hashes = (user,) if hashed else every_hash(_usable(user, user_hash_key), user)
    return tuple(UserErased(user_hash=user_hash, actor=submission.actor, reason=reason) for user_hash in hashes)


# What a turn and its feedback are brought together by.
_FINDS_TURN: Final = "expected one of them, the same with a turn as with its feedback"


def _end_before(response: str, messages: Sequence[MessageSubmission]) -> None:
    """Raises SubmissionError where the last message is the response itself: the model would be taught to answer what it has answered."""
    last = messages[-1] if messages else None
    if last is not None and last.role == "assistant" and response.strip() and (last.content or "").strip() == response.strip():
        field = f"messages[{len(messages) - 1}]"
        raise SubmissionError(field, f"{field} is the response: expected what the model was given before it")


def _user_hash(user: str | None, user_hash: str | None, key: bytes | None) -> str | None:
    if user is None:
        return user_hash
    if user_hash is not None:
        raise SubmissionError("user", "user and user_hash are both given: expected one of them")
    return hash_user(_usable(user, key), user)


def _usable(user: str, key: bytes | None) -> bytes:
    """The key, where there is one and something to hash; raises SubmissionError."""
    if key is None:
        raise SubmissionError("user", "user cannot be hashed here: set USER_HASH_KEY to a long random string, or send user_hash")
    if not normal_user(user):
        raise SubmissionError("user", "user is blank: expected the id of a user, or none")
    return key


def _rating(rating: RatingSubmission | None) -> Rating | None:
    return None if rating is None else Rating.model_validate({"scale": rating.scale, "value": rating.value})
