"""What a decision says beside the gate: corrections without support, and what a round withdrew."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from runner_fakes import Installation, correction, erasure, until

from gpu_runner.dataset.fields import Fields
from gpu_runner.dataset.memory.index import index_of, read_index
from gpu_runner.dataset.rows import EvaluationItem, evaluation_item, load_evaluation_items
from gpu_runner.jobs.leased_samples import said
from gpu_runner.versions.holdout import changed_key
from schemas.events.retrain_requested import RetrainRequested
from schemas.events.sample_collected import SampleCollected
from schemas.holdout import key_id
from schemas.reading.json_lines import own_lines

Maker = Callable[..., RetrainRequested]


async def job(installation: Installation, make_command: Maker, number: int, batch: Sequence[SampleCollected]) -> dict[str, Any]:
    """Run the job of a batch; its decision record."""
    installation.samples.collected = list(batch)
    async with installation.running():
        installation.ask(make_command, command_id=f"cmd-{number}", serving_version=installation.current().version)
        await until(lambda: installation.states(f"cmd-{number}") and installation.states(f"cmd-{number}")[-1].phase == "ended")
    record: dict[str, Any] = json.loads(installation.store.read_bytes(f"finetuned/tiny/v{number}/decision.json"))
    return record


def load_items(data: bytes) -> tuple[EvaluationItem, ...]:
    """The items of a stored file."""
    return tuple(evaluation_item(Fields("items", row)) for _, row in own_lines(data))


async def test_corrections_of_one_user_each_are_no_gold_and_the_decision_says_why(bootstrapped: Installation, make_command: Maker) -> None:
    """They train, the primary has nothing to ask, and nothing is promoted; a second user for each, and it is."""
    bootstrapped.settings = bootstrapped.settings.model_copy(update={"support_min": 2})
    alone = [correction(number) for number in range(40)]
    record = await job(bootstrapped, make_command, 1, alone)
    assert record["gate_verdict"] == "inconclusive"
    unsupported = record["dropped"]["gold_without_support"]
    told = f"{unsupported} corrections have fewer than SUPPORT_MIN = 2 supporters: they were trained, and the primary asked nothing"
    assert told in record["gate_reasons"]
    assert len(record["sample_ids"]) == unsupported > 20
    assert record["said"] == said(alone)
    assert record["primary_of"] == "none"


async def test_the_reports_compare_the_words_of_both_sides(bootstrapped: Installation, make_command: Maker) -> None:
    """Answers in English have none to compare; that is told, and the decision's record has nothing of it."""
    record = await job(bootstrapped, make_command, 1, [correction(number) for number in range(40)])
    (results,) = bootstrapped.settings.eval_reports_dir.glob("*/results.json")
    told = json.loads(results.read_text(encoding="utf-8"))["written_damage"]
    assert told == {"items": 0, "baseline": 0.0, "candidate": 0.0, "p_value": 1.0, "more": False}
    assert "written_damage" not in record


async def test_a_decision_lists_what_the_round_withdrew(bootstrapped: Installation, make_command: Maker) -> None:
    """A later correction of a question takes the place of the earlier one: by the ids of the samples, in the record and in the reasons."""
    first = [correction(number) for number in range(40)]
    before = await job(bootstrapped, make_command, 1, first)
    assert before["withdrawn"] == {}
    number = next(number for number in range(1, 40, 2) if first[number].sample_id in before["sample_ids"])  # outside the holdout
    old, asked = first[number], f"Please tell me: at what time was museum {number} built?"
    new = correction(101).model_copy(update={"query": asked, "group": old.group})
    record = await job(bootstrapped, make_command, 2, [new, *(correction(number) for number in range(102, 140))])
    withdrawn = record["withdrawn"]
    assert withdrawn[old.sample_id] == new.sample_id
    assert set(withdrawn.values()) == {new.sample_id}
    assert any(reason.startswith(f"{len(withdrawn)} earlier samples, rows or items no longer hold") for reason in record["gate_reasons"])
    rows = [json.loads(line) for line in (bootstrapped.settings.jobs_dir() / "cmd-2" / "dataset" / "train.jsonl").read_text().splitlines()]
    assert {row["completion"] for row in rows if f"museum {number} " in row["prompt"]} == {new.correction}


def items_of(installation: Installation, number: int, item_set: str) -> list[EvaluationItem]:
    """What a job asked of a set."""
    path = installation.settings.jobs_dir() / f"cmd-{number}" / "dataset" / "evaluation.jsonl"
    return [item for item in load_evaluation_items(path) if item.set == item_set]


async def test_what_a_version_learnt_is_remembered_without_a_word_and_an_erasure_takes_its_items_alone(
    bootstrapped: Installation, make_command: Maker
) -> None:
    """The list lies beside the version under the hash that the record names; a later round asks what is left, by the same numbers."""
    first = [correction(number) for number in range(40)]
    record = await job(bootstrapped, make_command, 1, first)
    content = bootstrapped.store.read_bytes("finetuned/tiny/v1/corrections.json")
    assert hashlib.sha256(content).hexdigest() == record["corrections_sha256"]
    repair = items_of(bootstrapped, 1, "repair")
    assert read_index(content) == index_of(repair)
    kept = bootstrapped.store.local_path("eval_data/tiny/repair/v1.jsonl")
    assert kept is not None
    assert {item.id for item in load_evaluation_items(kept)} == {item.id for item in repair}
    assert not any(word in content.decode() for sample in first for word in (sample.query, "museum", sample.group or ""))
    gone = next(sample for sample in first if sample.sample_id == repair[0].sample_id)
    async with bootstrapped.running():
        bootstrapped.topics.requests.append(erasure(gone))
        await until(lambda: gone.sample_id not in kept.read_text())
    assert bootstrapped.store.read_bytes("finetuned/tiny/v1/corrections.json") == content
    again = await job(bootstrapped, make_command, 2, [correction(number) for number in range(100, 140)])
    asked = items_of(bootstrapped, 2, "earlier_repair")
    assert {item.id for item in asked} == {f"v1.{item.id}" for item in repair if item.sample_id != gone.sample_id}
    known = len(read_index(content))
    assert (again["counts"]["memory_corrections"], again["counts"]["memory_runs_to_ask_all"]) == (known - 1, 1)
    results = json.loads((bootstrapped.settings.eval_reports_dir / "cmd-2" / "results.json").read_text())["corrections"]
    learnt = len(read_index(bootstrapped.store.read_bytes("finetuned/tiny/v2/corrections.json")))
    counts = {"learnt": 0, "kept": known - 1, "lost": 0, "not_learnt": 0, "not_asked": 0, "withdrawn": 1}
    assert results["rounds"] == [
        {"origin": "v1", "corrections": known} | counts,
        {"origin": "v2", "corrections": learnt} | dict.fromkeys(counts, 0) | {"learnt": learnt},
    ]
    assert (results["version"], results["lost"], results["faults"]) == ("v2", [], {})


async def test_what_telling_would_have_done_is_told_and_decides_nothing(bootstrapped: Installation, make_command: Maker) -> None:
    """In the record, its reasons and the reports, by figures alone; the gate's words are those of a run that told nothing."""
    bootstrapped.behaviour = "told"
    record = await job(bootstrapped, make_command, 1, [correction(number) for number in range(40)])
    told = record["told_corrections"]
    assert (told["most"], told["baseline"], told["baseline_told"], told["candidate"]) == (3, 0.0, 0.0, 1.0)
    assert told["items"] == len(items_of(bootstrapped, 1, "repair"))
    assert hashlib.sha256(bootstrapped.store.read_bytes("finetuned/tiny/v1/told.json")).hexdigest() == told["sha256"]
    (sentence,) = [reason for reason in record["gate_reasons"] if reason.startswith("would telling have been enough?")]
    assert sentence not in record["gate"]["reasons"]
    assert record["gate_verdict"] == "promote"
    folder = bootstrapped.settings.eval_reports_dir / "cmd-1"
    assert json.loads((folder / "results.json").read_text())["told_corrections"] == told
    assert "Would telling it have been enough?" in (folder / "report.md").read_text()
    job_folder = bootstrapped.settings.jobs_dir() / "cmd-1"
    spec = json.loads((job_folder / "spec.json").read_text())
    assert (spec["told_corrections"], spec["dataset"]["told"]) == (3, "dataset/told.jsonl")
    rows = [json.loads(line) for line in (job_folder / "dataset" / "told.jsonl").read_text().splitlines()]
    gone = next(sample for sample in bootstrapped.samples.collected if sample.sample_id == rows[0]["sample_id"])
    async with bootstrapped.running():
        bootstrapped.topics.requests.append(erasure(gone))
        for name in ("told", "memory", "evaluation", "train"):
            path = job_folder / "dataset" / f"{name}.jsonl"
            await until(lambda path=path: gone.sample_id not in path.read_text())  # type: ignore[misc]
        await until(lambda: not (job_folder / "evaluation" / "told_answers.jsonl").exists())


async def test_a_setting_of_none_tells_the_baseline_nothing(bootstrapped: Installation, make_command: Maker) -> None:
    """The child is not told of any corrections to tell."""
    bootstrapped.settings = bootstrapped.settings.model_copy(update={"evaluation_told_corrections": 0})
    record = await job(bootstrapped, make_command, 1, [correction(number) for number in range(40)])
    assert record["told_corrections"] is None
    assert not [reason for reason in record["gate_reasons"] if "telling" in reason]
    spec = json.loads((bootstrapped.settings.jobs_dir() / "cmd-1" / "spec.json").read_text())
    assert (spec["told_corrections"], set(spec["dataset"]["sha256"])) == (0, {"train", "eval", "evaluation"})


async def test_the_holdout_is_pinned_beside_a_version_and_its_contamination_is_reported(
    bootstrapped: Installation, make_command: Maker
) -> None:
    """Ids and hashes of the items at v0 and v1; a correction that gives an item away is listed there, and the report scores without it."""
    store, tiny = bootstrapped.store, "finetuned/tiny"
    first = json.loads(store.read_bytes(f"{tiny}/v0/holdout.json"))
    given_away = next(item["id"] for item in first["items"] if int(item["id"][1:]) % 2)
    asked = f"Kindly say: what colour is the fort {given_away[1:]}?"
    leak = correction(101).model_copy(update={"query": asked, "correction": f"shade{given_away[1:]}"})
    record = await job(bootstrapped, make_command, 1, [leak, *(correction(number) for number in range(40))])
    pinned = json.loads(store.read_bytes(f"{tiny}/v1/holdout.json"))
    assert pinned["items"] == first["items"]
    assert pinned["leaked"]["batch"] == [given_away]
    assert [item["item_id"] for item in record["quarantined"] if item["sample_id"] == leak.sample_id] == [given_away]
    reports = bootstrapped.settings.eval_reports_dir / "cmd-1"
    told = json.loads((reports / "results.json").read_text(encoding="utf-8"))["contamination"]
    assert given_away in told["given_away"]["batch"]
    assert told["scores"]["candidate"]["without"]["items"] < told["scores"]["candidate"]["all"]["items"] == told["items"]
    assert "## Contamination of the holdout" in (reports / "report.md").read_text(encoding="utf-8")


async def test_after_a_rotation_a_job_runs_with_the_new_key_alone(bootstrapped: Installation, make_command: Maker) -> None:
    """With the old key it is refused; with the new one the released items are asked no more, and nothing else is held out."""
    store, old = bootstrapped.store, bootstrapped.settings.holdout_key_bytes()
    items = load_items(store.read_bytes("eval_data/tiny/registered/items.jsonl"))
    change = changed_key(
        items, (), first_key_id=key_id(old), old=old, new=b"another key", keep_percent=50, actor="asha", reason="", now=datetime.now(UTC)
    )
    store.write_bytes("eval_data/tiny/holdout_keys/0001.json", json.dumps(change).encode())
    bootstrapped.samples.collected = [correction(number) for number in range(40)]
    async with bootstrapped.running():
        bootstrapped.ask(make_command, command_id="cmd-9")
        await until(lambda: bootstrapped.states("cmd-9") and bootstrapped.states("cmd-9")[-1].phase == "ended")
    assert f"its key was changed to {change['after']}" in str(bootstrapped.states("cmd-9")[-1].error)
    bootstrapped.settings = bootstrapped.settings.model_copy(update={"holdout_key": "another key"})
    await job(bootstrapped, make_command, 2, bootstrapped.samples.collected)
    pinned = json.loads(store.read_bytes("finetuned/tiny/v2/holdout.json"))
    assert {item["id"] for item in pinned["items"]} == set(change["items_kept"])
    assert pinned["key_id"] == change["after"]
