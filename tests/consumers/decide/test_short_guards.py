"""No run is started that the gate must refuse."""

from __future__ import annotations

from typing import Any

import msgspec

from consumers.decide.inputs import Read, ServingSeen, read
from schemas.events.model_current import GateGuard
from tests.consumers.decide.test_trigger import Driver

SHORT = (GateGuard(name="holdout", items=8, groups=3, least=20), GateGuard(name="old_facts", items=90, groups=40, least=20))
ENOUGH = (GateGuard(name="holdout", items=20, groups=3, least=20),)


def serving(build: Any, guards: tuple[GateGuard, ...], **changes: Any) -> Any:
    return build.serving(gate_guards=guards, **changes)


def test_k11_guards_that_are_too_small_block_every_rule_and_are_said(build: Any) -> None:
    """Count, schedule and a person's request: no run, and the reason with the figures."""
    driver = Driver(build)
    driver.feed(serving(build, SHORT), build.tick())
    driver.negatives(0, 5)
    driver.feed(build.request("start", job_id="job-1"), build.tick(24 * 3600 * 30))
    assert driver.commands() == []
    told = driver.trigger.blocked_because()
    assert told is not None
    assert "holdout has 8 items of 3 groups, 20 are needed" in told
    assert "old_facts" not in told


def test_k11_guards_that_are_enough_or_not_known_block_nothing(build: Any) -> None:
    """A model of an earlier release has no such field."""
    for guards in (ENOUGH, ()):
        driver = Driver(build)
        driver.feed(serving(build, guards), build.tick())
        driver.negatives(0, 3)
        assert len(driver.commands()) == 1


def test_k11_what_blocks_survives_a_restart(build: Any) -> None:
    """It is part of the changelog; a changelog of the release before, without it, blocks nothing."""
    driver = Driver(build)
    driver.feed(serving(build, SHORT), build.tick())
    changes = driver.trigger.take_changes()
    key = f"m|{build.model}|clock".encode()
    value = changes[key]
    assert value is not None
    again = Driver(build)
    again.trigger.load(key, value)
    assert again.trigger.blocked_because() == driver.trigger.blocked_because()
    before = msgspec.json.encode(msgspec.json.decode(value)[:8])
    again.trigger.load(key, before)
    assert again.trigger.blocked_because() is None


def test_a_promotion_carries_what_the_guards_have(build: Any) -> None:
    """The runner copies the field; without it stage 2 would start runs again."""
    record = build.record(serving(build, SHORT, version="v1", cause="operator"), offset=0)
    found = read(record)
    assert isinstance(found, Read)
    assert isinstance(found.input, ServingSeen)
    assert found.input.short_guards == "holdout has 8 items of 3 groups, 20 are needed"
