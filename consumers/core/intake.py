"""From a raw record to a sample: validation, the negative rule, redaction, the source group and the holdout."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, Protocol

from consumers.core.holdout import is_holdout, normalise_group
from consumers.core.records import DECODING_ERRORS, InputRecord, Refusal
from schemas import dead_letter, topics
from schemas.document import DocumentIngested
from schemas.envelope import Envelope, MalformedEvent, decode
from schemas.feedback import FeedbackSubmitted
from schemas.fields import Provenance
from schemas.sample import SampleCollected

GROUP_CHARACTERS: Final = 500
# The limits of `schemas.fields`: a mark like [EMAIL] can be longer than the shortest address, so a full text may outgrow them.
QUERY_CHARACTERS: Final = 16_384
ANSWER_CHARACTERS: Final = 32_768


class RedactedText(Protocol):
    """A text without identity numbers, and how many of each kind were taken out."""

    @property
    def text(self) -> str: ...
    @property
    def counts(self) -> Mapping[str, int]: ...


Redact = Callable[[str], RedactedText]


@dataclass(frozen=True, slots=True)
class IntakePolicy:
    """What intake decides by; `redact` comes from the producers' side so that both sides take out the same things."""

    default_model: str
    holdout_key: bytes
    holdout_percent: int
    redact: Redact
    collect_feedback: bool = True
    max_feedback_bytes: int = topics.MAX_FEEDBACK_BYTES
    max_document_bytes: int = topics.MAX_DOCUMENT_BYTES


@dataclass(frozen=True, slots=True)
class Received:
    """A valid event before anything was made of it: what deduplication needs, and the event itself."""

    sample_id: str
    revision: int
    retracted: bool
    model: str | None
    envelope: Envelope
    event: FeedbackSubmitted | DocumentIngested


@dataclass(frozen=True, slots=True)
class Collected:
    """The sample of an event, and how many identity numbers were taken out of it."""

    sample: SampleCollected
    redactions: int


def sample_id(kind: Literal["feedback", "document"], source: str, identifier: str) -> str:
    """The hash of (`ce_source`, feedback id or doc id); the kind keeps a document apart from a feedback of the same id.

    An identifier holds no line break, so different triples never give the same text.

    >>> sample_id("feedback", "chat", "f1") == sample_id("document", "chat", "f1")
    False
    """
    return hashlib.sha256(f"{kind}\n{source}\n{identifier}".encode("utf-8", "surrogatepass")).hexdigest()


def receive(record: InputRecord, policy: IntakePolicy) -> Received | Refusal:
    """The valid event of a record of feedback.submitted or document.ingested, or why it is refused."""
    feedback = record.topic == topics.FEEDBACK_SUBMITTED
    limit = policy.max_feedback_bytes if feedback else policy.max_document_bytes
    size = len(record.value or b"")
    if size > limit:
        return Refusal(dead_letter.TOO_LARGE, f"value has {size} bytes: expected at most {limit}")
    try:
        if feedback:
            envelope, said = decode(record.value, record.headers, FeedbackSubmitted)
            identity = sample_id("feedback", envelope.source, said.feedback_id)
            return Received(identity, said.revision, said.retracted, said.model, envelope, said)
        envelope, document = decode(record.value, record.headers, DocumentIngested)
        identity = sample_id("document", envelope.source, document.doc_id)
        return Received(identity, document.version, False, document.model, envelope, document)
    except MalformedEvent as error:
        return Refusal(dead_letter.MALFORMED, str(error))
    except DECODING_ERRORS as error:
        return Refusal(dead_letter.MALFORMED, f"event: expected readable values ({type(error).__name__} while reading)")


def collect(received: Received, record: InputRecord, model: str, policy: IntakePolicy) -> Collected:
    """The redacted sample of an accepted event for `model`, with its group, its holdout quarantine and its provenance."""
    if isinstance(received.event, FeedbackSubmitted):
        return _feedback_sample(received, received.event, record, model, policy)
    return _document_sample(received, received.event, record, model, policy)


def is_negative(event: FeedbackSubmitted) -> bool:
    """Whether feedback counts towards the threshold: a score below the scale's middle (3 of 5), or a correction."""
    if event.retracted:
        return False
    return (event.rating is not None and event.rating.score < 0) or bool((event.correction or "").strip())


def _group(preferred: str, otherwise: str) -> str:
    for candidate in (preferred, otherwise):
        group = normalise_group(candidate)[:GROUP_CHARACTERS].strip()
        if group:
            return group
    # Text that normalises to nothing (a retraction without a query): one group for all of it, so that one assignment covers it.
    return "-"


def _quarantine(group: str, policy: IntakePolicy) -> Literal["holdout"] | None:
    return "holdout" if is_holdout(group, key=policy.holdout_key, percent=policy.holdout_percent) else None


def _feedback_sample(received: Received, event: FeedbackSubmitted, record: InputRecord, model: str, policy: IntakePolicy) -> Collected:
    # A retraction takes the words back too: its sample carries none.
    query, query_hits = _without_identities("" if event.retracted else event.query, policy.redact)
    response, response_hits = _without_identities("" if event.retracted else event.response, policy.redact)
    correction, correction_hits = _without_identities("" if event.retracted else event.correction or "", policy.redact)
    group = _group(event.source_group or "", query)
    sample = SampleCollected(
        sample_id=received.sample_id,
        kind="feedback",
        revision=event.revision,
        retracted=event.retracted,
        model=model,
        occurred_at=received.envelope.time,
        source=received.envelope.source,
        provenance=Provenance(topic=record.topic, partition=record.partition, offset=record.offset),
        group=group,
        language=event.language,
        negative=is_negative(event),
        quarantine=_quarantine(group, policy),
        model_version=event.model_version,
        user_hash=event.user_hash,
        conversation_id=event.conversation_id,
        query=query[:QUERY_CHARACTERS],
        response=response[:ANSWER_CHARACTERS],
        correction=correction[:ANSWER_CHARACTERS] or None,
        score=None if event.rating is None else event.rating.score,
    )
    return Collected(sample, query_hits + response_hits + correction_hits)


def _document_sample(received: Received, event: DocumentIngested, record: InputRecord, model: str, policy: IntakePolicy) -> Collected:
    text, text_hits = _without_identities(event.text or "", policy.redact)
    title, title_hits = _without_identities(event.title or "", policy.redact)
    group = _group(event.source_group or "", event.doc_id)
    sample = SampleCollected(
        sample_id=received.sample_id,
        kind="document",
        revision=event.version,
        model=model,
        occurred_at=received.envelope.time,
        source=received.envelope.source,
        provenance=Provenance(topic=record.topic, partition=record.partition, offset=record.offset),
        group=group,
        language=event.language,
        quarantine=_quarantine(group, policy),
        doc_id=event.doc_id,
        title=title or None,
        text=text or None,
        uri=event.uri,
        content_sha256=event.sha256,
    )
    return Collected(sample, text_hits + title_hits)


def _without_identities(text: str, redact: Redact) -> tuple[str, int]:
    if not text:
        return "", 0
    redacted = redact(text)
    return redacted.text, sum(redacted.counts.values())
