"""A failure at every step of a decision: each with its word, and never a promotion."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from runner_fakes import Installation, correction, until

from gpu_runner.gate.decide import LineageStart, Policy, decide
from gpu_runner.versions.keys import MODEL_ITEMS
from gpu_runner.versions.promotion import gate_outcome
from schemas.events.model_current import ModelCurrent
from schemas.events.promotion_decided import PromotionDecided
from schemas.events.retrain_requested import RetrainRequested
from tests.gpu_runner.gate.test_decide import only, scores
from tests.gpu_runner.gate.test_gate_of_an_installation import record_of, train

Scores = dict[str, Any]
Maker = Callable[..., RetrainRequested]
ITEMS_KEY = MODEL_ITEMS.format(model="tiny")


def without_metric(value: Scores, side: str, name: str) -> Scores:
    """One item of one side lacks a metric."""
    found = copy.deepcopy(value)
    del found["items"][70][side][name]
    return found


def other(value: Scores, **changes: Any) -> Scores:
    """The scores with fields of their own."""
    return copy.deepcopy(value) | changes


def of_side(value: Scores, side: str, **changes: Any) -> Scores:
    """One item of one side is another."""
    found = copy.deepcopy(value)
    found["items"][70][side] |= changes
    return found


BROKEN: dict[str, Callable[[Scores], Scores]] = {
    "a metric is missing on one side": lambda value: without_metric(value, "candidate", "em"),
    "the baseline's metric is missing": lambda value: without_metric(value, "baseline", "em"),
    "a flag is missing": lambda value: without_metric(value, "candidate", "script_violation"),
    "a score is no number": lambda value: of_side(value, "candidate", em=float("nan")),
    "a score is out of its range": lambda value: of_side(value, "candidate", em=5.0),
    "an answer is missing": lambda value: of_side(value, "candidate", missing=True),
    "the baseline was not asked": lambda value: other(
        value, items=[{key: field for key, field in entry.items() if key != "baseline"} for entry in value["items"]]
    ),
    "the hashes of the items differ": lambda value: other(value, items_sha256=value["items_sha256"] | {"candidate": "b" * 64}),
    "the hashes are missing": lambda value: {key: field for key, field in value.items() if key != "items_sha256"},
    "there are no items": lambda value: other(value, items=[]),
    "the holdout is empty": lambda value: only(value, without="holdout"),
    "the old facts are empty": lambda value: only(value, without="old_facts"),
    "an item comes twice": lambda value: other(value, items=[*value["items"], value["items"][0]]),
    "the file is no object": lambda value: {},
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_missing_or_another_is_broken(name: str) -> None:
    """The same scores without the fault are promoted."""
    assert decide(Policy(), scores(), seed=0).word == "PROMOTE"
    decision = decide(Policy(), BROKEN[name](scores()), seed=0)
    assert (decision.verdict, decision.word) == ("inconclusive", "BROKEN")
    assert decision.reasons


def test_no_repair_item_abstains() -> None:
    """An empty primary is no fault: there is nothing to show a gain on."""
    decision = decide(Policy(), only(scores(), without="repair"), seed=0)
    assert decision.word == "ABSTAIN"
    assert decision.items_needed_of == {"repair": Policy().min_primary_groups}


def test_a_start_that_can_not_be_read_is_broken() -> None:
    """Its scores file is gone or another."""
    assert decide(Policy(), scores(), seed=0, start=LineageStart("v0", {})).word == "BROKEN"


def test_a_judge_that_is_down_changes_nothing() -> None:
    """No gate reads a judge: what it would have said is in no score, so a candidate without a gain stays one."""
    judged = scores(gain=0.0)
    for entry in judged["items"]:
        entry["candidate"] |= {"response_quality": None, "correctness": None}
    assert decide(Policy(), judged, seed=0).word == decide(Policy(), scores(gain=0.0), seed=0).word == "ABSTAIN"


def test_a_baseline_that_no_longer_serves_is_void(make_serving: Callable[..., ModelCurrent]) -> None:
    """Whatever the gate said."""
    outcome = gate_outcome(
        "promote", ("better",), baseline={"version": "v0", "sha256": "a" * 64}, artifact_sha256="b" * 64,
        serving=make_serving(version="v1"), rolled_back=(),
    )  # fmt: skip
    assert (outcome.verdict, outcome.applied) == ("void", False)


@pytest.mark.parametrize("fault", ["gone", "changed"])
async def test_pinned_items_that_are_gone_or_another_are_broken(bootstrapped: Installation, make_command: Maker, fault: str) -> None:
    """Found at the decision by the bootstrap's hash: inconclusive, broken, and told by the metric that the alert reads."""
    bootstrapped.ask(make_command)
    async with bootstrapped.running():
        await until(lambda: bootstrapped.starts() == 1, 60)
        content = bootstrapped.store.read_bytes(ITEMS_KEY)
        if fault == "gone":
            bootstrapped.store.local_path(ITEMS_KEY).unlink()
        else:
            bootstrapped.store.write_bytes(ITEMS_KEY, content[: content.rindex(b"\n", 0, -1) + 1])
        await until(lambda: bootstrapped.states()[-1].phase == "ended", 60)
        await until(lambda: b"abhyas_runner_gate_broken_total 1.0" in bootstrapped.metrics.text())
    decided = bootstrapped.topics.events(PromotionDecided)[-1]
    assert (decided.verdict, decided.broken, decided.applied) == ("inconclusive", True, False)
    assert "pinned items" in decided.reasons[0]
    assert bootstrapped.current().version == "v0"
    assert json.loads(json.dumps(record_of(bootstrapped, "v1")["gate"]))["word"] == "BROKEN"


async def test_a_corrupt_artifact_ends_the_job(bootstrapped: Installation, make_command: Maker) -> None:
    """The baseline's weights are not what its record names: nothing is trained on them, scored against them or promoted."""
    record = record_of(bootstrapped, "v0")
    (weights,) = [key for key in bootstrapped.store.list(record["artifact"]["uri"]) if key.endswith(".safetensors")]
    bootstrapped.store.write_bytes(weights, b"other weights")
    bootstrapped.ask(make_command)
    async with bootstrapped.running():
        await until(lambda: bootstrapped.states() and bootstrapped.states()[-1].phase == "ended", 60)
    assert bootstrapped.states()[-1].outcome == "failed"
    assert bootstrapped.current().version == "v0"


async def test_a_good_candidate_is_promoted_and_not_broken(bootstrapped: Installation, make_command: Maker) -> None:
    """The same installation without a fault; its record names the rules by which it was decided."""
    bootstrapped.samples.collected = [correction(number) for number in range(60)]
    decided = await train(bootstrapped, make_command)
    assert (decided.verdict, decided.broken) == ("promote", None)
    assert record_of(bootstrapped, "v1")["gate_rules"] == record_of(bootstrapped, "v1")["gate"]["rules"] == "tango-holm-1"
