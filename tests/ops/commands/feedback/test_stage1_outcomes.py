"""What is counted of published records: by their places alone."""

from __future__ import annotations

from types import SimpleNamespace

import msgspec

from ops.commands.feedback.stage1_outcomes import Outcomes, Stage1Outcomes
from runtime.kafka.connection import KafkaConnection
from schemas import topics
from schemas.dead_letter import MALFORMED, DeadLetter

NAME = topics.FEEDBACK_SUBMITTED


def sample(offset: int) -> SimpleNamespace:
    return SimpleNamespace(value=msgspec.json.encode({"provenance": {"topic": NAME, "partition": 0, "offset": offset}}))


def letter(offset: int) -> SimpleNamespace:
    made = DeadLetter(NAME, 0, offset, MALFORMED, "d", "stage1", b"k", b"v", ()).to_record()
    return SimpleNamespace(key=made.key, value=made.value, headers=made.headers)


async def test_what_waits_for_a_turn_is_counted_by_itself() -> None:
    """Passed by stage 1, without a sample and without a letter: known where it has words of its own, waiting where it has none."""
    found = Stage1Outcomes(KafkaConnection("nowhere:1"), NAME)
    for offset, waits in ((0, False), (1, False), (2, True), (3, True), (4, True), (5, True)):
        found.add(0, offset, waits=waits)
    found._sample(sample(0))
    found._sample(sample(2))
    found._letter(letter(3))
    found._position(SimpleNamespace(key=f"p|{NAME}|0".encode(), value=b"5"))  # type: ignore[arg-type]
    found.end("nothing more comes")
    assert await found.outcomes(silence_s=0) == Outcomes(2, {MALFORMED: 1}, 1, 1, "nothing more comes", waiting=1)
