"""Bootstrap, promotion and rollback name the drift baseline that follows from them."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from runner_fakes import BOOTSTRAP, Installation, QuickFit, document, request, retraction, until

from consumers.drift.baseline.fit import Baseline, BaselineDocument
from gpu_runner.versions.active_baselines import StoredBaseline
from gpu_runner.versions.registry import read_record
from schemas.events.model_current import ModelCurrent
from schemas.events.operator_requested import OperatorRequested
from schemas.events.promotion_decided import PromotionDecided
from schemas.events.retrain_requested import RetrainRequested

Maker = Callable[..., RetrainRequested]


@pytest.fixture
def watched(installation: Installation, drift_documents: list[BaselineDocument], fitted_baseline: Baseline) -> Installation:
    """An installation whose material has enough documents, with a quick fit."""
    rows = (json.dumps({"text": one.text, "publisher": one.source, "occurred_at": f"{one.day}T04:00:00Z"}) for one in drift_documents)
    installation.store.write_bytes("up/documents.jsonl", "\n".join(rows).encode())
    installation.fit = QuickFit(fitted_baseline)
    return installation


async def answered(installation: Installation, asked: OperatorRequested) -> PromotionDecided:
    """The decision on a request."""

    def decisions() -> list[PromotionDecided]:
        return [found for found in installation.topics.events(PromotionDecided) if found.decision_id == asked.event_id()]

    installation.topics.requests.append(asked)
    async with installation.running():
        await until(decisions)
    return decisions()[0]


async def trained(installation: Installation, make_command: Maker, **changes: object) -> str:
    """Runs a command to its end; the outcome."""
    installation.ask(make_command, **changes)
    job_id = str(changes.get("command_id", "cmd-1"))
    async with installation.running():
        await until(lambda: installation.states(job_id) and installation.states(job_id)[-1].phase == "ended")
    return str(installation.states(job_id)[-1].outcome)


def begin(installation: Installation) -> list[tuple[str, date]]:
    """What is active from which day."""
    return [(one.uri, one.from_day) for one in installation.current().drift_baselines]


def tomorrow() -> date:
    return datetime.now(UTC).date() + timedelta(days=1)


async def test_a_bootstrap_names_its_baseline(watched: Installation) -> None:
    """In `model.current` from the first day on, in the record, and in the decision's reasons; a repeat fits nothing."""
    decision = await answered(watched, request("bootstrap", **BOOTSTRAP))
    assert "drift baseline of 2500 documents" in decision.reasons
    (named,) = watched.current().drift_baselines
    assert (named.uri, named.documents, named.from_day) == ("drift/tiny/v0/baseline", 2_500, date.min)
    assert StoredBaseline.of(read_record(watched.store, "tiny", "v0")) == StoredBaseline(named.uri, named.sha256, 2_500)
    await answered(watched, request("bootstrap", "again", **BOOTSTRAP))
    assert len(watched.fit.asked) == 1  # type: ignore[attr-defined]
    assert len(watched.topics.events(ModelCurrent)) == 1


async def test_a_bootstrap_of_few_documents_says_that_drift_is_not_watched(bootstrapped: Installation) -> None:
    """With the real fit: one document is fewer than it takes."""
    (decision,) = bootstrapped.topics.events(PromotionDecided)
    assert decision.reasons[-1] == "drift of documents is not watched: 1 documents: expected at least 2000 for a drift baseline"
    assert bootstrapped.current().drift_baselines == ()


async def test_a_promotion_that_learnt_documents_brings_the_next_baseline(watched: Installation, make_command: Maker) -> None:
    """It begins tomorrow; the one before stays for the days until then, and comes back with a rollback."""
    await answered(watched, request("bootstrap", **BOOTSTRAP))
    watched.samples.collected += [document(number) for number in range(10)]
    assert await trained(watched, make_command) == "promoted"
    assert begin(watched) == [("drift/tiny/v0/baseline", date.min), ("drift/tiny/v1/baseline", tomorrow())]
    assert watched.current().drift_baselines[-1].documents == 2_510
    promoted = watched.topics.events(PromotionDecided)[-1]
    assert "drift baseline of 2510 documents" in promoted.reasons
    await answered(watched, request("rollback", "back"))
    assert begin(watched) == [("drift/tiny/v0/baseline", date.min)]
    await answered(watched, request("promote", "forth", version="v1"))
    assert begin(watched)[-1] == ("drift/tiny/v1/baseline", tomorrow())


async def test_a_promotion_without_documents_keeps_the_list(watched: Installation, make_command: Maker) -> None:
    """Nothing is fitted, and the version's record inherits the baseline, so that a later rollback to it finds one."""
    await answered(watched, request("bootstrap", **BOOTSTRAP))
    assert await trained(watched, make_command) == "promoted"
    assert begin(watched) == [("drift/tiny/v0/baseline", date.min)]
    assert StoredBaseline.of(read_record(watched.store, "tiny", "v1")) == StoredBaseline.of(read_record(watched.store, "tiny", "v0"))
    assert len(watched.fit.asked) == 1  # type: ignore[attr-defined]


async def test_a_candidate_that_is_not_promoted_fits_nothing(watched: Installation, make_command: Maker) -> None:
    """Whatever documents it was trained on."""
    await answered(watched, request("bootstrap", **BOOTSTRAP))
    watched.samples.collected += [document(number) for number in range(10)]
    watched.behaviour = "worse"
    assert await trained(watched, make_command) == "rejected"
    assert begin(watched) == [("drift/tiny/v0/baseline", date.min)]
    assert len(watched.fit.asked) == 1  # type: ignore[attr-defined]


async def test_a_document_taken_back_while_training_is_in_no_baseline(watched: Installation, make_command: Maker) -> None:
    """Its row leaves the job's folder like any other."""
    await answered(watched, request("bootstrap", **BOOTSTRAP))
    watched.samples.collected += [document(number) for number in range(10)]
    watched.behaviour = "slow"
    watched.ask(make_command)
    async with watched.running():
        await until(lambda: watched.states() and watched.states()[-1].step >= 1)
        watched.topics.requests.append(retraction(document(3)))
        await until(lambda: watched.states()[-1].phase == "ended")
    assert watched.states()[-1].outcome == "promoted"
    assert watched.current().drift_baselines[-1].documents == 2_509
    texts = [one.text for one in watched.fit.asked[-1][0]]  # type: ignore[attr-defined]
    assert document(2).text in texts
    assert document(3).text not in texts
