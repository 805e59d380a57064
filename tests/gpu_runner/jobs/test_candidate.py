"""What a decision says beside the gate: corrections without support, and what a round withdrew."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from runner_fakes import Installation, correction, until

from gpu_runner.dataset.fields import Fields
from gpu_runner.dataset.rows import EvaluationItem, evaluation_item
from gpu_runner.jobs.leased_samples import said
from schemas.events.retrain_requested import RetrainRequested
from schemas.events.sample_collected import SampleCollected
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
