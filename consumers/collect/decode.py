"""From a record to a valid event, or why it is refused: sizes, types, patterns, and the hash of what it says."""

from __future__ import annotations

import math
import re
from functools import lru_cache
from hashlib import blake2b
from typing import Final, TypeVar

import msgspec

from consumers.collect import conversation
from consumers.collect.conversation import NO_WORDS, FeedbackWords, words_of
from consumers.collect.deduplication import CONTENT_BYTES, ID_BYTES, USER_BYTES
from consumers.collect.policy import Frontend, IntakePolicy
from consumers.records import DECODING_ERRORS, InputRecord, Refusal
from consumers.wire import FeedbackIn, TurnIn
from schemas import dead_letter, topics
from schemas.conversation import last_user_turn
from schemas.envelope import Envelope, MalformedEvent, decode, unwrap
from schemas.events.document_ingested import DocumentIngested
from schemas.events.user_erased import UserErased
from schemas.fields import FORBIDDEN_CHARACTERS, LANGUAGE_TAG
from schemas.identity import document_digest, feedback_digest, turn_digest
from schemas.model_name import model_slug
from schemas.rating import checked_score
from schemas.reading.json_text import trouble

# What every reader's integers hold.
LARGEST_VERSION: Final = (1 << 63) - 1

# The patterns of `schemas.fields`, whole.
_IDENTIFIER: Final = re.compile(rf"[^\s{FORBIDDEN_CHARACTERS}]+").fullmatch
_USER_HASH: Final = lru_cache(16_384)(re.compile(r"[0-9a-f]{32,64}").fullmatch)
_VERSION: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}").fullmatch
_LANGUAGE: Final = re.compile(rf"(?!.{{36}})({LANGUAGE_TAG})").fullmatch
# Typed: True is not the number 1.
_checked_score: Final = lru_cache(1024, typed=True)(checked_score)
_PLACE: Final = re.compile(r"(?P<what>.*) - at `\$(?P<place>.*)`", re.DOTALL)
_MISSING: Final = re.compile(r"Object missing required field `(?P<name>.*?)`")


class Received(msgspec.Struct, frozen=True, gc=False):
    """A valid event before anything was made of it: what deduplication needs, and the event itself.

    `identifier` is the frontend's own id, `user` what the state knows of whoever said it (empty for nobody), `content` the hash of what
    the event says: not its id, user, revision and time. `turn` is what the state knows of the turn that its words are from (empty: they
    are its own), `words` what a feedback brings beside query, response and correction.
    """

    sample: bytes
    identifier: str
    content: bytes
    frontend: Frontend
    revision: int
    retracted: bool
    model: str | None
    user: bytes
    score: float | None
    envelope: Envelope
    event: FeedbackIn | DocumentIngested
    words: FeedbackWords = NO_WORDS
    turn: bytes = b""


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


def receive_erasure(record: InputRecord) -> tuple[bytes, int] | Refusal:
    """Whose words an erasure takes back (the first bytes of the user's hash), and up to when (seconds since 1970 UTC); or why not."""
    try:
        envelope, event = decode(record.value, record.headers, UserErased)
    except MalformedEvent as error:
        return Refusal(dead_letter.MALFORMED, str(error))
    except DECODING_ERRORS as error:
        return Refusal(dead_letter.MALFORMED, f"event: expected readable values ({type(error).__name__} while reading)")
    return user_key(event.user_hash), math.floor(envelope.time.timestamp())


def user_key(user_hash: str) -> bytes:
    """What the state knows of a user: the first bytes of the hash."""
    return bytes.fromhex(user_hash[: 2 * USER_BYTES])


def unread(record: InputRecord, error: Exception) -> str:
    """Why a record was not decoded: the field and what was expected, without a value."""
    if isinstance(error, msgspec.ValidationError):
        return explain(error)
    # Of what is no JSON, or a text that is none, our own reader knows the field.
    found = trouble(record.value or b"")
    if found is None and isinstance(error, msgspec.DecodeError):
        found = explain(error)
    return found or f"event: expected readable values ({type(error).__name__} while reading)"


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


SaidT = TypeVar("SaidT", FeedbackIn, TurnIn)
_decode_feedback: Final = msgspec.json.Decoder(FeedbackIn).decode


# What somebody says who takes their words back, whatever the record holds beside.
_NOTHING_SAID: Final = bytes(CONTENT_BYTES)
_canonical: Final = msgspec.msgpack.Encoder().encode


def _content(said: tuple[object, ...]) -> bytes:
    """The hash of what an event says. About 1.5 µs for an event of 450 bytes."""
    return blake2b(_canonical(said), digest_size=CONTENT_BYTES).digest()


def _feedback(record: InputRecord, policy: IntakePolicy) -> Received:
    envelope, data = unwrap(record.value, record.headers, topics.FEEDBACK_SUBMITTED)
    said = with_slug(_decode_feedback(data))
    _check_names(said)
    words, waits = NO_WORDS, False
    if said.turn_id or said.messages or said.passages or said.preferred or said.reasons or said.comment:
        words = words_of(said)
        _check_words(said)
        waits = said.turn_id is not None and not said.retracted and not said.response.strip()
    score = _score(said)
    if not said.retracted:
        if not (waits or said.query.strip() or last_user_turn(said.messages).strip()):
            raise MalformedEvent(
                "query is empty: expected the user's question, in query or as the last user turn of messages, or a turn_id"
            )
        if score is None and said.preferred is None and not (said.correction or "").strip():
            raise MalformedEvent(
                "rating and correction are both absent, and preferred too: expected at least one of them, or retracted=true"
            )
    frontend, rating = policy.frontend(envelope.source), said.rating
    told = (
        said.model, said.model_version, said.conversation_id, said.language, said.query, said.response, said.correction or None,
        None if rating is None else (rating.scale, rating.value), said.source_group, said.tags,
    )  # fmt: skip
    # Where there are no words beside, the hash is that of the release before.
    content = _NOTHING_SAID if said.retracted else _content(told if words is NO_WORDS else (*told, words))
    return Received(
        feedback_digest(frontend.identity, said.user_hash, said.feedback_id),
        said.feedback_id,
        content,
        frontend,
        said.revision,
        said.retracted,
        said.model,
        bytes.fromhex(said.user_hash[: 2 * USER_BYTES]) if said.user_hash else b"",
        score,
        envelope,
        said,
        words,
        turn_digest(frontend.identity, said.user_hash, said.conversation_id, said.turn_id or "")[:ID_BYTES] if waits else b"",
    )


def _document(record: InputRecord, policy: IntakePolicy) -> Received:
    envelope, event = decode(record.value, record.headers, DocumentIngested)
    if event.version > LARGEST_VERSION:
        raise MalformedEvent(f"version: expected at most {LARGEST_VERSION}")
    frontend = policy.frontend(envelope.source)
    sample = document_digest(frontend.identity, event.doc_id)
    # The text is in its hash.
    content = _content((event.model, event.sha256, event.uri, event.title, event.publisher, event.language, event.source_group, event.tags))
    return Received(sample, event.doc_id, content, frontend, event.version, False, event.model, b"", None, envelope, event)


def _score(said: FeedbackIn) -> float | None:
    if said.rating is None:
        return None
    try:
        return _checked_score(said.rating.scale, said.rating.value, said.rating.score)
    except ValueError as error:
        raise MalformedEvent(str(error)) from None


def with_slug(said: SaidT) -> SaidT:
    """The event with its model's slug: whatever the frontend calls the model, and whatever way it came, it says the same."""
    if said.model is None:
        return said
    try:
        slug = model_slug(said.model)
    except ValueError as error:
        raise MalformedEvent(f"model: {error}") from None
    return said if slug == said.model else msgspec.structs.replace(said, model=slug)


def is_identifier(name: str) -> bool:
    """Whether a text is an identifier by the contract's pattern."""
    # What is printable holds no control character and, but for the space itself, no white space: most names need no pattern.
    return (name.isprintable() and " " not in name) or _IDENTIFIER(name) is not None


def _check_names(said: FeedbackIn) -> None:
    """Raises MalformedEvent for a name that is not of its pattern, and for texts that hold the NUL character."""
    if not is_identifier(said.feedback_id):
        raise MalformedEvent("feedback_id: expected no white space and no control characters")
    check_people(said)
    if "\x00" in said.query or "\x00" in said.response or "\x00" in (said.correction or "") or "\x00" in (said.source_group or ""):
        raise MalformedEvent("query, response, correction, source_group: must not contain the NUL character")


def check_people(said: FeedbackIn | TurnIn) -> None:
    """Raises MalformedEvent for names of user, conversation, version and language that are not of their patterns."""
    if said.user_hash is not None and not _USER_HASH(said.user_hash):
        raise MalformedEvent("user_hash: expected 32 to 64 digits of lower-case hexadecimal")
    if said.conversation_id is not None and not is_identifier(said.conversation_id):
        raise MalformedEvent("conversation_id: expected no white space and no control characters")
    wrong = _wrong_of(said.model_version, said.language)
    if wrong is not None:
        raise MalformedEvent(wrong)


def _check_words(said: FeedbackIn) -> None:
    """Raises MalformedEvent for what a feedback brings beside its rating, query, response and correction, and the contract has not."""
    check_conversation(said)
    if said.turn_id is not None and not is_identifier(said.turn_id):
        raise MalformedEvent("turn_id: expected no white space and no control characters")
    if said.turn_id is not None and said.user_hash is None and said.conversation_id is None:
        raise MalformedEvent("turn_id needs user_hash or conversation_id beside it: expected one of them, a turn is found by it")
    if "\x00" in (said.comment or "") or (said.preferred is not None and "\x00" in said.preferred.answer):
        raise MalformedEvent("comment, preferred: must not contain the NUL character")


def check_conversation(said: FeedbackIn | TurnIn) -> None:
    """Raises MalformedEvent for messages and passages that are not the contract's."""
    wrong = conversation.wrong_of(said)
    if wrong is not None:
        raise MalformedEvent(wrong)
    for passage in said.passages:
        if not all(name is None or is_identifier(name) for name in (passage.id, passage.doc_id)):
            raise MalformedEvent("passages: id, doc_id: expected no white space and no control characters")


# These two repeat, so what was found is remembered.
@lru_cache(4096)
def _wrong_of(model_version: str | None, language: str | None) -> str | None:
    if model_version is not None and not _VERSION(model_version):
        return "model_version: expected up to 100 letters, digits, '.', '_' and '-', a letter or digit first"
    if language is not None and not _LANGUAGE(language):
        return "language: expected a language tag of BCP 47 such as hi, en-IN or sr-Latn-RS, its first part in lower case"
    return None
