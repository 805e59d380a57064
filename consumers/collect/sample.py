"""From an event to its sample: redaction, the negative rule, the source group and the holdout."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from consumers.collect.conversation import ANSWER_CHARACTERS, NO_WORDS, FeedbackWords, follow_up, texts, with_texts
from consumers.collect.daily_counts import document_contribution, feedback_contribution
from consumers.collect.decode import Received
from consumers.collect.policy import IntakePolicy
from consumers.records import DECODING_ERRORS, InputRecord, Refusal
from consumers.wire import FeedbackIn, PreferredText, SampleOut
from schemas import dead_letter
from schemas.conversation import last_user_turn
from schemas.envelope import ProvenanceOut
from schemas.events.document_ingested import DocumentIngested
from schemas.events.sample_collected import NegativeClass
from schemas.holdout import GROUP_CHARACTERS, HoldoutAssigner
from schemas.identity import MARK, normalise_group

# The limits of `schemas.fields`: a mark like [EMAIL] can be longer than the shortest address, so a full text may outgrow them.
QUERY_CHARACTERS: Final = 16_384
ID_CHARACTERS: Final = 200
PUBLISHER_CHARACTERS: Final = 300


class Collected(msgspec.Struct, frozen=True, gc=False):
    """The sample of an event, what it adds to its day's counts, and how many identity numbers were taken out of it.

    `origin` is where a document came from: its publisher, else its group.
    """

    sample: SampleOut
    contribution: tuple[int, ...]
    redactions: int
    origin: str = ""


def collect(received: Received, record: InputRecord, model: str, policy: IntakePolicy) -> Collected | Refusal:
    """The redacted sample of an accepted event for `model`, with its group, its holdout quarantine and its provenance.

    An event that no sample can be made of is refused: the same record would fail again, and must not stop those behind it.
    """
    try:
        if isinstance(received.event, FeedbackIn):
            return _feedback_sample(received, received.event, record, model, policy)
        return _document_sample(received, received.event, record, model, policy)
    except DECODING_ERRORS as error:
        return Refusal(dead_letter.MALFORMED, f"event: no sample could be made of it ({type(error).__name__})")


def is_negative(score: float | None, correction: str | None, preferred: PreferredText | None = None) -> bool:
    """Whether feedback counts towards the threshold: a score below the scale's middle (3 of 5), a correction, or a preferred answer."""
    return (score is not None and score < 0) or preferred is not None or bool(correction and correction.strip())


def waiting_contribution(received: Received, said: FeedbackIn) -> tuple[int, ...]:
    """What a feedback adds to its day's counts before it has its words."""
    negative = is_negative(received.score, said.correction, said.preferred)
    return feedback_contribution(negative, bool(said.correction), received.score is not None, said.language)


def negative_class(correction: str, words: FeedbackWords) -> NegativeClass:
    """What a negative is worth: an acceptable correction, the answer that was preferred, passages to find one in, or nothing of these."""
    if correction.strip():
        return "correction"
    return "preference" if words.preferred is not None else "answerable" if words.passages else "bare"


def _feedback_sample(received: Received, event: FeedbackIn, record: InputRecord, model: str, policy: IntakePolicy) -> Collected:
    # A retraction takes the words back too: its sample carries none.
    query, response, correction = ("", "", "") if event.retracted else (event.query, event.response, event.correction or "")
    words = NO_WORDS if event.retracted else received.words
    if words.messages and not query.strip():
        query = last_user_turn(words.messages)
    named, conversation, frontend = event.source_group or "", event.conversation_id or "", received.frontend
    told: tuple[str, ...] = (query, response, correction, named, conversation)
    redactions, redacted = 0, policy.redact(told if words is NO_WORDS else (*told, *texts(words)))
    if redacted is not None:
        (query, response, correction, clean_group, clean_conversation, *clean), redactions = redacted
        if clean_group != named:
            named = policy.name(clean_group, normalise_group(named), GROUP_CHARACTERS)
        if clean_conversation != conversation:
            conversation = policy.name(clean_conversation, conversation, ID_CHARACTERS)
        if words is not NO_WORDS:
            words = with_texts(words, iter(clean), policy)
    group, quarantine = _group(named, follow_up(words.messages, query) if words.messages else query, policy.holdout)
    negative = not event.retracted and is_negative(received.score, event.correction, event.preferred)
    # The day's figures count what was given, whatever is thought of it: so the rate is the same before and after a change of the rules.
    given, comment, left_out = correction != "", words.comment, None
    if policy.weigh is not None and correction.strip():
        left_out, correction = policy.weigh(
            query=query, response=response, correction=correction, messages=words.messages, language=event.language
        )
    if left_out is not None:
        # What is none to train on is what the user had to say beside.
        comment, correction = "\n".join(filter(None, (comment, correction)))[:ANSWER_CHARACTERS], ""
    # In the order of the fields: by their names it takes four times as long. With more than 30 arguments Python makes a list of them first,
    # so the few events that have words beside get those afterwards.
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
        negative_class=negative_class(correction, words) if negative else None,
    )
    if words is not NO_WORDS or left_out is not None:
        sample = msgspec.structs.replace(
            sample, left_out=left_out, turn_id=words.turn_id, messages=words.messages, passages=words.passages, preferred=words.preferred,
            reasons=words.reasons, comment=comment,
        )  # fmt: skip
    contribution: tuple[int, ...] = ()
    if not event.retracted:
        contribution = feedback_contribution(negative, given, sample.score is not None, event.language)
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
