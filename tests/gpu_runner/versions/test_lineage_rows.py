"""What earlier rounds taught is replay in later ones: each row once, of the newest words, and nothing that was taken back."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from runner_fakes import START, Installation, correction, request, until

from gpu_runner.dataset.memory.index import index_of
from gpu_runner.dataset.memory.sampling import MemoryPlace
from gpu_runner.dataset.rows import EvaluationItem, TrainingRow, load_evaluation_items, load_training_rows
from gpu_runner.event_log.withdrawals import Erasure, KnownSample, Retraction, Withdrawals
from gpu_runner.train.spec import DatasetFiles, TrainingError, check_counts, fresh_and_replay, load_rows
from gpu_runner.versions.lineage_rows import LearntByVersion, LineageRows, gather, learnt_by_versions
from runtime.artifacts.local import LocalStore
from schemas.events.retrain_requested import RetrainRequested
from schemas.events.sample_collected import SampleCollected

Maker = Callable[..., RetrainRequested]
WRITTEN_BEFORE = Path(__file__).parents[2] / "written_before" / "5fe573c" / "store"


def row(name: str, answer: str = "a", sample: str | None = None, **fields: Any) -> TrainingRow:
    """A row as a version stores it: of the origin that it once had."""
    return TrainingRow(fields.pop("id", name), f"question {name}", answer, "en", fields.pop("origin", "correction"), "g", sample)


def item(name: str, answer: str = "a", sample: str | None = None) -> EvaluationItem:
    return EvaluationItem(name, "repair", f"asked {name}", (answer,), "en", "g", sample_id=sample)


def version(
    name: str, rows: Sequence[TrainingRow], revisions: Mapping[str, int] | None = None, own: Sequence[str] | None = None, items: Any = ()
) -> LearntByVersion:
    """A version that trained the samples of its rows, or those named in `own`; `revisions` of all samples of its lineage."""
    mine = {one.sample_id for one in rows if one.sample_id} if own is None else own
    revisions = dict.fromkeys(mine, 0) | dict(revisions or {})
    samples = {one: KnownSample(revision, f"user {one}", START, one in mine) for one, revision in revisions.items()}
    return LearntByVersion(name, tuple(rows), tuple(items), samples, frozenset(mine))


def gathered(*newest_first: LearntByVersion, withdrawals: Withdrawals | None = None, **fields: Any) -> LineageRows:
    return gather("tiny", newest_first, fields.get("base", ()), withdrawals or Withdrawals(), fields.get("leased", {}))


def words(found: LineageRows) -> list[tuple[str, str]]:
    return sorted((one.prompt.removeprefix("question "), one.completion) for one in found.rows)


def test_k10_what_earlier_versions_stored_again_is_read_once() -> None:
    """Files of 5fe573c hold all earlier rows: a later one gives its own, whatever ids the repeated ones have."""
    first = version("v1", [row("1", sample="s1"), row("d", id="1")])
    second = version("v2", [row("1", sample="s1"), row("d", id="other"), row("2", sample="s2")], {"s1": 0}, own=["s2"])
    third = version("v3", [*second.rows, row("3", sample="s3")], {"s1": 0, "s2": 0}, own=["s3"])
    assert words(gathered(third, second, first)) == [("1", "a"), ("2", "a"), ("3", "a"), ("d", "a")]
    assert len({one.id for one in gathered(third, second, first).rows}) == 4


def test_k10_rows_of_a_file_that_counts_from_one_are_all_replayed() -> None:
    """Two rounds of a person's file with the ids 1 and 2 are four rows."""
    first, second = (version(f"v{n}", [row(f"{n}-{i}", id=str(i), origin="dataset") for i in (1, 2)]) for n in (1, 2))
    assert len(words(gathered(second, first))) == 4


def test_k10_the_newest_revision_of_a_sample_is_the_one_that_is_replayed() -> None:
    """Also where the newest revision is in the batch at hand, or taught nothing."""
    first = version("v1", [row("old", sample="s")], items=[item("old", sample="s")])
    second = version("v2", [row("new", sample="s")], {"s": 1}, items=[item("new", sample="s")])
    found = gathered(second, first)
    assert words(found) == [("new", "a")]
    assert [one.id for one in found.items] == ["v2.new"]
    assert found.dropped == {"lineage_rows_of_an_older_revision": 1, "lineage_items_of_an_older_revision": 1}
    assert words(gathered(version("v2", [], {"s": 1}, own=[]), first)) == []
    assert words(gathered(first, leased={"s": 1})) == []
    assert words(gathered(first, leased={"s": 0})) == [("old", "a")]


def test_k10_a_question_that_was_answered_otherwise_since_is_replayed_with_the_newest_answer_alone() -> None:
    """Whoever answered it: the rows and items of the older answer leave, those of the base too."""
    first = version("v1", [row("1", "old", "s1")], items=[item("1", "old", "s1")])
    second = version("v2", [row("1", "new", "s2")], items=[item("1", "new", "s2")])
    found = gathered(second, first, base=[row("1", "oldest", origin="replay"), row("2", origin="replay")])
    assert words(found) == [("1", "new")]
    assert [one.prompt for one in found.base] == ["question 2"]
    assert [one.answers for one in found.items] == [("new",)]
    assert found.dropped == {"lineage_rows_answered_otherwise_since": 2, "lineage_items_answered_otherwise_since": 1}


def test_k10_what_was_taken_back_is_left_out_of_every_version_and_the_older_answer_holds_again() -> None:
    """By the revision that each version has of a sample: a retraction of an older one leaves what was said anew."""
    first = version("v1", [row("1", "old", "s1"), row("2", sample="s2")])
    second = version("v2", [row("1", "new", "s3"), row("2", "anew", "s2")], {"s1": 0, "s2": 2})
    withdrawals = Withdrawals()
    withdrawals.apply(Retraction("tiny", "s2", 1))
    withdrawals.apply(Erasure("user s3", START + timedelta(seconds=1)))
    found = gathered(second, first, withdrawals=withdrawals)
    assert words(found) == [("1", "old"), ("2", "anew")]
    assert set(found.samples) == {"s1", "s2"}
    assert found.samples["s2"].revision == 2


def test_numbers_in_the_memory_stay_whatever_is_withdrawn_or_taken_back() -> None:
    """By the list that a version kept; without one, as former releases left it, by the items that are there."""
    items = [item("a", sample="s1"), item("b", sample="s2"), item("c", sample="s3")]
    whole = version("v1", [], own=["s1", "s2", "s3"], items=items)
    later = version("v2", [row("d", sample="s4")], items=[item("d", sample="s4")])
    listed = replace(whole, items=whole.items[1:], corrections=index_of(items))
    expected = {"v1.a": MemoryPlace(0, "v1"), "v1.b": MemoryPlace(1, "v1"), "v1.c": MemoryPlace(2, "v1"), "v2.d": MemoryPlace(3, "v2")}
    assert gathered(later, whole).places == gathered(later, listed).places == expected
    erased = Withdrawals()
    erased.apply(Erasure("user s2", START + timedelta(seconds=1)))
    found = gathered(later, listed, withdrawals=erased)
    assert ([one.id for one in found.items], found.places) == (["v2.d", "v1.c"], expected)
    assert gathered(later, replace(whole, items=whole.items[1:])).places["v2.d"] == MemoryPlace(2, "v2")


def test_k10_what_a_lineage_was_trained_on_stays_known() -> None:
    """A sample whose newest revision taught nothing still taints the versions that its older one taught."""
    found = gathered(version("v2", [], {"s": 1}, own=[]), version("v1", [row("1", sample="s")]))
    assert found.samples["s"] == KnownSample(1, "user s", START, trained=True)


def test_k10_rows_written_by_5fe573c_are_read(tmp_path: Path) -> None:
    """The store that 5fe573c left: v1's rows, each once and with its sample."""
    store = LocalStore(WRITTEN_BEFORE)

    def local(key: str) -> Path:
        store.read_file(key, tmp_path / "copy")
        return tmp_path / "copy"

    found = learnt_by_versions(
        store, "tiny-llama", "v1",
        rows_of=lambda key: load_training_rows(local(key)) if store.exists(key) else (),
        items_of=lambda key: load_evaluation_items(local(key)) if store.exists(key) else (),
    )  # fmt: skip
    assert [one.version for one in found] == ["v1", "v0"]
    everything = gather("tiny-llama", found, (), Withdrawals(), {})
    assert (len(everything.rows), len(everything.items), everything.dropped) == (473, 200, {})
    assert {one.sample_id for one in everything.rows} <= everything.samples.keys()


def test_k10_counts_that_are_not_the_manifests_are_refused_by_name(tmp_path: Path) -> None:
    """The child learns nothing from a file whose rows are of other kinds than the manifest says; a spec without counts is read."""
    path = tmp_path / "train.jsonl"
    path.write_text(
        "".join(json.dumps(vars(row(str(n), origin=origin))) + "\n" for n, origin in enumerate(["correction", "replay", "earlier"]))
    )
    rows = load_rows(path)
    files: dict[str, Any] = {"train": "dataset/train.jsonl", "eval": "e", "evaluation": "i", "sha256": {}}
    check_counts(rows, DatasetFiles(**files))
    check_counts(rows, DatasetFiles(**files, new_rows=1, replay_rows=2))
    with pytest.raises(TrainingError, match=r"dataset/train.jsonl has 1 new_rows, dataset.new_rows in spec.json says 2") as refused:
        check_counts(rows, DatasetFiles(**files, new_rows=2, replay_rows=0))
    assert refused.value.kind == "bad_data"


def lines(installation: Installation, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in installation.store.read_bytes(f"training_data/tiny/versions/{name}.jsonl").splitlines()]


def prepared(installation: Installation, job_id: str) -> tuple[list[Any], list[Any], dict[str, Any]]:
    """What the trainer takes for new and for replay, and what the manifest counts."""
    folder = installation.settings.jobs_dir() / job_id
    fresh, replay = fresh_and_replay(load_rows(folder / "dataset" / "train.jsonl"))
    return fresh, replay, json.loads((folder / "dataset" / "manifest.json").read_text())["counts"]


async def rounds(installation: Installation, make_command: Maker, *batches: Sequence[SampleCollected]) -> None:
    """A job for each batch, one after the other, each from the version that the one before promoted."""
    for number, batch in enumerate(batches, 1):
        await _job(installation, make_command, f"cmd-{number}", batch, f"v{number - 1}")


async def test_k10_rows_of_earlier_rounds_are_replay_and_the_trainers_counts_are_the_manifests(
    bootstrapped: Installation, make_command: Maker
) -> None:
    """Each of three rounds of as many corrections learns as many new rows; a version keeps its own, and none is replayed twice."""
    batches = [[correction(number) for number in range(start, start + 40)] for start in (0, 100, 200)]
    async with bootstrapped.running():
        await rounds(bootstrapped, make_command, *batches)
    assert [bootstrapped.states(f"cmd-{n}")[-1].outcome for n in (1, 2, 3)] == ["promoted"] * 3
    base = len(prepared(bootstrapped, "cmd-1")[1])
    own: list[int] = []
    for n in (1, 2, 3):
        fresh, replay, counts = prepared(bootstrapped, f"cmd-{n}")
        assert (len(fresh), len(replay)) == (counts["new_training_rows"], counts["replay_rows"])
        assert (len(replay), counts.get("train_earlier", 0)) == (base + sum(own), sum(own))
        assert {one.sample_id for one in fresh} <= {sample.sample_id for sample in batches[n - 1]}
        assert len(lines(bootstrapped, f"v{n}")) == len(fresh)
        spec = json.loads((bootstrapped.settings.jobs_dir() / f"cmd-{n}" / "spec.json").read_text())["dataset"]
        assert (spec["new_rows"], spec["replay_rows"]) == (len(fresh), len(replay))
        own.append(len(fresh))
    assert max(own) <= 1.3 * min(own)


async def test_k10_a_sample_that_teaches_anew_is_not_replayed_as_well(bootstrapped: Installation, make_command: Maker) -> None:
    """A batch that is leased again, after a release that did not settle it or with other words, gives each row once."""
    first = [correction(number) for number in range(40)]
    again = [
        first[0].model_copy(update={"revision": 1, "query": "Who says when museum 0 was built?"}),
        *first[1:3],
        *(correction(number) for number in range(100, 140)),
    ]
    async with bootstrapped.running():
        await rounds(bootstrapped, make_command, first, again)
    fresh, replay, _ = prepared(bootstrapped, "cmd-2")
    twice = {one.sample_id for one in fresh} & {one.sample_id for one in replay}
    assert twice == set()
    assert not [one for one in replay if one.sample_id == first[0].sample_id]
    assert len({(one.prompt, one.completion) for one in (*fresh, *replay)}) == len(fresh) + len(replay)


async def test_k10_rejected_rolled_back_and_hand_promoted_versions_leave_no_rows_that_do_not_belong(
    bootstrapped: Installation, make_command: Maker
) -> None:
    """v1 is rejected and v2 rolled back: the lineage of v3, and of v1 once a person promotes it, has its own rows alone."""
    batches = [[correction(number) for number in range(start, start + 40)] for start in (0, 100, 200, 300)]
    bootstrapped.behaviour = "worse"
    async with bootstrapped.running():
        await rounds(bootstrapped, make_command, batches[0])
    assert bootstrapped.states("cmd-1")[-1].outcome == "rejected"
    bootstrapped.behaviour = ""
    async with bootstrapped.running():
        await _job(bootstrapped, make_command, "cmd-2", batches[1], "v0")
        await _serve(bootstrapped, request("rollback", version="v0"), "v0")
        await _job(bootstrapped, make_command, "cmd-3", batches[2], "v0")
        await _serve(bootstrapped, request("promote", version="v1"), "v1")
        await _job(bootstrapped, make_command, "cmd-4", batches[3], "v1")
    for job, replayed in (("cmd-2", None), ("cmd-3", None), ("cmd-4", batches[0])):
        samples = {one.sample_id for one in prepared(bootstrapped, job)[1] if one.sample_id}
        assert samples <= {sample.sample_id for sample in replayed or ()}
        assert bool(samples) == (replayed is not None)


async def _job(installation: Installation, make_command: Maker, job: str, batch: Sequence[SampleCollected], serving: str) -> None:
    installation.samples.collected = list(batch)
    installation.ask(make_command, command_id=job, serving_version=serving)
    await until(lambda: installation.states(job) and installation.states(job)[-1].phase == "ended")


async def _serve(installation: Installation, asked: Any, version: str) -> None:
    installation.topics.requests.append(asked)
    await until(lambda: installation.current().version == version)
