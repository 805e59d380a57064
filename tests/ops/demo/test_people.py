"""What the demo's users and strangers send."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ops.demo import people
from ops.demo.material import Question
from producers.submissions import FeedbackSubmission
from schemas import envelope, topics
from schemas.events.feedback_submitted import FeedbackSubmitted
from schemas.rating import normalise

QUESTION = Question("संग्रहालय कब खुला?", "1911", "hi", "hi-museum-1", ())


def test_a_wrong_answer_gets_a_rating_below_three_of_five_and_a_correction() -> None:
    """Both scales of the demo's users are negative after normalisation."""
    for number in range(2 * people.USERS):
        body = people.feedback(number, QUESTION, "1912", right=False, model="tiny-llama", version="v0")
        submitted = FeedbackSubmission.model_validate(body)
        assert submitted.rating is not None
        assert normalise(submitted.rating.scale, submitted.rating.value) < 0
        assert submitted.correction == "1911"


def test_a_right_answer_gets_a_good_rating_and_no_correction() -> None:
    """A content user corrects nothing."""
    for number in range(people.USERS):
        submitted = FeedbackSubmission.model_validate(people.feedback(number, QUESTION, "1911", right=True, model="m", version="v0"))
        assert submitted.rating is not None
        assert normalise(submitted.rating.scale, submitted.rating.value) == 1.0
        assert submitted.correction is None


@pytest.mark.parametrize("number", range(5))
def test_every_stranger_that_could_be_read_is_malformed(number: int) -> None:
    """Each record that goes past the gateway is one that no reader may take."""
    good = people.feedback(0, QUESTION, "1912", right=False, model="m", version="v0")
    record = list(people.past_the_gateway(good, datetime.now(UTC), "abhyas"))[number]
    with pytest.raises(envelope.MalformedEvent):
        envelope.decode(record.value, record.headers, FeedbackSubmitted)


def test_the_large_stranger_is_over_our_limit_and_under_the_brokers() -> None:
    """It is a valid event, refused for its size alone, and the broker takes it."""
    good = people.feedback(0, QUESTION, "1912", right=False, model="m", version="v0")
    record = list(people.past_the_gateway(good, datetime.now(UTC), "abhyas"))[5]
    envelope.decode(record.value, record.headers, FeedbackSubmitted)
    assert topics.MAX_FEEDBACK_BYTES < len(record.value) < topics.MAX_MESSAGE_BYTES
