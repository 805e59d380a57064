"""From a record of turn.completed to a valid turn, or why it is refused; and the words that feedback gets from it. Pure."""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

import msgspec

from consumers.collect.conversation import words_of
from consumers.collect.decode import Received, check_conversation, check_people, is_identifier, unread, with_slug
from consumers.collect.deduplication import CONTENT_BYTES, ID_BYTES, USER_BYTES
from consumers.collect.policy import IntakePolicy
from consumers.records import DECODING_ERRORS, InputRecord, Refusal
from consumers.wire import FeedbackIn, TurnIn
from schemas import dead_letter, topics
from schemas.conversation import last_user_turn
from schemas.envelope import Envelope, MalformedEvent, unwrap
from schemas.identity import turn_digest


class ReceivedTurn(msgspec.Struct, frozen=True, gc=False):
    """A valid turn: what the state knows of it (`turn`) and of its user, and the hash of the words that feedback gets from it."""

    turn: bytes
    user: bytes
    content: bytes
    envelope: Envelope
    event: TurnIn


_decode: Final = msgspec.json.Decoder(TurnIn).decode
_canonical: Final = msgspec.msgpack.Encoder().encode


def receive_turn(record: InputRecord, policy: IntakePolicy) -> ReceivedTurn | Refusal:
    """The valid turn of a record, or why it is refused."""
    size = len(record.value or b"")
    if size > policy.max_turn_bytes:
        return Refusal(dead_letter.TOO_LARGE, f"value has {size} bytes: expected at most {policy.max_turn_bytes}")
    try:
        return _turn(record, policy)
    except MalformedEvent as error:
        return Refusal(dead_letter.MALFORMED, str(error))
    except DECODING_ERRORS as error:
        return Refusal(dead_letter.MALFORMED, unread(record, error))


def with_turn(received: Received, said: FeedbackIn, turn: TurnIn) -> Received:
    """The feedback with its turn's words, as a whole; model, version and language are the turn's where it names them."""
    event = msgspec.structs.replace(
        said,
        query=turn.query,
        response=turn.response,
        messages=turn.messages,
        passages=turn.passages,
        model=turn.model or said.model,
        model_version=turn.model_version or said.model_version,
        language=turn.language or said.language,
        source_group=said.source_group or turn.source_group,
    )
    return msgspec.structs.replace(received, event=event, words=words_of(event), model=event.model)


def _turn(record: InputRecord, policy: IntakePolicy) -> ReceivedTurn:
    envelope, data = unwrap(record.value, record.headers, topics.TURN_COMPLETED)
    said = with_slug(_decode(data))
    if not is_identifier(said.turn_id):
        raise MalformedEvent("turn_id: expected no white space and no control characters")
    check_people(said)
    check_conversation(said)
    if "\x00" in said.query or "\x00" in said.response or "\x00" in (said.source_group or ""):
        raise MalformedEvent("query, response, source_group: must not contain the NUL character")
    if said.user_hash is None and said.conversation_id is None:
        raise MalformedEvent("user_hash and conversation_id are both absent: expected at least one of them, a turn is found by it")
    if not (said.query.strip() or last_user_turn(said.messages).strip()):
        raise MalformedEvent("query is empty, and messages hold no turn of the user: expected the user's question")
    frontend = policy.frontend(envelope.source)
    # What was measured beside may be another number when the same turn is sent again.
    words = (
        said.model, said.model_version, said.conversation_id, said.language, said.messages, said.query, said.passages, said.response,
        said.source_group,
    )  # fmt: skip
    return ReceivedTurn(
        turn_digest(frontend.identity, said.user_hash, said.conversation_id, said.turn_id)[:ID_BYTES],
        bytes.fromhex(said.user_hash[: 2 * USER_BYTES]) if said.user_hash else b"",
        blake2b(_canonical(words), digest_size=CONTENT_BYTES).digest(),
        envelope,
        said,
    )
