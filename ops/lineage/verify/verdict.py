"""The gate's verdict decided again on the stored scores, with the recorded policy and seed, and what was made of it. Blocking."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any

from gpu_runner.gate.decide import decide
from gpu_runner.gate.policy import GATE_RULES, Policy, PolicyError, policy_of
from gpu_runner.versions.gate_policy_file import parse_policy
from gpu_runner.versions.lineage_start import lineage_start
from gpu_runner.versions.pinned_items import pinned_fault
from ops.lineage.records import StoredRecord, decided_at
from ops.lineage.timeline import ServingPeriod
from ops.lineage.verify.check_result import CheckResult
from runtime.artifacts.store import ArtifactError, ArtifactStore


def verdict_findings(store: ArtifactStore, model: str, record: Mapping[str, Any], scores: Mapping[str, Any]) -> Iterator[CheckResult]:
    """The policy against its file, then the verdict and every figure of it, where the record was decided by the rules of this release."""
    try:
        policy = recorded_policy(record)
    except (PolicyError, ValueError) as error:
        yield CheckResult("policy", "differs", f"the recorded policy can't be used: {error}")
        return
    same_rules = decided_by_these_rules(record)
    if named := record.get("gate_policy"):
        yield _policy_finding(store, str(named["key"]), policy, record)
    if not same_rules:
        rules = record.get("gate_rules") or "an earlier release, which did not name them"
        yield CheckResult("verdict", "unchecked", f"it was decided by other rules: those of {rules}; this release decides by {GATE_RULES}")
        return
    start = lineage_start(store, model, str(record["baseline"]["version"]))
    named = None if start is None else start.version
    if named != record.get("lineage_start"):
        yield CheckResult(
            "verdict", "differs", f"the lineage began with {record.get('lineage_start')}, by the records that are there with {named}"
        )
        return
    decision = json.loads(json.dumps(decide(policy, scores, seed=int(record["seed"]), start=start).as_dict()))
    yield _against(decision, record, pinned_fault(store, model))


def _against(decision: Mapping[str, Any], record: Mapping[str, Any], fault: str | None) -> CheckResult:
    """The decision on the scores against the recorded one; `fault` is what is wrong with the model's own items now."""
    name, said = "verdict", record.get("gate") or {}
    if said.get("broken") and not decision["broken"]:
        # Not for its scores: something beside them was missing or another when it was decided.
        why = str((said.get("reasons") or ["?"])[0])
        if fault == why:
            return CheckResult(name, "ok", f"BROKEN for what still is so: {why}")
        return CheckResult(name, "unchecked", f"it was BROKEN for what is not so now ({why}); by the scores alone it is {decision['word']}")
    if str(decision["verdict"]) != str(record.get("gate_verdict")):
        return CheckResult(name, "differs", f"decided again it is {decision['verdict']}, the record says {record.get('gate_verdict')}")
    changed = [told for told in differences(decision, said) if not told.startswith("reasons")]
    if changed:
        return CheckResult(name, "differs", f"{decision['verdict']} as recorded, with other figures: {'; '.join(changed[:3])}")
    worded = "" if decision["reasons"] == said.get("reasons") else "; its sentences are worded otherwise now"
    return CheckResult(name, "ok", f"decided again from the scores it is {decision['word']}, with the same figures{worded}")


def decided_by_these_rules(record: Mapping[str, Any]) -> bool:
    """Whether this release's gate would decide the same on the same scores."""
    return record.get("gate_rules") == GATE_RULES


def recorded_policy(record: Mapping[str, Any]) -> Policy:
    """The policy that a decision went by, from the flat fields of its record. Raises PolicyError for one that is not known here."""
    kinds = {one.name: one.default for one in fields(Policy)}
    given = {name: _unflattened(value, kinds.get(name)) for name, value in (record.get("policy") or {}).items()}
    return policy_of(given, languages=("hi", "en"))


def _unflattened(value: Any, default: Any) -> Any:
    """What `Policy.as_dict` made one text of: a list of names, or of items and factors."""
    if not isinstance(default, tuple):
        return value
    entries = [entry for entry in str(value).split(",") if entry]
    if default and isinstance(default[0], tuple):
        return {int(items): float(factor) for items, _, factor in (entry.partition(": ") for entry in entries)}
    return entries


def _policy_finding(store: ArtifactStore, key: str, policy: Policy, record: Mapping[str, Any]) -> CheckResult:
    """The recorded policy against its file; of a field that the file leaves out, either has its own release's default."""
    try:
        of_file = parse_policy(store.read_bytes(key), languages=("hi", "en")).as_dict()
    except (ArtifactError, PolicyError) as error:
        return CheckResult("policy", "differs", f"{key} can't be used: {error}")
    recorded, known = record.get("policy") or {}, policy.as_dict()
    both = [name for name in known if name in recorded]
    if other := [name for name in both if known[name] != of_file[name]]:
        return CheckResult("policy", "differs", f"the record holds another policy than {key}, in {', '.join(other)}")
    return CheckResult("policy", "ok", f"{len(both)} fields of the record are those of {key}")


def outcome_findings(record: StoredRecord, periods: Sequence[ServingPeriod]) -> Iterator[CheckResult]:
    """Whether what was done follows from the verdict, and whether the version that was compared with served then, by the other records."""
    content = record.content
    verdict, gate, applied = str(content.get("verdict")), str(content.get("gate_verdict")), bool(content.get("applied"))
    allowed = {"promote": {"promote", "void", "reject"}}.get(gate, {gate, "inconclusive", "void"})
    if applied != (verdict == "promote") or verdict not in allowed:
        yield CheckResult("outcome", "differs", f"the gate said {gate}, the record says {verdict}, applied: {applied}")
    else:
        yield CheckResult("outcome", "ok", f"the gate said {gate}: {verdict}, {'it came into service' if applied else 'nothing changed'}")
    baseline = str((content.get("baseline") or {}).get("version"))
    places = [place for place, one in enumerate(periods) if one.record == record.key]
    before = periods[: places[0]] if places else [one for one in periods if one.since <= decided_at(record)]
    serving = before[-1].version if before else None
    name = "baseline in service"
    if (serving == baseline) == (verdict != "void"):
        yield CheckResult(name, "ok", f"{serving or 'nothing'} served when it was decided, {baseline} was compared with")
    else:
        yield CheckResult(name, "differs", f"{serving or 'nothing'} served when it was decided, {baseline} was compared with: {verdict}")


def differences(found: Any, recorded: Any, place: str = "") -> list[str]:
    """Where two JSON values differ, by their place, such as "primary.gain: 0.2 now, 0.3 recorded".

    A field that was not recorded is no difference: a later release may tell more by the same rules.
    """
    if isinstance(found, Mapping) and isinstance(recorded, Mapping):
        return [told for name in recorded for told in differences(found.get(name), recorded[name], f"{place}.{name}".lstrip("."))]
    if isinstance(found, list) and isinstance(recorded, list) and len(found) == len(recorded):
        return [
            told for at, (one, other) in enumerate(zip(found, recorded, strict=True)) for told in differences(one, other, f"{place}[{at}]")
        ]
    return [] if found == recorded else [f"{place}: {_short(found)} now, {_short(recorded)} recorded"]


def _short(value: Any) -> str:
    told = json.dumps(value, ensure_ascii=False)
    return told if len(told) <= 60 else f"{told[:60]}…"
