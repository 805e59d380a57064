"""What to do next, by what was decided and what it rests on. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from ops.lineage.explain.changed import regressed_items
from ops.lineage.explain.decided import guards_of, outcome_of_decision
from ops.lineage.explain.facts import VersionFacts
from ops.lineage.explain.html import bullets, section
from ops.lineage.explain.said import guard_name
from ops.lineage.explain.words import Both, listed, tell

FEW_GROUPS: Final = 10


def next_section(facts: VersionFacts) -> str:
    """Everything that a person can do about it, the most urgent first."""
    return section("next", bullets(_steps(facts)))


def _steps(facts: VersionFacts) -> Iterator[Both]:
    outcome = outcome_of_decision(facts)
    serves = facts.serving == facts.version
    if outcome == "registered":
        yield tell("next.evaluate")
        return
    if any(one.content.get("verdict") == "rollback" for one in facts.later) and not serves:
        yield tell("next.rolled_back")
    if outcome == "bootstrap":
        yield from _after_bootstrap(facts)
    elif serves:
        yield tell("next.watch", previous=facts.periods[-1].previous or "?")
    else:
        yield from _of_refused(facts, outcome)
        key = "superseded" if any(one.version == facts.version for one in facts.periods) else "refused_nothing"
        yield tell(f"next.{key}", serving=facts.serving or "–")
    if worse := len(regressed_items(facts)):
        yield tell("next.look_worse", n=worse)
    if waiting := len(facts.record.get("quarantined") or ()):
        yield tell("next.review", n=waiting)
    if alone := int((facts.record.get("dropped") or {}).get("gold_without_support") or 0):
        yield tell("next.support", n=alone)
    if facts.withdrawn:
        yield tell("next.taken_back")


def _after_bootstrap(facts: VersionFacts) -> Iterator[Both]:
    few = [one for one in facts.record.get("guards") or () if int(one["items"]) < int(one["least"]) or int(one["groups"]) < FEW_GROUPS]
    if few:
        yield tell("next.few_guards", list=_names(few))
    if facts.serving == facts.version:
        yield tell("next.collect")
    else:
        yield tell("next.superseded", serving=facts.serving or "–")


def _of_refused(facts: VersionFacts, outcome: str) -> Iterator[Both]:
    gate: Mapping[str, Any] = facts.record.get("gate") or {}
    guards = guards_of(facts.record)
    of = {state: [guard for guard in guards if guard["state"] == state] for state in ("harmed", "too_few", "below_margin")}
    if outcome == "broken":
        yield tell("next.repair_test", version=facts.version)
    elif outcome == "void":
        yield tell("next.again")
    elif outcome == "rolled_back_before":
        yield tell("next.rolled_back")
    if of["harmed"]:
        yield tell("next.harmed", list=_names(of["harmed"]))
    if of["too_few"]:
        yield tell("next.more_items", list=_names(of["too_few"]))
    if of["below_margin"]:
        yield tell("next.margin", list=_names(of["below_margin"]))
    if outcome == "inconclusive" and not (gate.get("primary") or {}).get("significant"):
        yield tell("next.more_corrections")


def _names(guards: Sequence[Mapping[str, Any]]) -> Both:
    return listed(guard_name(str(guard["name"])) for guard in guards)
