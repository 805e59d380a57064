"""The only topic names, with what the contract says of each: key, partitions, retention, writer.

Names are `<prefix>.<entity>.<event>.v<N>`; the prefix is a setting (`TOPIC_PREFIX`), so one cluster can hold
several installations. Topics that a shard reads side by side have equal partition counts by construction:
the input topics of stage 1 share `INPUT_PARTITIONS` with its changelog, those keyed by model `MODEL_PARTITIONS`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

FEEDBACK_SUBMITTED: Final = "feedback.submitted.v1"
TURN_COMPLETED: Final = "turn.completed.v1"
DOCUMENT_INGESTED: Final = "document.ingested.v1"
OPERATOR_REQUESTED: Final = "operator.requested.v1"
USER_ERASED: Final = "user.erased.v1"
CLOCK_TICKED: Final = "clock.ticked.v1"
SAMPLE_COLLECTED: Final = "sample.collected.v1"
SIGNAL_SUMMARISED: Final = "signal.summarised.v1"
DRIFT_DETECTED: Final = "drift.detected.v1"
RETRAIN_REQUESTED: Final = "retrain.requested.v1"
ROLLBACK_REQUESTED: Final = "rollback.requested.v1"
TRAINING_STATE: Final = "training.state.v1"
EVALUATION_COMPLETED: Final = "evaluation.completed.v1"
PROMOTION_DECIDED: Final = "promotion.decided.v1"
TRIGGER_JOURNAL: Final = "trigger.journal.v1"
MODEL_CURRENT: Final = "model.current.v1"
STAGE1_CHANGELOG: Final = "stage1.changelog.v1"
STAGE2_CHANGELOG: Final = "stage2.changelog.v1"

DLQ_SUFFIX: Final = ".dlq"

# By the name of a stage.
CHANGELOGS: Final = {"stage1": STAGE1_CHANGELOG, "stage2": STAGE2_CHANGELOG}

# The changelog of the stage that reads a topic by partition. State belongs to partitions, so the changelog's number is the one in use:
# keys stay where they are when somebody adds partitions to the topic.
READ_WITH: Final = {
    FEEDBACK_SUBMITTED: STAGE1_CHANGELOG,
    TURN_COMPLETED: STAGE1_CHANGELOG,
    DOCUMENT_INGESTED: STAGE1_CHANGELOG,
    USER_ERASED: STAGE1_CHANGELOG,
    SAMPLE_COLLECTED: STAGE2_CHANGELOG,
    SIGNAL_SUMMARISED: STAGE2_CHANGELOG,
    OPERATOR_REQUESTED: STAGE2_CHANGELOG,
    MODEL_CURRENT: STAGE2_CHANGELOG,
}

DAY_MS: Final = 24 * 3600 * 1000
INPUT_PARTITIONS: Final = 8
MODEL_PARTITIONS: Final = 4

# Our own limits, under the broker's 1 MiB: an inline document text of 256 KiB plus its envelope, and a feedback
# or turn with its conversation and passages. What is over them goes to the dead-letter topic, which therefore takes more.
MAX_FEEDBACK_BYTES: Final = 256 * 1024
MAX_TURN_BYTES: Final = 256 * 1024
MAX_DOCUMENT_BYTES: Final = 384 * 1024
MAX_MESSAGE_BYTES: Final = 1024 * 1024
MAX_DEAD_LETTER_BYTES: Final = 2 * MAX_MESSAGE_BYTES


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """One topic of the contract. `retention_ms` is None where compaction alone keeps the records."""

    name: str
    partitions: int
    retention_ms: int | None
    compact: bool
    max_message_bytes: int
    key: str
    writer: str
    purpose: str


def topic(name: str, prefix: str = "abhyas") -> str:
    """The full name of a topic of this module.

    >>> topic(FEEDBACK_SUBMITTED)
    'abhyas.feedback.submitted.v1'
    """
    return f"{prefix}.{name}"


def dead_letters(name: str, prefix: str = "abhyas") -> str:
    """The dead-letter topic of an input topic.

    >>> dead_letters(FEEDBACK_SUBMITTED)
    'abhyas.feedback.submitted.v1.dlq'
    """
    return f"{prefix}.{name}{DLQ_SUFFIX}"


def size_limit(name: str) -> int:
    """The most bytes of key, value and headers together that our producers put on a topic of this module; its readers take them.

    >>> size_limit(FEEDBACK_SUBMITTED)
    262144
    """
    limits = {FEEDBACK_SUBMITTED: MAX_FEEDBACK_BYTES, TURN_COMPLETED: MAX_TURN_BYTES, DOCUMENT_INGESTED: MAX_DOCUMENT_BYTES}
    return limits.get(name, MAX_MESSAGE_BYTES)


# name, partitions, days kept (0: compacted), key, writer, purpose, dead letters
_ROWS: Final = (
    (
        FEEDBACK_SUBMITTED,
        INPUT_PARTITIONS,
        30,
        "user hash, else conversation id (with a turn id), else feedback id",
        "producers",
        "a rating, a correction, a preferred answer or a retraction",
        True,
    ),
    (
        TURN_COMPLETED,
        INPUT_PARTITIONS,
        30,
        "user hash, else conversation id",
        "producers",
        "an answered turn as the model saw it",
        True,
    ),
    (DOCUMENT_INGESTED, INPUT_PARTITIONS, 90, "doc id", "producers", "a document or its new version", True),
    (OPERATOR_REQUESTED, MODEL_PARTITIONS, 30, "model", "API, CLI, dashboard", "what a person asks for", True),
    (USER_ERASED, INPUT_PARTITIONS, 0, "user hash", "API, CLI", "an erasure", True),
    (CLOCK_TICKED, 1, 2, "none", "ticker", "the only source of time for decisions", False),
    (SAMPLE_COLLECTED, MODEL_PARTITIONS, 30, "model", "stage 1", "a sample with its provenance", True),
    (SIGNAL_SUMMARISED, MODEL_PARTITIONS, 40, "model", "stage 1", "mergeable integer counts by partition and event-day", True),
    (DRIFT_DETECTED, MODEL_PARTITIONS, 90, "model", "stage 2", "a confirmed drift and its evidence", False),
    (RETRAIN_REQUESTED, MODEL_PARTITIONS, 90, "model", "stage 2", "the one command of a batch", True),
    (ROLLBACK_REQUESTED, MODEL_PARTITIONS, 90, "model", "stage 2", "the serving version is worse than the one before", True),
    (TRAINING_STATE, MODEL_PARTITIONS, 0, "job", "runner", "where a job stands", True),
    (EVALUATION_COMPLETED, MODEL_PARTITIONS, 90, "model", "runner", "scores with intervals", False),
    (PROMOTION_DECIDED, MODEL_PARTITIONS, 90, "model", "runner", "a verdict and its reasons", True),
    (TRIGGER_JOURNAL, MODEL_PARTITIONS, 90, "model", "stage 2", "the input order and fields of stage 2's decisions", False),
    (MODEL_CURRENT, MODEL_PARTITIONS, 0, "model", "runner", "the serving version", True),
    (STAGE1_CHANGELOG, INPUT_PARTITIONS, 0, "state key", "stage 1", "state and next input offsets of stage 1", False),
    (STAGE2_CHANGELOG, MODEL_PARTITIONS, 0, "state key", "stage 2", "state and next input offsets of stage 2", False),
)


def specs(prefix: str = "abhyas") -> tuple[TopicSpec, ...]:
    """Every topic of the contract, dead-letter topics included, in the order of the way of an event."""
    found: list[TopicSpec] = []
    for name, partitions, days, key, writer, purpose, letters in _ROWS:
        found.append(
            TopicSpec(topic(name, prefix), partitions, days * DAY_MS or None, days == 0, MAX_MESSAGE_BYTES, key, writer, purpose),
        )
        if letters:
            found.append(
                TopicSpec(
                    dead_letters(name, prefix), 1, 30 * DAY_MS, False, MAX_DEAD_LETTER_BYTES, "original", f"reader of {name}",
                    f"what could not be read from {name}, as it came",
                ),
            )  # fmt: skip
    return tuple(found)
