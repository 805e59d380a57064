"""Bootstrap, a person's promotion and rollbacks: one decision each, applied or refused with the reason."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fake_minio import FakeMinio
from runner_fakes import BOOTSTRAP, START, Installation, request, until, weights_file

from gpu_runner.versions.registry import register_version, rolled_back_artifacts
from runtime.artifacts.content_hash import folder_sha256
from runtime.artifacts.s3 import S3Store
from schemas.events.model_current import ModelCurrent
from schemas.events.promotion_decided import PromotionDecided
from schemas.events.retrain_requested import RetrainRequested
from schemas.events.rollback_requested import RollbackRequested

Maker = Callable[..., RetrainRequested]


async def answered(installation: Installation, *requests: Any) -> list[PromotionDecided]:
    """The decisions on requests, in the order of asking."""
    async with installation.running():
        for one in requests:
            installation.topics.requests.append(one)
            await until(lambda one=one: any(found.decision_id == one.event_id() for found in installation.topics.events(PromotionDecided)))
    return [next(d for d in installation.topics.events(PromotionDecided) if d.decision_id == one.event_id()) for one in requests]


async def train(installation: Installation, command: RetrainRequested) -> None:
    """Runs a command to its end."""
    installation.topics.requests.append(command)
    async with installation.running():
        await until(lambda: installation.states(command.command_id) and installation.states(command.command_id)[-1].phase == "ended")


async def test_a_bootstrap_registers_v0(installation: Installation) -> None:
    """The decision and the serving version come in one transaction, with the base's hash and the holdout key's id."""
    (decision,) = await answered(installation, request("bootstrap", **BOOTSTRAP))
    assert (decision.verdict, decision.applied, decision.version) == ("bootstrap", True, "v0")
    assert [type(event) for event in installation.topics.transactions[-1]] == [PromotionDecided, ModelCurrent]
    current = installation.current()
    assert (current.version, current.artifact_uri, current.previous_version) == ("v0", "base/tiny", None)
    assert current.artifact_sha256 == folder_sha256(installation.store.local_path("base/tiny"))
    assert len(current.holdout_key_id) == 8


async def test_the_holdout_is_assigned_by_the_key_and_kept(installation: Installation) -> None:
    """Each item's set follows the keyed hash of its group; changing the uploaded file later changes nothing."""
    await answered(installation, request("bootstrap", **BOOTSTRAP))
    registered = installation.store.local_path("eval_data/tiny/registered/items.jsonl")
    items = [json.loads(line) for line in registered.open()]
    held_out = [item for item in items if item["set"] == "holdout"]
    assert {item["set"] for item in items} == {"holdout", "old_facts"}
    assert 30 < len(held_out) < 90  # 25 % of 240
    before = registered.read_bytes()
    installation.store.write_bytes("up/eval.jsonl", b"changed")
    (refused,) = await answered(installation, request("bootstrap", "again", **BOOTSTRAP))
    assert not refused.applied
    assert registered.read_bytes() == before


async def test_the_same_bootstrap_again_changes_nothing(bootstrapped: Installation) -> None:
    """It is answered as applied, and no serving version is written."""
    (decision,) = await answered(bootstrapped, request("bootstrap", "again", **BOOTSTRAP))
    assert decision.applied
    assert "nothing changed" in decision.reasons[0]
    assert len(bootstrapped.topics.events(ModelCurrent)) == 1


@pytest.mark.parametrize(
    ("key", "content", "told"),
    [
        ("up/eval.jsonl", b'{"question": "q", "answers": ["a"]}\n', "eval_sha256 differ"),
        ("up/documents.jsonl", b'{"text": "other"}\n', "documents_sha256 differ"),
    ],
)
async def test_another_bootstrap_is_refused_with_what_differs(bootstrapped: Installation, key: str, content: bytes, told: str) -> None:
    """A model is bootstrapped once."""
    bootstrapped.store.write_bytes(key, content)
    (decision,) = await answered(bootstrapped, request("bootstrap", "again", **BOOTSTRAP))
    assert (decision.verdict, decision.applied) == ("bootstrap", False)
    assert told in decision.reasons[0]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"eval_uri": "s3://models/no.jsonl"}, "s3://models/no.jsonl is not in the artifact store"),
        ({"eval_uri": "s3://models/../x"}, "is not allowed"),
        ({"eval_uri": "s3://models/up/documents.jsonl"}, "eval:"),
        ({"replay_uri": "s3://models/up/documents.jsonl"}, "replay:"),
        ({"documents_uri": "s3://models/up/eval.jsonl"}, "documents: line 1: field 'text' is missing"),
        ({"base_model": "org/unknown"}, "base_model: base model 'org/unknown' was not found"),
    ],
)
async def test_a_bootstrap_that_can_not_work_is_refused(installation: Installation, changes: dict[str, str], told: str) -> None:
    """The reason names the field; nothing serves, and a good request afterwards works."""
    bad, good = await answered(
        installation, request("bootstrap", "bad", **(BOOTSTRAP | changes)), request("bootstrap", "good", **BOOTSTRAP)
    )
    assert (bad.applied, good.applied) == (False, True)
    assert told in bad.reasons[0]


async def test_a_missing_holdout_key_refuses_the_bootstrap(installation: Installation) -> None:
    """Without it nothing could be held out."""
    installation.settings = installation.settings.model_copy(update={"holdout_key": None})
    (decision,) = await answered(installation, request("bootstrap", **BOOTSTRAP))
    assert "HOLDOUT_KEY is not set" in decision.reasons[0]


async def test_a_base_outside_the_store_is_copied_into_it(installation: Installation) -> None:
    """What serves lies in the store, wherever the base came from."""
    mounted = installation.settings.models_dir / "fresh"
    mounted.mkdir(parents=True)
    (mounted / "config.json").write_text("{}")
    (mounted / "model.safetensors").write_bytes(weights_file("fresh"))
    (decision,) = await answered(installation, request("bootstrap", **(BOOTSTRAP | {"base_model": "org/fresh"})))
    assert decision.applied, decision.reasons
    assert installation.current().artifact_uri == "base/fresh"
    assert installation.store.exists("base/fresh/model.safetensors")


async def test_a_rollback_goes_back_and_stays_back(bootstrapped: Installation, make_command: Maker) -> None:
    """The version before serves again; the decision speaks of the version that was left; its artifact is remembered."""
    await train(bootstrapped, make_command(batch=bootstrapped.samples.batch()))
    promoted = bootstrapped.current()
    worse = RollbackRequested(rollback_id="rb-1", model="tiny", version="v1", to_version="v0", requested_at=START, reason="users say so")
    again = worse.model_copy(update={"rollback_id": "rb-2"})
    first, second = await answered(bootstrapped, worse, again)
    assert (first.verdict, first.applied, first.version, first.baseline_version) == ("rollback", True, "v1", "v0")
    assert (bootstrapped.current().version, bootstrapped.current().cause, bootstrapped.current().previous_version) == (
        "v0",
        "rollback",
        None,
    )
    assert (second.applied, second.reasons[0]) == (False, "v1 no longer serves (v0 does): nothing to roll back")
    assert rolled_back_artifacts(bootstrapped.store, "tiny") == {promoted.artifact_sha256}


async def test_a_person_may_promote_a_rolled_back_version(bootstrapped: Installation, make_command: Maker) -> None:
    """By name, with a reason; then its artifact counts as wanted again."""
    await train(bootstrapped, make_command(batch=bootstrapped.samples.batch()))
    back, forth = await answered(
        bootstrapped, request("rollback", "r-1"), request("promote", "p-1", version="v1", reason="it was the data")
    )
    assert (back.applied, forth.applied, forth.verdict) == (True, True, "operator")
    assert forth.reasons == ("asha promoted v1: it was the data",)
    record = json.loads(bootstrapped.store.read_bytes("finetuned/tiny/v1/decisions/p-1.json"))
    assert (record["actor"], record["reason"], record["reasons"]) == ("asha", "it was the data", list(forth.reasons))
    assert (bootstrapped.current().version, bootstrapped.current().previous_version, bootstrapped.current().cause) == (
        "v1",
        "v0",
        "operator",
    )
    assert rolled_back_artifacts(bootstrapped.store, "tiny") == frozenset()


async def test_a_rejected_candidate_can_be_promoted_by_a_person(bootstrapped: Installation, make_command: Maker) -> None:
    """Every judged candidate is kept, whatever the verdict."""
    bootstrapped.behaviour = "worse"
    await train(bootstrapped, make_command(batch=bootstrapped.samples.batch()))
    assert bootstrapped.states()[-1].outcome == "rejected"
    (decision,) = await answered(bootstrapped, request("promote", version="v1"))
    assert decision.applied
    assert bootstrapped.current().artifact_sha256 == decision.artifact_sha256


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (request("promote", version="v9"), "version 'tiny/v9' is not registered"),
        (request("promote", version="v0"), "v0 serves already"),
        (request("promote", version="v1.0-finetuned"), "was never evaluated by the gate"),
        (request("rollback"), "no version before v0"),
        (request("promote", version="v0").model_copy(update={"model": "unknown"}), "unknown/v0"),
    ],
)
async def test_what_can_not_be_served_is_refused(bootstrapped: Installation, tmp_path: Path, asked: Any, told: str) -> None:
    """The reason says what is missing; what serves stays."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(weights_file("elsewhere"))
    register_version(bootstrapped.store, "tiny", "v1.0-finetuned", folder)
    (decision,) = await answered(bootstrapped, asked)
    assert not decision.applied
    assert told in decision.reasons[0]
    assert len(bootstrapped.topics.events(ModelCurrent)) == 1


async def test_a_changed_artifact_is_never_served(bootstrapped: Installation, make_command: Maker) -> None:
    """Going back to weights that are not the evaluated ones is refused."""
    await train(bootstrapped, make_command(batch=bootstrapped.samples.batch()))
    bootstrapped.store.write_bytes("base/tiny/model.safetensors", b"other weights")
    (decision,) = await answered(bootstrapped, request("rollback"))
    assert not decision.applied
    assert "the stored model was changed" in decision.reasons[0]
    assert bootstrapped.current().version == "v1"


async def test_the_whole_loop_works_on_s3(installation: Installation, make_command: Maker) -> None:
    """The base is fetched from the bucket, and what serves is what was uploaded."""
    remote = S3Store(FakeMinio(), "models")
    for key in installation.store.list():
        remote.write_bytes(key, installation.store.read_bytes(key))
    installation.store = remote  # type: ignore[assignment]
    (decision,) = await answered(installation, request("bootstrap", **BOOTSTRAP))
    assert decision.applied, decision.reasons
    await train(installation, make_command(batch=installation.samples.batch()))
    current = installation.current()
    assert (installation.states()[-1].outcome, current.artifact_uri) == ("promoted", "finetuned/tiny/v1/merged")
    (back,) = await answered(installation, request("rollback"))
    assert back.applied, back.reasons


@pytest.mark.parametrize("file", ["documents", "eval", "replay"])
@pytest.mark.parametrize(
    ("content", "told", "of_rows"),
    [
        (b'{"text": "\\ud800"}\n', ":1: field 'text': holds half of a surrogate pair", None),
        (b'{"text": ' + b"[" * 100_000 + b"\n", ":1: not JSON", ":1: nested too deeply"),
        (b'{"text": ' + b"9" * 5_000 + b"}\n", ":1: field 'text': a number of too many digits", None),
        ('{"text": "x"}'.encode("utf-16"), "is UTF-16", None),
        (b'[{"text": "x"},\n{"text": "y"}]', "is one JSON array", ":1: row 1 of the list: field 'text': a text alone"),
        (b'{\n "text": "x"\n}', "has a JSON object over several lines", ":1: field 'text': a text alone"),
    ],
)
async def test_k6_files_that_can_not_be_taken_refuse_a_bootstrap_by_line_and_field(
    installation: Installation, file: str, content: bytes, told: str, of_rows: str | None
) -> None:
    """Documents have an object a line, items and replay rows any form (`of_rows`: what is told of them); nothing is registered."""
    installation.store.write_bytes(f"up/{file}.jsonl", content)
    (refused,) = await answered(installation, request("bootstrap", **BOOTSTRAP))
    assert not refused.applied
    assert refused.reasons[0].startswith(f"{file}: ")
    assert (told if file == "documents" or of_rows is None else of_rows) in refused.reasons[0]
    assert not installation.topics.events(ModelCurrent)
