"""The gate from bootstrap to promotion: policy file, languages, sizes of guards, the lineage's start; real gate, a fake child."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from runner_fakes import BOOTSTRAP, Installation, correction, request, until

from gpu_runner.dataset.rows import EvaluationItem, save_rows
from gpu_runner.gate.policy import Policy
from gpu_runner.versions.lineage_start import lineage_start
from schemas.events.promotion_decided import PromotionDecided
from schemas.events.retrain_requested import RetrainRequested

Maker = Callable[..., RetrainRequested]
POLICY_KEY = "finetuned/tiny/v0/gate-policy.yaml"
QUESTIONS = {"hi": "किला {n} का रंग क्या है?", "mr": "किल्ला {n} कोणत्या रंगाचा आहे?", "en": "What colour is fort {n}?"}
ANSWERS = {"hi": "रंग {n}", "mr": "रंग {n} आहे", "en": "shade {n}"}


def ask_in(installation: Installation, tmp_path: Path, *tags: str, size: int = 240) -> None:
    """The evaluation items, and what users correct, are in these languages alone."""
    items = []
    for number in range(size):
        tag = tags[number % len(tags)]
        question, answer = QUESTIONS[tag].format(n=number), ANSWERS[tag].format(n=number)
        items.append(EvaluationItem(f"i{number}", "dataset", question, (answer,), tag, f"fort {number}"))
    save_rows(tmp_path / "items.jsonl", items)
    installation.store.write_file("up/eval.jsonl", tmp_path / "items.jsonl")
    asked = {"hi": "संग्रहालय {n} कब बना?", "mr": "संग्रहालय {n} केव्हा बांधले?", "en": "When was museum {n} built?"}
    for place, sample in enumerate(installation.samples.collected):
        tag = tags[place % len(tags)]
        installation.samples.collected[place] = sample.model_copy(update={"language": tag, "query": asked[tag].format(n=place)})


async def bootstrap(installation: Installation, **changes: str) -> PromotionDecided:
    """The decision on the bootstrap."""
    installation.topics.requests.append(request("bootstrap", **(BOOTSTRAP | changes)))
    async with installation.running():
        await until(lambda: installation.topics.events(PromotionDecided))
    found: PromotionDecided = installation.topics.events(PromotionDecided)[-1]
    return found


async def train(installation: Installation, make_command: Maker, job: str = "cmd-1", **changes: Any) -> PromotionDecided:
    """The decision on one run."""
    installation.ask(make_command, command_id=job, **changes)
    async with installation.running():
        await until(lambda: installation.states(job) and installation.states(job)[-1].phase == "ended", 60)
    found: PromotionDecided = installation.topics.events(PromotionDecided)[-1]
    return found


def record_of(installation: Installation, version: str) -> dict[str, Any]:
    """The decision record of a version."""
    found: dict[str, Any] = json.loads(installation.store.read_bytes(f"finetuned/tiny/{version}/decision.json"))
    return found


@pytest.mark.parametrize("tag", ["hi", "en", "mr"])
async def test_k11_an_installation_in_one_language_promotes_a_good_candidate(
    installation: Installation, tmp_path: Path, make_command: Maker, tag: str
) -> None:
    """Bootstrapped, trained, judged and serving, with its own language guarded alone."""
    ask_in(installation, tmp_path, tag)
    assert (await bootstrap(installation)).applied
    decided = await train(installation, make_command)
    assert decided.verdict == "promote", decided.reasons
    assert installation.current().version == "v1"
    assert decided.policy["languages"] == tag
    names = [guard["name"] for guard in record_of(installation, "v1")["gate"]["guards"]]
    assert [name for name in names if name.startswith("language")] == [f"language {tag}"]


async def test_k11_the_bootstrap_writes_the_policy_and_says_what_the_guards_have(installation: Installation) -> None:
    """The file beside the record, named with its hash; items and groups of each guard in the decision, its record and model.current."""
    decided = await bootstrap(installation)
    record = record_of(installation, "v0")
    content = installation.store.read_bytes(POLICY_KEY)
    assert record["gate_policy"] == {"key": POLICY_KEY, "sha256": hashlib.sha256(content).hexdigest()}
    assert record["policy"] == decided.policy == Policy(languages=("en", "hi")).as_dict()
    guards = {guard.name: guard for guard in installation.current().gate_guards}
    assert list(guards) == ["holdout", "language en", "language hi", "old_facts", "script"]
    assert [guard.model_dump() for guard in guards.values()] == record["guards"]
    (told,) = [reason for reason in decided.reasons if reason.startswith("the gate's guards stand on")]
    assert f"holdout {guards['holdout'].items} items of {guards['holdout'].groups} groups" in told
    assert not [reason for reason in decided.reasons if "nothing can be promoted" in reason]


async def test_k11_a_person_may_give_a_policy(installation: Installation, make_command: Maker) -> None:
    """Stored whole, active at the decision, named there with its hash."""
    installation.store.write_bytes("up/policy.yaml", b"languages: [hi]\nmargin: 0.2\n")
    assert (await bootstrap(installation, policy_uri="s3://models/up/policy.yaml")).applied
    decided = await train(installation, make_command)
    assert (decided.policy["languages"], decided.policy["margin"]) == ("hi", 0.2)
    assert record_of(installation, "v1")["gate_policy"] == record_of(installation, "v0")["gate_policy"]
    assert b"lineage_margin: 0.15" in installation.store.read_bytes(POLICY_KEY)


async def test_k11_a_policy_that_can_not_be_used_refuses_the_bootstrap(installation: Installation) -> None:
    """By field; nothing serves."""
    installation.store.write_bytes("up/policy.yaml", b"languages: [hi]\nmargins: 0.2\n")
    decided = await bootstrap(installation, policy_uri="s3://models/up/policy.yaml")
    assert not decided.applied
    assert "policy: field 'margins' is not known" in decided.reasons[0]


async def test_k11_a_policy_changed_behind_the_record_ends_the_job_before_it_trains(
    bootstrapped: Installation, make_command: Maker
) -> None:
    """Hours of training would end in a decision by a policy that nobody decided on."""
    bootstrapped.store.write_bytes(POLICY_KEY, b"margin: 1\n")
    bootstrapped.ask(make_command)
    async with bootstrapped.running():
        await until(lambda: bootstrapped.states() and bootstrapped.states()[-1].phase == "ended")
    last = bootstrapped.states()[-1]
    assert (last.outcome, last.retryable) == ("failed", False)
    assert "put the original back" in str(last.error)
    assert bootstrapped.starts() == 0


async def test_k11_guards_too_small_to_pass_are_said_at_the_bootstrap(installation: Installation, tmp_path: Path) -> None:
    """What is short, what would help, and that no training will be started; model.current tells stage 2."""
    ask_in(installation, tmp_path, "hi", "en", size=40)
    decided = await bootstrap(installation)
    assert decided.applied
    assert any(reason.startswith("holdout has ") and "20 are needed" in reason for reason in decided.reasons)
    assert any("HOLDOUT_PERCENT" in reason or "add evaluation items" in reason for reason in decided.reasons)
    assert any(reason.startswith("no training will be started") for reason in decided.reasons)
    assert [guard.name for guard in installation.current().gate_guards if guard.items < guard.least]


async def test_k11_the_second_round_is_held_against_the_lineages_start(bootstrapped: Installation, make_command: Maker) -> None:
    """Its kept scores are those of v0 on the same items; scores that are not what the record names leave the guard missing."""
    assert (await train(bootstrapped, make_command)).verdict == "promote"
    assert lineage_start(bootstrapped.store, "tiny", "v0") is None
    bootstrapped.samples.collected = [correction(number) for number in range(100, 160)]
    decided = await train(bootstrapped, make_command, "cmd-2", serving_version="v1")
    assert decided.verdict == "promote", decided.reasons
    record = record_of(bootstrapped, "v2")
    assert record["lineage_start"] == "v0"
    guards = {guard["name"]: guard for guard in record["gate"]["guards"]}
    assert guards["lineage_start holdout"]["items"] == guards["holdout"]["items"] > 20
    assert guards["lineage_start old_facts"]["state"] == "satisfied"
    bootstrapped.store.write_bytes("finetuned/tiny/v1/scores.json", b'{"items": []}')
    start = lineage_start(bootstrapped.store, "tiny", "v2")
    assert start is not None
    assert (start.version, start.em) == ("v0", {})
