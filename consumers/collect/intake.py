"""From a raw record to a sample: validation, the negative rule, redaction, the source group and the holdout."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from hashlib import blake2b
from typing import Final, Literal, NamedTuple

import msgspec

from consumers.collect.daily_counts import document_contribution, feedback_contribution
from consumers.collect.deduplication import CONTENT_BYTES
from consumers.records import DECODING_ERRORS, InputRecord, Refusal
from consumers.wire import FeedbackIn, SampleOut
from schemas import dead_letter, topics
from schemas.envelope import Envelope, MalformedEvent, ProvenanceOut, decode, unwrap
from schemas.events.document_ingested import DocumentIngested
from schemas.fields import FORBIDDEN_CHARACTERS
from schemas.holdout import GROUP_CHARACTERS, HoldoutAssigner
from schemas.identity import MARK, document_digest, feedback_digest, frontend_of, keyed_name, normalise_group
from schemas.json_text import trouble
from schemas.model_name import model_slug
from schemas.rating import checked_score

# The limits of `schemas.fields`: a mark like [EMAIL] can be longer than the shortest address, so a full text may outgrow them.
QUERY_CHARACTERS: Final = 16_384
ANSWER_CHARACTERS: Final = 32_768
ID_CHARACTERS: Final = 200
PUBLISHER_CHARACTERS: Final = 300
# Far above any URI that names a frontend.
SOURCE_CHARACTERS: Final = 2_000
# What every reader's integers hold.
LARGEST_VERSION: Final = (1 << 63) - 1

# The patterns of `schemas.fields`, whole.
_IDENTIFIER: Final = re.compile(rf"[^\s{FORBIDDEN_CHARACTERS}]+").fullmatch
_USER_HASH: Final = lru_cache(16_384)(re.compile(r"[0-9a-f]{32,64}").fullmatch)
_VERSION: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}").fullmatch
_LANGUAGE: Final = re.compile(r"(?!.{36})[a-z]{2,3}(-[A-Za-z0-9]{2,8})*").fullmatch
# Typed: True is not the number 1.
_checked_score: Final = lru_cache(1024, typed=True)(checked_score)
_PLACE: Final = re.compile(r"(?P<what>.*) - at `\$(?P<place>.*)`", re.DOTALL)
_MISSING: Final = re.compile(r"Object missing required field `(?P<name>.*?)`")


# The texts without identity numbers, and how many were taken out; None where they are to stay as they are.
Redact = Callable[[Sequence[str]], tuple[Sequence[str], int] | None]


@dataclass(frozen=True)
class IntakePolicy:
    """What intake decides by; `redact` comes from the producers' side so that both sides take out the same things.

    An event older than the newest of its partition by more than `lateness_s` is refused, and so is one more than `future_s` ahead of
    the broker's time of its record.
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


class Received(msgspec.Struct, frozen=True, gc=False):
    """A valid event before anything was made of it: what deduplication needs, and the event itself.

    `identifier` is the frontend's own id, `content` the hash of what the event says: not its id, user, revision and time.
    """

    sample: bytes
    identifier: str
    content: bytes
    frontend: Frontend
    revision: int
    retracted: bool
    model: str | None
    user_hash: str | None
    score: float | None
    envelope: Envelope
    event: FeedbackIn | DocumentIngested


class Collected(msgspec.Struct, frozen=True, gc=False):
    """The sample of an event, what it adds to its day's counts, and how many identity numbers were taken out of it.

    `origin` is where a document came from: its publisher, else its group.
    """

    sample: SampleOut
    contribution: tuple[int, ...]
    redactions: int
    origin: str = ""


def receive(record: InputRecord, policy: IntakePolicy) -> Received | Refusal:
    """The valid event of a record of feedback.submitted or document.ingested, or why it is refused."""
    feedback = record.topic == topics.FEEDBACK_SUBMITTED
    limit = policy.max_feedback_bytes if feedback else policy.max_document_bytes
    size = len(record.value or b"")
    if size > limit:
        return Refusal(dead_letter.TOO_LARGE, f"value has {size} bytes: expected at most {limit}")
    try:
        return _feedback(record, policy) if feedback else _document(record, policy)
    except MalformedEvent as error:
        return Refusal(dead_letter.MALFORMED, str(error))
    except DECODING_ERRORS as error:
        return Refusal(dead_letter.MALFORMED, unread(record, error))


def unread(record: InputRecord, error: Exception) -> str:
    """Why a record was not decoded: the field and what was expected, without a value."""
    if isinstance(error, msgspec.ValidationError):
        return explain(error)
    # Of what is no JSON, or a text that is none, our own reader knows the field.
    found = trouble(record.value or b"")
    if found is None and isinstance(error, msgspec.DecodeError):
        found = explain(error)
    return found or f"event: expected readable values ({type(error).__name__} while reading)"


def collect(received: Received, record: InputRecord, model: str, policy: IntakePolicy) -> Collected:
    """The redacted sample of an accepted event for `model`, with its group, its holdout quarantine and its provenance."""
    if isinstance(received.event, FeedbackIn):
        return _feedback_sample(received, received.event, record, model, policy)
    return _document_sample(received, received.event, record, model, policy)


def is_negative(score: float | None, correction: str | None) -> bool:
    """Whether feedback counts towards the threshold: a score below the scale's middle (3 of 5), or a correction."""
    return (score is not None and score < 0) or bool(correction and correction.strip())


def explain(error: msgspec.DecodeError) -> str:
    """msgspec's error with the field first, as all our messages have it; it never holds a value.

    >>> explain(msgspec.ValidationError("Expected `int`, got `str` - at `$.revision`"))
    'revision: expected `int`, got `str`'
    """
    text = str(error)
    found = _PLACE.fullmatch(text)
    what, place = (found["what"], found["place"].lstrip(".")) if found else (text, "event")
    missing = _MISSING.fullmatch(what)
    if missing:
        place, what = ".".join(filter(None, ("" if place == "event" else place, missing["name"]))), "expected, and absent"
    return f"{place or 'event'}: {what[0].lower()}{what[1:]}"


_decode_feedback: Final = msgspec.json.Decoder(FeedbackIn).decode


# What somebody says who takes their words back, whatever the record holds beside.
_NOTHING_SAID: Final = bytes(CONTENT_BYTES)
_canonical: Final = msgspec.msgpack.Encoder().encode


def _content(*said: object) -> bytes:
    """The hash of what an event says. About 1.5 µs for an event of 450 bytes."""
    return blake2b(_canonical(said), digest_size=CONTENT_BYTES).digest()


def _feedback(record: InputRecord, policy: IntakePolicy) -> Received:
    envelope, data = unwrap(record.value, record.headers, topics.FEEDBACK_SUBMITTED)
    said = _with_slug(_decode_feedback(data))
    _check_names(said)
    score = _score(said)
    if not said.retracted:
        if not said.query.strip():
            raise MalformedEvent("query is empty: expected the user's question")
        if score is None and not (said.correction or "").strip():
            raise MalformedEvent("rating and correction are both absent: expected at least one of them, or retracted=true")
    frontend, rating = policy.frontend(envelope.source), said.rating
    content = _NOTHING_SAID if said.retracted else _content(
        said.model, said.model_version, said.conversation_id, said.language, said.query, said.response, said.correction or None,
        None if rating is None else (rating.scale, rating.value), said.source_group, said.tags,
    )  # fmt: skip
    return Received(
        feedback_digest(frontend.identity, said.user_hash, said.feedback_id),
        said.feedback_id,
        content,
        frontend,
        said.revision,
        said.retracted,
        said.model,
        said.user_hash,
        score,
        envelope,
        said,
    )


def _document(record: InputRecord, policy: IntakePolicy) -> Received:
    envelope, event = decode(record.value, record.headers, DocumentIngested)
    if event.version > LARGEST_VERSION:
        raise MalformedEvent(f"version: expected at most {LARGEST_VERSION}")
    frontend = policy.frontend(envelope.source)
    sample = document_digest(frontend.identity, event.doc_id)
    # The text is in its hash.
    content = _content(
        event.model, event.sha256, event.uri, event.title, event.publisher, event.language, event.source_group, event.tags
    )  # fmt: skip
    return Received(sample, event.doc_id, content, frontend, event.version, False, event.model, None, None, envelope, event)


def _score(said: FeedbackIn) -> float | None:
    if said.rating is None:
        return None
    try:
        return _checked_score(said.rating.scale, said.rating.value, said.rating.score)
    except ValueError as error:
        raise MalformedEvent(str(error)) from None


def _with_slug(said: FeedbackIn) -> FeedbackIn:
    """The event with its model's slug: whatever the frontend calls the model, and whatever way it came, it says the same."""
    if said.model is None:
        return said
    try:
        slug = model_slug(said.model)
    except ValueError as error:
        raise MalformedEvent(f"model: {error}") from None
    return said if slug == said.model else msgspec.structs.replace(said, model=slug)


def _is_identifier(name: str) -> bool:
    # What is printable holds no control character and, but for the space itself, no white space: most names need no pattern.
    return (name.isprintable() and " " not in name) or _IDENTIFIER(name) is not None


def _check_names(said: FeedbackIn) -> None:
    """Raises MalformedEvent for a name that is not of its pattern, and for texts that hold the NUL character."""
    if not _is_identifier(said.feedback_id):
        raise MalformedEvent("feedback_id: expected no white space and no control characters")
    if said.user_hash is not None and not _USER_HASH(said.user_hash):
        raise MalformedEvent("user_hash: expected 32 to 64 digits of lower-case hexadecimal")
    if said.conversation_id is not None and not _is_identifier(said.conversation_id):
        raise MalformedEvent("conversation_id: expected no white space and no control characters")
    wrong = _wrong_of(said.model_version, said.language)
    if wrong is not None:
        raise MalformedEvent(wrong)
    if "\x00" in said.query or "\x00" in said.response or "\x00" in (said.correction or "") or "\x00" in (said.source_group or ""):
        raise MalformedEvent("query, response, correction, source_group: must not contain the NUL character")


# These two repeat, so what was found is remembered.
@lru_cache(4096)
def _wrong_of(model_version: str | None, language: str | None) -> str | None:
    if model_version is not None and not _VERSION(model_version):
        return "model_version: expected up to 100 letters, digits, '.', '_' and '-', a letter or digit first"
    if language is not None and not _LANGUAGE(language):
        return "language: expected a language tag such as hi or en-IN"
    return None


def _feedback_sample(received: Received, event: FeedbackIn, record: InputRecord, model: str, policy: IntakePolicy) -> Collected:
    # A retraction takes the words back too: its sample carries none.
    query, response, correction = ("", "", "") if event.retracted else (event.query, event.response, event.correction or "")
    named, conversation, frontend = event.source_group or "", event.conversation_id or "", received.frontend
    redactions, redacted = 0, policy.redact((query, response, correction, named, conversation))
    if redacted is not None:
        (query, response, correction, clean_group, clean_conversation), redactions = redacted
        if clean_group != named:
            named = policy.name(clean_group, normalise_group(named), GROUP_CHARACTERS)
        if clean_conversation != conversation:
            conversation = policy.name(clean_conversation, conversation, ID_CHARACTERS)
    group, quarantine = _group(named, query, policy.holdout)
    negative = not event.retracted and is_negative(received.score, event.correction)
    # In the order of the fields: by their names it takes four times as long.
    sample = SampleOut(
        received.sample.hex(),
        "feedback",
        event.revision,
        model,
        received.envelope.time_text,
        frontend.name,
        ProvenanceOut(record.topic, record.partition, record.offset),
        group,
        event.retracted,
        event.language,
        negative,
        quarantine,
        event.model_version,
        event.user_hash,
        conversation or None,
        query if len(query) <= QUERY_CHARACTERS else query[:QUERY_CHARACTERS],
        response if len(response) <= ANSWER_CHARACTERS else response[:ANSWER_CHARACTERS],
        correction[:ANSWER_CHARACTERS] or None,
        received.score,
        received.content.hex(),
        # Of both sides: the producers took out most before the event was published.
        len(MARK.findall(correction)) if "[" in correction else 0,
    )
    contribution: tuple[int, ...] = ()
    if not event.retracted:
        contribution = feedback_contribution(negative, sample.correction is not None, sample.score is not None, event.language)
    return Collected(sample, contribution, redactions + frontend.redactions)


def _document_sample(received: Received, event: DocumentIngested, record: InputRecord, model: str, policy: IntakePolicy) -> Collected:
    text, title, doc_id, named, frontend = event.text or "", event.title or "", event.doc_id, event.source_group or "", received.frontend
    # The one text of a document that may hold a NUL, which redaction separates texts by.
    publisher = (event.publisher or "").replace("\x00", " ")
    redactions, redacted = 0, policy.redact((text, title, doc_id, named, publisher))
    if redacted is not None:
        (text, title, clean_id, clean_group, clean_publisher), redactions = redacted
        if clean_id != doc_id:
            doc_id = policy.name(clean_id, doc_id, ID_CHARACTERS)
        if clean_group != named:
            named = policy.name(clean_group, normalise_group(named), GROUP_CHARACTERS)
        if clean_publisher != publisher:
            publisher = policy.name(clean_publisher, publisher, PUBLISHER_CHARACTERS)
    group, quarantine = _group(named, doc_id, policy.holdout)
    sample = SampleOut(
        sample_id=received.sample.hex(),
        kind="document",
        revision=event.version,
        model=model,
        occurred_at=received.envelope.time_text,
        source=frontend.name,
        provenance=ProvenanceOut(record.topic, record.partition, record.offset),
        group=group,
        language=event.language,
        quarantine=quarantine,
        doc_id=doc_id,
        title=title or None,
        text=text or None,
        uri=event.uri,
        content_sha256=event.sha256,
        publisher=publisher or None,
        content=received.content.hex(),
    )
    return Collected(sample, document_contribution(text), redactions + frontend.redactions, publisher or group)


def _group(preferred: str, otherwise: str, holdout: HoldoutAssigner) -> tuple[str, Literal["holdout"] | None]:
    group, held_out = holdout.assign(preferred or otherwise)
    if not group and preferred:
        group, held_out = holdout.assign(otherwise)
    if group:
        return group, "holdout" if held_out else None
    # Text that normalises to nothing (a retraction without a query): one group for all of it, so that one assignment covers it.
    return "-", "holdout" if holdout.assign("-")[1] else None
