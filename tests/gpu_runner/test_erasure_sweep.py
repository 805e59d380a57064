"""What users take back leaves everything that the runner keeps, whenever it comes; what trained on it is listed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from runner_fakes import START, Installation, correction, erasure, retraction, until

from gpu_runner.event_log.withdrawals import Erasure, Fact
from gpu_runner.jobs.erase_files import tainted_versions
from gpu_runner.jobs.evaluation import EvaluationRequest
from ops.commands.models.explain import write_page
from ops.lineage.records import read_model
from schemas.events.retrain_requested import RetrainRequested
from schemas.events.sample_collected import SampleCollected

Maker = Callable[..., RetrainRequested]


def holding(installation: Installation, sample: SampleCollected) -> list[str]:
    """Every file of the data folder, the store and the reports that has the sample's words: `museum <number>`."""
    number = sample.sample_id and str(sample.group).removeprefix("building ")
    words = (f"museum {number} ", f"museum {number}?", f"संग्रहालय {number} ")
    found = []
    for root in (installation.settings.data_dir, installation.settings.eval_reports_dir):
        for path in sorted(path for path in root.rglob("*") if path.is_file()):
            try:
                text = path.read_text(encoding="utf-8", errors="replace")
            except FileNotFoundError:
                continue  # a draft that was renamed into place meanwhile
            if any(word.lower() in text.lower() for word in words):
                found.append(path.relative_to(root).as_posix())
    return found


def job_folder(installation: Installation, job_id: str = "cmd-1") -> Path:
    return installation.settings.jobs_dir() / job_id


def record(installation: Installation, version: str = "v1") -> dict[str, Any]:
    return dict(json.loads(installation.store.read_bytes(f"finetuned/tiny/{version}/decision.json")))


async def to_the_end(installation: Installation, job_id: str = "cmd-1") -> None:
    await until(lambda: installation.states(job_id) and installation.states(job_id)[-1].phase == "ended")


def trained_sample(installation: Installation, version: str = "v1") -> SampleCollected:
    """The first sample that has training rows and repair items of a version."""
    rows = installation.store.read_bytes(f"training_data/tiny/versions/{version}.jsonl").decode()
    items = installation.store.read_bytes(f"eval_data/tiny/repair/{version}.jsonl").decode()
    return next(sample for sample in installation.samples.collected if sample.sample_id in rows and sample.sample_id in items)


async def test_what_is_taken_back_during_the_lease_is_not_trained_on(bootstrapped: Installation, make_command: Maker) -> None:
    """A retraction and an erasure that come before the training drop their rows, counted by reason; nothing is tainted."""
    one, two = bootstrapped.samples.collected[0], bootstrapped.samples.collected[10]
    bootstrapped.topics.requests += [retraction(one), erasure(two)]
    bootstrapped.ask(make_command)
    async with bootstrapped.running():
        await to_the_end(bootstrapped)
    assert bootstrapped.states()[-1].outcome == "promoted"
    assert bootstrapped.states()[-1].tainted_samples is None
    decision = record(bootstrapped)
    assert not {one.sample_id, two.sample_id} & set(decision["sample_ids"])
    assert (decision["dropped"]["retracted"], decision["dropped"]["erased"], decision["tainted"]) == (1, 1, {})
    assert (holding(bootstrapped, one), holding(bootstrapped, two)) == ([], [])


async def test_what_the_user_said_after_the_erasure_trains(bootstrapped: Installation, make_command: Maker) -> None:
    """The erasure's time decides, not the user."""
    sample = correction(1)
    bootstrapped.topics.requests.append(erasure(sample, after_s=-1))
    bootstrapped.ask(make_command)
    async with bootstrapped.running():
        await to_the_end(bootstrapped)
    assert "erased" not in record(bootstrapped)["dropped"]
    assert holding(bootstrapped, trained_sample(bootstrapped))


async def test_a_child_that_has_learnt_nothing_yet_is_started_again_without_it(bootstrapped: Installation, make_command: Maker) -> None:
    """While the child still loads the job is prepared anew: the row is gone before the training, so nothing is tainted."""
    bootstrapped.behaviour = "first_loading"
    bootstrapped.ask(make_command)
    sample = bootstrapped.samples.collected[0]
    async with bootstrapped.running():
        await until(lambda: bootstrapped.starts() == 1)
        assert holding(bootstrapped, sample)
        bootstrapped.topics.requests.append(erasure(sample))
        await to_the_end(bootstrapped)
    last = bootstrapped.states()[-1]
    assert (bootstrapped.starts(), last.outcome, last.tainted_samples, last.attempt) == (2, "promoted", None, 1)
    assert holding(bootstrapped, sample) == []
    assert record(bootstrapped)["tainted"] == {}


async def test_what_comes_during_the_training_taints_the_version(bootstrapped: Installation, make_command: Maker) -> None:
    """The child goes on, the text leaves the files at once, and state, record and list say by ids what it was trained on."""
    bootstrapped.behaviour = "slow"
    bootstrapped.ask(make_command)
    sample = bootstrapped.samples.collected[0]
    async with bootstrapped.running():
        await until(lambda: bootstrapped.states() and bootstrapped.states()[-1].step >= 1)
        assert holding(bootstrapped, sample)
        bootstrapped.topics.requests.append(erasure(sample))
        await until(lambda: bootstrapped.states()[-1].tainted_samples == 1)
        assert bootstrapped.states()[-1].phase == "training"
        assert holding(bootstrapped, sample) == []
        await to_the_end(bootstrapped)
        await until(lambda: tainted_versions(bootstrapped.store))
    assert (bootstrapped.starts(), bootstrapped.states()[-1].outcome, bootstrapped.states()[-1].tainted_samples) == (1, "promoted", 1)
    assert record(bootstrapped)["tainted"] == {sample.sample_id: "erased"}
    assert sample.sample_id in record(bootstrapped)["sample_ids"]
    ((tainted),) = tainted_versions(bootstrapped.store)
    assert (tainted.model, tainted.version, dict(tainted.samples)) == ("tiny", "v1", {sample.sample_id: "erased"})
    assert holding(bootstrapped, sample) == []


async def test_an_erasure_after_the_end_reaches_everything_that_is_kept(bootstrapped: Installation, make_command: Maker) -> None:
    """Job folder, reports, their copy, stored rows, repair items and exports lose the text; other samples stay, the job is tainted."""
    bootstrapped.ask(make_command)
    async with bootstrapped.running():
        await to_the_end(bootstrapped)
        sample = trained_sample(bootstrapped)
        other = next(one for one in bootstrapped.samples.collected if one is not sample and holding(bootstrapped, one))
        exports = bootstrapped.settings.data_dir / "feedback"
        exports.mkdir()
        for one in (sample, other):
            (exports / f"feedback_{one.sample_id}.json").write_text(one.model_dump_json())
        places = holding(bootstrapped, sample)
        assert {place.split("/")[0] for place in places} == {"cmd-1", "feedback", "jobs", "models"}
        files = ("results.json", "report.html")
        assert {f"cmd-1/{name}" for name in files} | {f"models/finetuned/tiny/v1/reports/cmd-1/{name}" for name in files} <= set(places)
        kept = holding(bootstrapped, other)
        before = bootstrapped.states()[-1]
        bootstrapped.topics.requests.append(erasure(sample))
        await until(lambda: bootstrapped.states()[-1].tainted_samples == 1 and not holding(bootstrapped, sample))
    assert holding(bootstrapped, other) == kept
    assert bootstrapped.states()[-1].model_copy(update={"tainted_samples": None}) == before
    assert bootstrapped.states()[-1].event_id() != before.event_id()
    assert bootstrapped.current().version == "v1"


async def test_an_erasure_removes_the_pages_that_hold_its_words(bootstrapped: Installation, make_command: Maker) -> None:
    """A page of `abhyas explain` at its own place is gone with its list; one without words stays, and one written anew is without them."""
    bootstrapped.ask(make_command)
    folder = bootstrapped.settings.explanations_dir()

    def page(*, words: bool, name: str = "tiny-v1.html") -> frozenset[str]:
        records = read_model(bootstrapped.store, "tiny")
        return write_page(bootstrapped.store, records, records.versions["v1"], folder / name, words=words, listed=True)[1]

    async with bootstrapped.running():
        await to_the_end(bootstrapped)
        sample = trained_sample(bootstrapped)
        assert sample.sample_id in page(words=True)
        page(words=False, name="figures.html")
        assert "explanations/tiny-v1.html" in holding(bootstrapped, sample)
        bootstrapped.topics.requests.append(erasure(sample))
        await until(lambda: bootstrapped.states()[-1].tainted_samples == 1 and not holding(bootstrapped, sample))
    assert sorted(path.name for path in folder.iterdir()) == ["figures.html"]
    assert sample.sample_id not in page(words=True)
    assert holding(bootstrapped, sample) == []


async def test_what_comes_while_the_runner_is_down_is_applied_before_any_job_goes_on(
    bootstrapped: Installation, make_command: Maker
) -> None:
    """A job with checkpoints of the row is prepared anew from the first step, because the files to resume it with may not be kept."""
    bootstrapped.behaviour = "slow"
    bootstrapped.ask(make_command)
    async with bootstrapped.running():
        await until(lambda: bootstrapped.states() and bootstrapped.states()[-1].step >= 2)
    sample = bootstrapped.samples.collected[0]
    assert holding(bootstrapped, sample)
    bootstrapped.topics.requests.append(retraction(sample))
    async with bootstrapped.running():
        await to_the_end(bootstrapped)
    result = json.loads((job_folder(bootstrapped) / "result.json").read_text())
    assert (bootstrapped.starts(), result["resumed_from_step"]) == (2, 0)
    assert (bootstrapped.states()[-1].outcome, bootstrapped.states()[-1].tainted_samples) == ("promoted", None)
    assert sample.sample_id not in record(bootstrapped)["sample_ids"]
    assert holding(bootstrapped, sample) == []


async def test_a_tainted_run_that_is_interrupted_loses_its_taint(bootstrapped: Installation, make_command: Maker) -> None:
    """Its dataset lost a row, so the next attempt is prepared anew: nothing of the row is left in what it makes."""
    bootstrapped.behaviour = "first_hang"
    bootstrapped.ask(make_command)
    sample = bootstrapped.samples.collected[0]
    async with bootstrapped.running():
        await until(lambda: bootstrapped.states() and bootstrapped.states()[-1].step == 2)
        bootstrapped.topics.requests.append(erasure(sample))
        await until(lambda: bootstrapped.states()[-1].tainted_samples == 1)
    async with bootstrapped.running():
        await to_the_end(bootstrapped)
    assert (bootstrapped.states()[-1].outcome, bootstrapped.states()[-1].tainted_samples) == ("promoted", None)
    assert record(bootstrapped)["tainted"] == {}
    assert tainted_versions(bootstrapped.store) == []


async def test_later_runs_neither_replay_nor_ask_what_was_taken_back(bootstrapped: Installation, make_command: Maker) -> None:
    """Replay rows and earlier repair items of the sample are gone; one that is taken back later taints both versions that learnt it."""
    bootstrapped.ask(make_command)
    async with bootstrapped.running():
        await to_the_end(bootstrapped)
        before, after = (
            one
            for one in bootstrapped.samples.collected
            if one.sample_id in set(_item_samples(bootstrapped)[:1] + _item_samples(bootstrapped)[-1:])
        )
        bootstrapped.topics.requests.append(retraction(before))
        await until(lambda: bootstrapped.states()[-1].tainted_samples == 1)
        bootstrapped.samples.collected = [correction(number) for number in range(100, 160)]
        bootstrapped.ask(make_command, command_id="cmd-2", serving_version="v1")
        await to_the_end(bootstrapped, "cmd-2")
        assert holding(bootstrapped, before) == []
        assert "jobs/cmd-2/dataset/train.jsonl" in holding(bootstrapped, after)
        bootstrapped.topics.requests.append(erasure(after))
        await until(lambda: bootstrapped.states("cmd-2")[-1].tainted_samples == 1 and not holding(bootstrapped, after))
    listed = {tainted.version: dict(tainted.samples) for tainted in tainted_versions(bootstrapped.store)}
    assert listed == {
        "v1": {before.sample_id: "retracted", after.sample_id: "erased"},
        "v2": {after.sample_id: "erased"},
    }


def _item_samples(installation: Installation) -> list[str]:
    items = installation.store.read_bytes("eval_data/tiny/repair/v1.jsonl").decode().splitlines()
    return [json.loads(line)["sample_id"] for line in items]


async def test_a_place_that_is_damaged_does_not_keep_the_text_elsewhere(bootstrapped: Installation, make_command: Maker) -> None:
    """It is logged and tried again; everything else is cleaned, and jobs go on."""
    bootstrapped.ask(make_command)
    async with bootstrapped.running():
        await to_the_end(bootstrapped)
    sample = trained_sample(bootstrapped)
    damaged = bootstrapped.settings.jobs_dir() / "aaa"
    damaged.mkdir()
    (damaged / "prepared.json").write_text('{"model": "tiny"}')
    bootstrapped.topics.requests.append(erasure(sample))
    async with bootstrapped.running():
        await until(lambda: bootstrapped.states()[-1].tainted_samples == 1)
    assert holding(bootstrapped, sample) == []


async def test_facts_about_others_write_nothing(bootstrapped: Installation, make_command: Maker) -> None:
    """Retractions and erasures of what the runner never had leave topics and files as they are."""
    bootstrapped.ask(make_command)
    async with bootstrapped.running():
        await to_the_end(bootstrapped)
        written = len(bootstrapped.topics.transactions)
        strangers: list[Fact] = [retraction(correction(900)), erasure(correction(901)), Erasure("a" * 64, START + timedelta(days=9))]
        bootstrapped.topics.requests += strangers
        await asyncio.sleep(0.3)
    assert len(bootstrapped.topics.transactions) == written
    assert not list(bootstrapped.settings.data_dir.rglob("taken_back.json"))


@pytest.mark.parametrize("when", ["after", "meanwhile"])
async def test_an_evaluations_reports_lose_what_is_taken_back(bootstrapped: Installation, make_command: Maker, when: str) -> None:
    """Of a version's own repair items: reports, their copy and answers lose the words, also of an erasure that came while it ran."""
    bootstrapped.behaviour = "reports"
    bootstrapped.ask(make_command)
    async with bootstrapped.running() as supervisor:
        await to_the_end(bootstrapped)
        sample = trained_sample(bootstrapped)
        request = EvaluationRequest("eval-1", "tiny", "v1", "s3://models/eval_data/tiny/repair/v1.jsonl", ("f1",), None, START.isoformat())
        await asyncio.to_thread(supervisor.evaluations.accept, request)
        supervisor.evaluation_accepted()
        if when == "meanwhile":
            await until((bootstrapped.settings.evaluations_dir() / "eval-1" / "items.jsonl").exists)
            bootstrapped.topics.requests.append(erasure(sample))
        await until(lambda: supervisor.evaluations.status("eval-1")["status"] == "completed")
        if when == "after":
            places = holding(bootstrapped, sample)
            assert {"eval-1/report.html", "models/finetuned/tiny/v1/reports/eval-1/report.html"} <= set(places)
            bootstrapped.topics.requests.append(erasure(sample))
        await until(lambda: not holding(bootstrapped, sample))
        assert supervisor.evaluations.status("eval-1")["notice"] is None
    names = ("results.json", "report.md", "report.html")
    assert all((bootstrapped.settings.eval_reports_dir / "eval-1" / name).is_file() for name in names)
    assert {f"finetuned/tiny/v1/reports/eval-1/{name}" for name in names} <= set(bootstrapped.store.list("finetuned"))
