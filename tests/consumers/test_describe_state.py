"""Changelog records in plain words."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec

from bench.simulation.simulated_sketcher import SimulatedSketcher
from consumers.collect.collector import Collector
from consumers.decide.decider import Decider
from consumers.decide.document_drift import DocumentDrift
from consumers.decide.inputs import DocumentText
from consumers.describe_state import READERS, Described, describe
from consumers.drift.baseline.fit import Baseline
from consumers.state_keys import TABLES, UNKNOWN, kind_of
from schemas.events.sample_collected import SampleCollected
from schemas.events.turn_completed import TurnCompleted
from tests.consumers.collect.joined import by_place, step
from tests.consumers.decide.documents_stream import SHA, TODAY, TODAY_MS, Partitions, featurised
from tests.consumers.drift.conftest import made_documents

USER = "ab" * 32


def described(stage: str, task: Any) -> list[Described]:
    found = [describe(stage, key, value) for key, value in task.save()]
    # As JSON takes them, and as a person reads them.
    msgspec.json.encode([record.value for record in found])
    return found


def kinds(found: list[Described]) -> set[str]:
    return {record.kind for record in found}


def readable(found: list[Described]) -> bool:
    return UNKNOWN not in kinds(found) and not any(isinstance(record.value, dict) and "not_readable" in record.value for record in found)


def collector(build: Any) -> Collector:
    made = Collector(0, build.intake_policy(), lambda model, day: SimulatedSketcher())
    turn = TurnCompleted(turn_id="t1", user_hash=USER, query="q", response="r")
    joined = build.feedback("f4", user_hash=USER, turn_id="t1", response="")
    made.process(
        [
            build.record(build.feedback("f1", user_hash=USER)),
            build.record(build.feedback("f2"), offset=1),
            build.record(build.document("d1")),
            build.record(build.erasure("cd" * 32)),
            build.record(build.feedback("f3", user_hash=USER, turn_id="t2", response=""), offset=2),
        ]
    )
    pair = [build.record(turn, offset=1), build.record(joined, offset=3, time=build.start + timedelta(seconds=5))]
    step(made, pair, by_place(pair))
    return made


def decider(build: Any) -> Decider:
    made = Decider(0, build.trigger_policy(threshold=2))
    samples = [build.sample(f"f{number}", user_hash=USER) for number in range(3)]
    events = [build.serving(), *samples, build.summary(events=30, negatives=3), build.erasure("cd" * 32), build.tick(5)]
    made.process([build.record(event, offset=offset) for offset, event in enumerate(events)])
    assert made.triggers[build.model].running is not None
    return made


def test_all_that_stage_1_keeps_is_described(build: Any) -> None:
    """Every record that a collector writes has a kind and a readable value."""
    found = described("stage1", collector(build))
    assert readable(found)
    assert kinds(found) == {
        "feedback mark", "document mark", "counts of a day", "sketch of a day", "erasure", "newest event time", "totals",
        "turn", "feedback that waits for its turn", "feedback joined with its turn", "totals of joins",
    }  # fmt: skip
    (sketch,) = [record.value for record in found if record.kind == "sketch of a day"]
    assert (sketch["documents"], sketch["baseline"]) == (1, SimulatedSketcher().sha256)
    assert {record.value["sketched"] for record in found if record.kind == "document mark"} == {True}


def test_all_that_stage_2_keeps_is_described(build: Any) -> None:
    """Every record that a decider writes has a kind and a readable value, the command of a run included."""
    found = described("stage2", decider(build))
    assert readable(found)
    assert kinds(found) == {
        "newest tick", "erasure", "next journal entry", "sample", "trigger: clock", "trigger: run", "trigger: requests",
        "drift: rate", "drift: feedback of a day",
    }  # fmt: skip
    (run,) = [record for record in found if record.kind == "trigger: run"]
    assert run.value["command"]["model"] == build.model
    assert {record.value["status"] for record in found if record.kind == "sample"} == {"leased"}


def test_a_watched_models_documents_are_described(build: Any, small_baseline: Baseline) -> None:
    """Every kind of record of drift of documents has a name and a readable value that holds no text of theirs."""
    drift = DocumentDrift({SHA: small_baseline}.get, window_days=30, cool_down=0)
    drift.serve(f"{SHA}:1")
    for number in range(3):
        drift.tick(TODAY_MS + 10_000 * number, TODAY)
    drift.read([DocumentText("zebra zebra", "s", TODAY) for _ in range(80)])
    drift.take(Partitions().add(3, TODAY, *featurised(small_baseline, made_documents(70, 1))))
    drift.tick(TODAY_MS + 40_000, TODAY)
    drift.take_changes()
    found = [describe("stage2", b"w|m|" + place, value) for place, value in drift.save()]
    assert readable(found)
    assert kinds(found) == {
        "drift baselines", "drift: open bucket of documents", "drift: monitor of documents", "drift: sketch of a day",
        "drift: recent terms",
    }  # fmt: skip
    assert all(record.model == "m" for record in found)
    assert b"zebra" not in msgspec.json.encode([record.value for record in found])
    assert kind_of("stage2", b"w|m|d|feedback|0|739000") == UNKNOWN


def test_one_sample_is_found_in_both_stages(build: Any) -> None:
    """`sample:` with the whole id finds the mark, of which half the id is kept, and the buffered sample; a beginning will do."""
    made = collector(build)
    (first, *_) = [record for record in described("stage1", made) if record.kind == "feedback mark"]
    assert first.sample is not None
    assert len(first.sample) == 32
    whole = first.sample + "0" * 32
    assert [record.name for record in described("stage1", made) if record.matches(f"sample:{whole}")] == [f"c{first.sample}"]
    buffered = [record for record in described("stage2", decider(build)) if record.kind == "sample"]
    for record in buffered:
        assert record.sample is not None
        assert [other for other in buffered if other.matches(f"sample:{record.sample}")] == [record]
        assert record.matches(f"sample:{record.sample[:10]}")


def test_users_and_models_are_found(build: Any) -> None:
    """`user:` finds what is kept of a user, erasures too; `model:` what is kept of a model; an empty id nothing."""
    stage1, stage2 = described("stage1", collector(build)), described("stage2", decider(build))
    assert sorted(record.kind for record in stage1 if record.matches(f"user:{USER}")) == [
        "feedback joined with its turn", "feedback mark", "feedback mark", "feedback mark", "feedback that waits for its turn", "turn",
    ]  # fmt: skip
    assert [record.kind for record in stage1 if record.matches("user:" + "cd" * 32)] == ["erasure"]
    assert [record.kind for record in stage2 if record.matches("user:" + "cd" * 32)] == ["erasure"]
    assert sum(record.matches(f"user:{USER}") for record in stage2) == 3
    assert {record.kind for record in stage1 if record.matches(f"model:{build.model}")} == {
        "feedback mark", "document mark", "counts of a day", "sketch of a day", "feedback that waits for its turn",
        "feedback joined with its turn",
    }  # fmt: skip
    assert not any(record.matches("model:another") for record in stage1 + stage2)
    assert not any(record.matches("user:") or record.matches("sample:") for record in stage1 + stage2)


def test_the_shells_records_and_the_former_form_are_described() -> None:
    """Positions, number of shards, version, and marks of version 1; a raw key is found by its beginning."""
    assert describe("stage2", b"i|model.current.v1", b"a/b+c") == Described("topic id", "i|model.current.v1", "a/b+c")
    assert describe("stage1", b"p|feedback.submitted.v1|3", b"17") == Described("position", "p|feedback.submitted.v1|3", 17)
    assert (kind_of("stage2", b"shards"), kind_of("stage1", b"version")) == ("number of shards", "version")
    old = describe("stage1", b"s|" + b"ab" * 32, b'[1,3,false,"m","feedback",739943,[1,1,0,1]]')
    assert (old.kind, old.model, old.sample, old.value["day"].isoformat()) == ("mark (version 1)", "m", "ab" * 32, "2026-11-23")
    assert old.matches("s|abab")
    assert not old.matches("b|")


def test_what_cannot_be_read_is_shown_as_it_is() -> None:
    """A foreign key or value is shown, not hidden and no error."""
    assert describe("stage1", b"zz\xff", b"\xfe") == Described(UNKNOWN, "zz\\xff", "\\xfe")
    broken = describe("stage2", b"b|m|" + b"a" * 64, b"{")
    assert broken.kind == "sample"
    assert broken.value["bytes"] == "{"


def test_no_users_words_are_shown(build: Any) -> None:
    """What the reader shows of a state holds no text: the state has none."""
    made = Collector(0, build.intake_policy())
    effects = made.process([build.record(build.feedback("f1", query="zebra", response="giraffe", user_hash=USER))])
    assert build.emitted(effects, SampleCollected)[0].query == "zebra"
    shown = msgspec.json.encode([[record.name, record.value] for record in described("stage1", made)])
    assert b"zebra" not in shown
    assert b"giraffe" not in shown


def test_every_entry_of_the_tables_has_a_reader() -> None:
    """What the tables of keys name can be described, and nothing else."""
    assert {stage: readers.keys() for stage, readers in READERS.items()} == {stage: table.keys() for stage, table in TABLES.items()}
