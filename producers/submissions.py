"""What a frontend or a document pipeline sends us (over HTTP or in a JSONL file), and the event it becomes.

Unknown fields are refused here: at the edge they are a caller's mistake. Personal numbers and addresses are taken out
of every text, and a raw `user` becomes its keyed hash, before there is an event at all.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from producers.redaction.redact import redact
from producers.users import every_hash, hash_user, normal_user
from schemas.event_time import EventTime
from schemas.events.document_ingested import DocumentIngested
from schemas.events.feedback_submitted import FeedbackSubmitted
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
from schemas.identity import MARK, keyed_name, normalise_group
from schemas.model_name import NamedModel
from schemas.rating import Rating, Scale

__all__ = ["hash_user"]

_STRICT: Final = ConfigDict(frozen=True, extra="forbid")

RawUser = Annotated[str, StringConstraints(min_length=1, max_length=500)]


class SubmissionError(ValueError):
    """A submission cannot become an event; `field` is the one to change."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class RatingSubmission(BaseModel):
    """A raw value on a stated scale; the score is ours to compute."""

    model_config = _STRICT
    scale: Scale
    value: Any = Field(json_schema_extra={"type": ["number", "string", "boolean"]})  # what a scale takes is the scale's to say


class FeedbackSubmission(BaseModel):
    """A rating, a correction, both, or a retraction; `user` is a raw id that is hashed, never kept.

    `source` names the frontend that the feedback is of: with it and the user, `feedback_id` is one feedback on every way in.
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
    language: Language | None = None
    query: Query = ""
    response: Answer = ""
    correction: Answer | None = None
    rating: RatingSubmission | None = None
    source_group: Group | None = None
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
    language: Language | None = None
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

    event: FeedbackSubmitted | DocumentIngested
    id: str
    occurred_at: datetime | None
    redactions: Mapping[str, int]
    source: str | None = None
    correction_redactions: int = 0


Kind = Literal["feedback", "documents"]


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
    _opaque("feedback_id", submission.feedback_id)
    _opaque("conversation_id", submission.conversation_id)
    clean = _Cleaner(names_key)
    correction = clean.optional(submission.correction)
    event = FeedbackSubmitted(
        feedback_id=feedback_id,
        revision=submission.revision,
        retracted=submission.retracted,
        model=submission.model,
        model_version=submission.model_version,
        user_hash=_user_hash(submission, user_hash_key),
        conversation_id=submission.conversation_id,
        language=submission.language,
        query=clean.text(submission.query),
        response=clean.text(submission.response),
        correction=correction,
        rating=_rating(submission.rating),
        source_group=clean.group(submission.source_group),
        tags=tuple(clean.text(tag) for tag in submission.tags),
    )
    source, marks = clean.name("source", submission.source, 200), len(MARK.findall(correction or ""))
    return Prepared(event, feedback_id, submission.occurred_at, clean.counts, source, marks)


def prepare_document(submission: DocumentSubmission, *, names_key: bytes | None = None) -> Prepared:
    """The event of a document; raises SubmissionError, or pydantic's ValidationError where the contract says no.

    A given `sha256` is checked against the text as it came; the event's is of the text as it is published. `names_key` as in
    `prepare_feedback`.
    """
    _opaque("doc_id", submission.doc_id)
    if submission.uri is not None and submission.sha256 is None:
        raise SubmissionError("sha256", "sha256 is absent: a document by uri needs the sha256 of its UTF-8 text")
    clean = _Cleaner(names_key)
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
    _opaque("actor", submission.actor)
    reason = _Cleaner(None).text(submission.reason)
    hashes = (user,) if hashed else every_hash(_usable(user, user_hash_key), user)
    return tuple(UserErased(user_hash=user_hash, actor=submission.actor, reason=reason) for user_hash in hashes)


class _Cleaner:
    """Redacts texts and adds up what it took out."""

    def __init__(self, names_key: bytes | None) -> None:
        self.counts: Counter[str] = Counter()
        self._names_key = names_key

    def text(self, text: str) -> str:
        redacted = redact(text)
        self.counts.update(redacted.counts)
        return redacted.text

    def optional(self, text: str | None) -> str | None:
        return None if text is None else self.text(text)

    def name(self, field: str, name: str | None, limit: int, *, identity: str | None = None) -> str | None:
        """A name, or its keyed hash where it holds an identity number: a mark would make two names one. As stage 1 does it."""
        if name is None:
            return None
        redacted = self.text(name)
        if redacted == name:
            return name
        if self._names_key is None:
            raise SubmissionError(
                field, f"{field} holds an identity number, and names are hashed by a key that is not known here: set HOLDOUT_KEY"
            )
        return keyed_name(redacted, name if identity is None else identity, self._names_key, limit=limit)

    def group(self, name: str | None) -> str | None:
        """A source group: ways of writing it that are one group stay one."""
        return self.name("source_group", name, 500, identity=normalise_group(name or ""))


def _opaque(field: str, value: str | None) -> None:
    # An id cannot be redacted: two people's would become one.
    if value is None:
        return
    found = redact(value).counts
    if "email" in found or "upi" in found:
        named = "an e-mail address" if "email" in found else "a UPI id"
        raise SubmissionError(field, f"{field} holds {named}: expected an opaque id (a person belongs into user)")


def _user_hash(submission: FeedbackSubmission, key: bytes | None) -> str | None:
    if submission.user is None:
        return submission.user_hash
    if submission.user_hash is not None:
        raise SubmissionError("user", "user and user_hash are both given: expected one of them")
    return _hashed(submission.user, key)


def _hashed(user: str, key: bytes | None) -> str:
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
