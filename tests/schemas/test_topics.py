"""The topics of the contract."""

from __future__ import annotations

from schemas import topics
from schemas.catalogue import BY_TOPIC


def test_every_event_has_a_topic_of_the_contract() -> None:
    """Events and topics fit: each event's topic is there, and only the changelogs are without an event."""
    names = {spec.name.removeprefix("abhyas.") for spec in topics.specs() if not spec.name.endswith(topics.DLQ_SUFFIX)}
    assert names - set(BY_TOPIC) == {topics.STAGE1_CHANGELOG, topics.STAGE2_CHANGELOG}
    assert set(BY_TOPIC) <= names


def test_dead_letters_have_room_for_the_largest_message() -> None:
    """What does not fit our limits still fits its dead-letter topic, headers and all."""
    for spec in topics.specs("p"):
        if spec.name.endswith(topics.DLQ_SUFFIX):
            assert spec.max_message_bytes > topics.MAX_MESSAGE_BYTES
            assert not spec.compact


def test_text_is_kept_thirty_days_at_most() -> None:
    """Promise 10: feedback, samples, operators' review edits and their dead letters go after 30 days."""
    for spec in topics.specs():
        if any(name in spec.name for name in (topics.FEEDBACK_SUBMITTED, topics.SAMPLE_COLLECTED, topics.OPERATOR_REQUESTED)):
            assert spec.retention_ms is not None
            assert spec.retention_ms <= 30 * topics.DAY_MS


def test_limits_grow_from_ours_to_the_brokers() -> None:
    """An event over our limit can still be under the broker's, so that it reaches the dead letters."""
    for name in BY_TOPIC:
        assert topics.size_limit(name) <= topics.MAX_MESSAGE_BYTES
    assert topics.size_limit(topics.FEEDBACK_SUBMITTED) < topics.size_limit(topics.DOCUMENT_INGESTED) < topics.MAX_MESSAGE_BYTES
