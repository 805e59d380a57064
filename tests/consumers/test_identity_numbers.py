"""Identity numbers that were published raw, past the gateway: they stop at stage 1."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from schemas import dead_letter, topics

Start = Callable[..., Any]

pytestmark = pytest.mark.kafka

NUMBERS = (
    "2341 2341 2346",
    "234123412346",
    "२३४१ २३४१ २३४६",
    "२३४१२३४१२३४६",
    "ABCPE1234F",
    "ABCPE 1234 F",
    "+91 98765-43210",
    "९८७६५ ४३२१०",
    "9876543210",
    "asha.rao@example.in",
    "आशा@उदाहरण.भारत",
)
HEADERS = (
    ("ce_specversion", b"1.0"),
    ("ce_type", b"abhyas.feedback.submitted.v1"),
    ("ce_time", b"2026-11-23T04:00:00Z"),
    ("content-type", b"application/json"),
)


def raw_feedback(index: int, number: str) -> tuple[bytes, tuple[tuple[str, bytes], ...]]:
    """Feedback with the number in every string that a producer fills as it likes, the names without white space included."""
    name = number.replace(" ", "_")
    event = {
        "feedback_id": f"f-{index}-{name}",
        "conversation_id": f"talk-{index}" if "_" in name else number,
        "query": f"मेरा नंबर {number} है, कब मिलेगा?",
        "response": f"आपका {number} दर्ज है।",
        "correction": f"लिखें: {number}.",
        "source_group": f"call {number}",
        "tags": [f"tag {number}"],
        "rating": {"scale": "stars_1_5", "value": 1, "score": -1.0},
        "model": "tiny-llama",
        "note": f"an unknown field with {number}",
    }
    return json.dumps(event, ensure_ascii=False).encode(), (
        *HEADERS,
        ("ce_id", f"{index}".encode()),
        ("ce_source", f"/bot/{index}".encode()),
        ("traceparent", number.encode()),
    )


def poison(number: str) -> bytes:
    """An event that is refused, with the number wherever the refusal might quote it."""
    return json.dumps({"feedback_id": number, "query": [number], "rating": {"scale": number, "value": number}}).encode()


async def test_raw_numbers_reach_no_sample_state_changelog_or_log(build: Any, kafka_topics: Any, start_consumers: Start) -> None:
    """Published raw, none of the numbers is in samples, summaries, journal, changelogs, commands, refusals' reasons, /state or the log."""
    consumers = start_consumers(kafka_topics.connection, RETRAIN_TRIGGER_THRESHOLD="3", APP_LOG_LEVEL="DEBUG")
    await kafka_topics.send(build.serving())
    await consumers.ticked()
    for index, number in enumerate(NUMBERS):
        value, headers = raw_feedback(index, number)
        await kafka_topics.send_raw(topics.FEEDBACK_SUBMITTED, value, key=f"k{index}".encode(), headers=headers)
        await kafka_topics.send_raw(topics.FEEDBACK_SUBMITTED, poison(number), key=b"p", headers=headers)
        scale = json.loads(value) | {"feedback_id": f"s{index}", "rating": {"scale": "stars_1_5", "value": number}}
        await kafka_topics.send_raw(topics.FEEDBACK_SUBMITTED, json.dumps(scale).encode(), key=b"p", headers=headers)
        await kafka_topics.send(build.document(f"doc-{index}", f"संपर्क: {number}", title=f"about {number}", source_group=number))
    expected = 4 * len(NUMBERS)
    await consumers.until(lambda: consumers.state().get("stage1", {}).get("processed") == expected)
    await consumers.until(lambda: consumers.model().get("running") is not None)
    state = json.dumps(consumers.state(), ensure_ascii=False)
    assert consumers.stop()[0] == 0

    connection = kafka_topics.connection
    told = [state, consumers.log.read_text()]
    for name in (
        topics.SAMPLE_COLLECTED, topics.SIGNAL_SUMMARISED, topics.TRIGGER_JOURNAL, topics.RETRAIN_REQUESTED,
        topics.STAGE1_CHANGELOG, topics.STAGE2_CHANGELOG,
    ):  # fmt: skip
        records = await kafka_topics.read(connection.topic(name))
        assert records, name
        told += [repr((record.key, record.headers)) + (record.value or b"").decode(errors="backslashreplace") for record in records]
    samples = await kafka_topics.events(topics.SAMPLE_COLLECTED)
    assert len(samples) == 2 * len(NUMBERS)
    letters = await kafka_topics.read(connection.dead_letters(topics.FEEDBACK_SUBMITTED))
    assert len(letters) == 2 * len(NUMBERS)
    # The dead letter itself is the original as it came; why it is one is ours to say.
    told += [raw.decode() for record in letters for name, raw in record.headers if name in (dead_letter.REASON, dead_letter.DETAIL)]
    found = {(number, text[:200]) for number in NUMBERS for text in told if number in text}
    assert found == set()
