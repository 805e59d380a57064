"""The keys of the changelogs, one table a stage: how a key begins, and what lies under it. Every reader goes by these.

Stage 1 has its ids as raw bytes, stage 2 every part in text between bars: its kind, the model, and what the model's part calls it.
"""

from __future__ import annotations

from typing import Final

# The shell's, in both. The number of shards that the task's stage was divided into when the partition was first written.
SHARDS_KEY: Final = b"shards"
# The version of the state's form that the records behind this one are of.
VERSION_KEY: Final = b"version"
# p|<topic>|<partition>: the next offset of an input. i|<topic>: the id of the topic that the positions are of.
POSITION_KEY: Final = b"p|"
TOPIC_ID_KEY: Final = b"i|"

# Stage 1. The first 16 bytes of a sample's id behind its input's letter: among 10^9 ids two share one with odds of 10^-21.
FEEDBACK_KEY: Final = b"c"
DOCUMENT_KEY: Final = b"t"
# Of ids as the release before made them (`schemas.identity.former_ids`): they go with the window.
FORMER_FEEDBACK_KEY: Final = b"k"
FORMER_DOCUMENT_KEY: Final = b"q"
# s|<sample id in hex>, of version 1 alone.
MARK_1_KEY: Final = b"s|"
# d|<model>|<input>|<day>, f|<model>|<day> with days as ordinals.
COUNTS_KEY: Final = b"d|"
SKETCH_KEY: Final = b"f|"
# The first 16 bytes of the user's hash behind it.
ERASED_KEY: Final = b"e"
WATERMARK_KEY: Final = b"w|"
TOTALS_KEY: Final = b"n"
# The first 16 bytes of the turn's digest behind it; of the sample's id that waits, or got its words.
TURN_KEY: Final = b"u"
WAITING_KEY: Final = b"y"
JOINED_KEY: Final = b"x"
JOINS_KEY: Final = b"j"

# Stage 2.
TICK_KEY: Final = b"t"
ERASED_CONTRIBUTOR_KEY: Final = b"e|"
JOURNAL_KEY: Final = b"j|"
# m|<model>|<part>, b|<model>|<sample id in hex>.
TRIGGER_KEY: Final = b"m|"
SAMPLE_KEY: Final = b"b|"
# w|<model>|, and behind it one of these.
DRIFT_KEY: Final = b"w|"
BASELINES_PART: Final = b"b"
BUCKET_PART: Final = b"o"
# f|<partition>|<day>, s|<partition>|<day>, r|<rate>|<language>, k|<part of the monitor>, t|<piece>.
FEEDBACK_PART: Final = b"f|"
SKETCH_PART: Final = b"s|"
RATE_PART: Final = b"r|"
MONITOR_PART: Final = b"k|"
TERMS_PART: Final = b"t|"

SHELL: Final = {SHARDS_KEY: "number of shards", VERSION_KEY: "version", POSITION_KEY: "position", TOPIC_ID_KEY: "topic id"}
STAGE1: Final = {
    FEEDBACK_KEY: "feedback mark",
    DOCUMENT_KEY: "document mark",
    FORMER_FEEDBACK_KEY: "feedback mark (former id)",
    FORMER_DOCUMENT_KEY: "document mark (former id)",
    MARK_1_KEY: "mark (version 1)",
    COUNTS_KEY: "counts of a day",
    SKETCH_KEY: "sketch of a day",
    ERASED_KEY: "erasure",
    WATERMARK_KEY: "newest event time",
    TOTALS_KEY: "totals",
    TURN_KEY: "turn",
    WAITING_KEY: "feedback that waits for its turn",
    JOINED_KEY: "feedback joined with its turn",
    JOINS_KEY: "totals of joins",
}
STAGE2: Final = {
    TICK_KEY: "newest tick",
    ERASED_CONTRIBUTOR_KEY: "erasure",
    JOURNAL_KEY: "next journal entry",
    TRIGGER_KEY: "trigger",
    SAMPLE_KEY: "sample",
    DRIFT_KEY + BASELINES_PART: "drift baselines",
    DRIFT_KEY + BUCKET_PART: "drift: open bucket of documents",
    DRIFT_KEY + FEEDBACK_PART: "drift: feedback of a day",
    DRIFT_KEY + SKETCH_PART: "drift: sketch of a day",
    DRIFT_KEY + RATE_PART: "drift: rate",
    DRIFT_KEY + MONITOR_PART: "drift: monitor of documents",
    DRIFT_KEY + TERMS_PART: "drift: recent terms",
}
UNKNOWN: Final = "unknown"
# By stage, the shell's included; and what is a key as it stands, with nothing behind it.
TABLES: Final = {"stage1": SHELL | STAGE1, "stage2": SHELL | STAGE2}
_WHOLE: Final = {"stage1": {SHARDS_KEY, VERSION_KEY, TOTALS_KEY, JOINS_KEY}, "stage2": {SHARDS_KEY, VERSION_KEY, TICK_KEY}}
_DRIFT_WHOLE: Final = {BASELINES_PART, BUCKET_PART}


def position_key(topic: str, partition: int) -> bytes:
    """The state key under which a task's next input offset is kept.

    >>> position_key("feedback.submitted.v1", 3)
    b'p|feedback.submitted.v1|3'
    """
    return POSITION_KEY + f"{topic}|{partition}".encode()


def topic_id_key(topic: str) -> bytes:
    """The key under which the id of an input (a topic without prefix) is kept: the one that the positions are of.

    >>> topic_id_key("feedback.submitted.v1")
    b'i|feedback.submitted.v1'
    """
    return TOPIC_ID_KEY + topic.encode()


def entry_of(stage: str, key: bytes) -> bytes | None:
    """The entry of a stage's table that a key falls under; None for one that nothing of ours writes.

    >>> entry_of("stage1", b"f|tiny-llama|739000"), entry_of("stage2", b"w|tiny-llama|f|0|739000"), entry_of("stage2", b"x")
    (b'f|', b'w|f|', None)
    """
    table, whole = TABLES[stage], _WHOLE[stage]
    if stage == "stage2" and key.startswith(DRIFT_KEY):
        part = key.partition(b"|")[2].partition(b"|")[2]
        return DRIFT_KEY + part if part in _DRIFT_WHOLE else DRIFT_KEY + part[:2] if DRIFT_KEY + part[:2] in table else None
    if key in whole:
        return key
    return next((begin for begin in (key[:2], key[:1]) if begin in table and begin not in whole), None)


def kind_of(stage: str, key: bytes) -> str:
    """What lies under a key, in words; UNKNOWN for one that nothing of ours writes."""
    entry = entry_of(stage, key)
    if entry is None:
        return UNKNOWN
    kind = TABLES[stage][entry]
    return f"{kind}: {key.rpartition(b'|')[2].decode(errors='backslashreplace')}" if entry == TRIGGER_KEY else kind
