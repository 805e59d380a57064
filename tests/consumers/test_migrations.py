"""State of an older version, read in this one's form."""

from __future__ import annotations

import hashlib
from base64 import b64decode
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from bench.simulation.simulated_sketcher import SimulatedSketcher
from consumers.collect.collector import Collector
from consumers.collect.deduplication import Mark, unpack
from consumers.decide.buffer.buffered import Status
from consumers.decide.decider import Decider
from consumers.drift.features.sketch import documents, unpacked
from consumers.kept_state import current_version, migrated
from consumers.migrations import STAGE1, STAGE2
from consumers.state_keys import DOCUMENT_KEY
from schemas import topics
from schemas.identity import former_ids

SAMPLE = hashlib.sha256(b"chat\nf1").hexdigest()
# 2026-11-23, the proleptic Gregorian ordinal that version 1 wrote, and the last second of that day.
DAY, END_OF_DAY_S = 739943, 1795478399


def mark_1(kind: str = "feedback", *, retracted: str = "false", counted: str = "[1,1,0,1]") -> bytes:
    """The bytes that version 1 wrote."""
    return f'[1,3,{retracted},"tiny-llama","{kind}",{DAY},{counted}]'.encode()


def test_marks_of_version_1_get_their_place_a_time_and_no_user() -> None:
    """A mark goes under its input's letter and the first 16 bytes of its id; its time is the end of its event-day."""
    for kind, letter in (("feedback", b"k"), ("document", b"q")):
        ((key, value),) = migrated(STAGE1, 1, f"s|{SAMPLE}".encode(), mark_1(kind))
        assert key == letter + bytes.fromhex(SAMPLE)[:16]
        assert value is not None
        assert unpack(value) == Mark(END_OF_DAY_S, 3, False, "tiny-llama", b"", DAY, (1, 1, 0, 1))
    ((_, value),) = migrated(STAGE1, 1, f"s|{SAMPLE}".encode(), mark_1(retracted="true", counted="[]"))
    assert value is not None
    assert unpack(value) == Mark(END_OF_DAY_S, 3, True, "tiny-llama", b"", DAY, ())


def test_a_tombstone_of_version_1_takes_either_input() -> None:
    """Without a value it is not known whose mark it was: both keys go."""
    sample = bytes.fromhex(SAMPLE)[:16]
    assert migrated(STAGE1, 1, f"s|{SAMPLE}".encode(), None) == [(b"k" + sample, None), (b"q" + sample, None)]


@given(st.sampled_from([b"c", b"t", b"k", b"q", b"e", b"d|m|feedback|739943", b"w|", b"n"]), st.binary(max_size=20), st.binary(max_size=40))
def test_newer_records_pass_unchanged(kind: bytes, rest: bytes, value: bytes) -> None:
    """What is of the new form already, or did not change, is left as it is: a log may hold both forms."""
    assert migrated(STAGE1, 1, kind + rest, value) == [(kind + rest, value)]


def test_old_marks_know_their_samples(build: Any) -> None:
    """A collector restored from version 1 takes its samples for duplicates and a later revision for one, with exact counts."""
    event = build.feedback("f1", revision=3)
    collector = Collector(0, build.intake_policy())
    old = [
        (f"s|{former_ids('feedback', 'chat', 'f1')[0]}".encode(), mark_1()),
        (f"d|tiny-llama|feedback|{DAY}".encode(), b"[1,7,[5,4,0,5]]"),
        (b"n", b"[1,5,0,0,{}]"),
    ]
    for record in old:
        for key, value in migrated(STAGE1, 1, *record):
            collector.load(key, value)
    effects = collector.process([build.record(event, offset=7)])
    assert effects.outcomes == {(topics.FEEDBACK_SUBMITTED, "duplicate"): 1}
    later = collector.process([build.record(build.feedback("f1", stars=5, revision=4), offset=8)])
    assert later.outcomes == {(topics.FEEDBACK_SUBMITTED, "revised"): 1}
    (summary,) = build.emitted(later, type(build.summary()))
    assert (summary.counts["events"], summary.counts["negatives"]) == (5, 3)
    assert collector.totals.processed == 7


def test_buffered_samples_of_version_1_keep_their_standing(build: Any) -> None:
    """Stage 2's samples without contributor and time are taken as they were: pending ones still count, leased ones stay leased."""
    decider = Decider(0, build.trigger_policy())
    for record in [
        (b"b|tiny-llama|" + b"a" * 64, b'[1,0,false,false,0,2,17,1795000000000,0,"",-1]'),
        (b"b|tiny-llama|" + b"b" * 64, b'[1,0,false,false,1,2,18,1795000000000,1,"",-1]'),
    ]:
        for key, value in migrated(STAGE2, 1, *record):
            decider.load(key, value)
    buffer = decider.triggers["tiny-llama"].buffer
    assert (buffer.pending_negatives, buffer.counted_negatives) == (1, 1)
    assert (buffer.status("a" * 64), buffer.status("b" * 64)) == (Status.PENDING, Status.LEASED)


def test_state_of_version_2_is_taken_as_it_is(build: Any) -> None:
    """Marks without a row and days without languages and sketches: a revision is counted exactly, and sketched from now on."""
    sample = Collector(0, build.intake_policy()).process([build.record(build.document("d1"))])
    (key,) = [b"q" + key[1:] for key in sample.changes if key.startswith(DOCUMENT_KEY)]
    mark = msgspec.msgpack.encode([END_OF_DAY_S, 1, False, "tiny-llama", b"", DAY, [1, 19, 14, 14]])
    collector = Collector(0, build.intake_policy(), lambda model, day: SimulatedSketcher())
    for record in [(key, mark), (f"d|tiny-llama|document|{DAY}".encode(), b"[1,7,[5,100,90,80]]"), (b"n", b"[1,5,0,0,{}]")]:
        for newer in migrated(STAGE1, 2, *record):
            collector.load(*newer)
    (summary,) = build.emitted(collector.process([build.record(build.document("d1", "आगरा", version=2))]), type(build.summary()))
    assert summary.counts == {"events": 5, "characters": 85, "letters": 80, "devanagari": 70}
    assert summary.sketch is not None
    assert documents(unpacked(b64decode(summary.sketch))) == 1


def test_the_former_drift_signals_of_version_2_go(build: Any) -> None:
    """The signals and day counts of ADWIN over bucket means stand for nothing any more; all else of stage 2 stays, tombstones too."""
    for key in (b"w|tiny-llama|w|negative_rate", b"w|tiny-llama|d|document|0|739943"):
        assert migrated(STAGE2, 2, key, b"[1,0,0,0,7,[0.1],false]") == []
        assert migrated(STAGE2, 2, key, None) == []
    decider = Decider(0, build.trigger_policy())
    decider.process([build.record(build.serving()), build.record(build.summary(events=30)), build.record(build.tick())])
    for key, value in decider.save():
        assert migrated(STAGE2, 2, key, value) == [(key, value)]
        assert migrated(STAGE2, 2, key, None) == [(key, None)]


def test_the_versions_that_this_release_writes() -> None:
    """The newest version of a changelog is one more than its migrations."""
    assert (current_version(STAGE1), current_version(STAGE2)) == (4, 6)
    assert migrated(STAGE1, 2, f"s|{SAMPLE}".encode(), b"x") == [(f"s|{SAMPLE}".encode(), b"x")]
