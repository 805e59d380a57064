"""A rollback waits for nothing that takes long: queues of requests, beside each other."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from runner_fakes import BOOTSTRAP, START, Installation, request, until

from consumers.drift.baseline.fit import Baseline, BaselineDocument, BaselineTooSmall
from gpu_runner.errors import LeaseLost, NotConnected
from gpu_runner.request_queues import Request, answer_all, next_ones, queue_of
from gpu_runner.versions import registry
from runtime.artifacts.content_hash import verify_folder
from schemas.events.promotion_decided import PromotionDecided
from schemas.events.retrain_requested import RetrainRequested
from schemas.events.rollback_requested import RollbackRequested


def rollback(model: str = "tiny", rollback_id: str = "rb-1") -> RollbackRequested:
    """Stage 2 asks."""
    return RollbackRequested(rollback_id=rollback_id, model=model, version="v1", to_version="v0", requested_at=START, reason="users say so")


def chosen(requests: Sequence[Request], *busy: tuple[str, str]) -> list[str]:
    """The ids of those that are answered next."""
    return sorted(one.event_id() for one in next_ones(requests, set(busy)).values())


def test_k9_a_rollback_waits_for_no_bootstrap_and_no_promotion() -> None:
    """Bootstraps come one after the other, whoever's they are; promotions of a model wait for its rollback, those of others do not."""
    first, second = request("bootstrap", "b1", **BOOTSTRAP), request("bootstrap", "b2", **(BOOTSTRAP | {"model": "other"}))
    mine, others = request("promote", "p1", version="v2"), request("promote", "p2", version="v2", model="other")
    asked = [first, second, mine, others, rollback()]
    assert chosen(asked) == ["b1", "p2", "rb-1"]
    assert chosen(asked, queue_of(first), queue_of(others)) == ["rb-1"]
    assert chosen([first, second, mine, others], queue_of(rollback())) == ["b1", "p2"]
    assert chosen([mine], queue_of(rollback("other"))) == ["p1"]


async def test_k9_an_answer_that_fails_ends_the_others_with_it() -> None:
    """Nothing of a session is left under way behind it."""
    ended: list[str] = []

    async def answer(one: Request) -> None:
        try:
            await asyncio.sleep(0.05 if isinstance(one, RollbackRequested) else 60)
        finally:
            ended.append(one.event_id())
        raise RuntimeError("fenced")

    wake, requests = asyncio.Event(), [request("bootstrap", "b1", **BOOTSTRAP), rollback()]
    with pytest.raises(RuntimeError, match="fenced"):
        await asyncio.wait_for(answer_all(wake, lambda: requests, answer), 10)
    assert sorted(ended) == ["b1", "rb-1"]


async def test_k9_an_answer_that_ends_the_process_is_not_lost_behind_another() -> None:
    """One loses Kafka, and the other, told to stop for that, finds that somebody else took over."""

    async def answer(one: Request) -> None:
        if isinstance(one, RollbackRequested):
            await asyncio.sleep(0.05)
            raise NotConnected("gone")
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            raise LeaseLost("fenced") from None

    requests = [request("bootstrap", "b1", **BOOTSTRAP), rollback()]
    with pytest.raises(LeaseLost, match="fenced"):
        await asyncio.wait_for(answer_all(asyncio.Event(), lambda: requests, answer), 10)


async def test_k9_a_rollback_goes_before_a_bootstrap_and_reads_no_weights_again(
    bootstrapped: Installation, make_command: Callable[..., RetrainRequested], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is decided while the bootstrap of another model still fits, and what was verified before is not hashed again."""
    go_on, fitting, hashed = threading.Event(), threading.Event(), list[Path]()

    def slow_fit(documents: Sequence[BaselineDocument], alarms_per_100k: float) -> Baseline:
        fitting.set()
        go_on.wait(60)
        raise BaselineTooSmall("too few")

    def counted(folder: Path, sha256: str) -> bool:
        hashed.append(folder)
        return verify_folder(folder, sha256)

    bootstrapped.ask(make_command)
    async with bootstrapped.running():
        await until(lambda: bootstrapped.states() and bootstrapped.states()[-1].phase == "ended", seconds=60)
    assert bootstrapped.current().version == "v1"
    monkeypatch.setattr(registry, "verify_folder", counted)
    monkeypatch.setattr("gpu_runner.versions.verified.SETTLED_NS", 0)
    registry.artifact_folder(
        bootstrapped.store, "base/tiny", registry.find_version(bootstrapped.store, "tiny/v0").sha256, bootstrapped.settings.cache_dir()
    )
    hashed.clear()
    bootstrapped.fit = slow_fit
    try:
        async with bootstrapped.running():
            bootstrapped.topics.requests.append(request("bootstrap", "r-other", **(BOOTSTRAP | {"model": "other"})))
            await until(fitting.is_set)
            hashed.clear()
            bootstrapped.topics.requests.append(rollback())
            await until(lambda: bootstrapped.current().cause == "rollback", seconds=10)
            assert hashed == []
            assert not any(decision.decision_id == "r-other" for decision in bootstrapped.topics.events(PromotionDecided))
            go_on.set()
            await until(lambda: any(one.decision_id == "r-other" for one in bootstrapped.topics.events(PromotionDecided)))
    finally:
        go_on.set()
    assert bootstrapped.current().cause == "bootstrap"
