"""In short, why it was decided so, and what served when, as parts of the page; from figures, never from the record's sentences. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final

from gpu_runner.gate.needed import MOST
from ops.lineage.explain.facts import VersionFacts
from ops.lineage.explain.html import bullets, english_details, paragraph, section, subheading, table
from ops.lineage.explain.said import guard_name
from ops.lineage.explain.words import Both, Value, as_it_is, day, listed, named, points, sentences, tell
from ops.lineage.records import StoredRecord, decided_at
from ops.lineage.timeline import ServingPeriod, is_broken, person_reason

MOST_PERIODS: Final = 12
# Of records whose policy does not say it.
ALPHA: Final = 0.05
_KEPT: Final = ("satisfied", "nothing_to_check")


def outcome_of_decision(facts: VersionFacts) -> str:
    """One name for how it came: `promote`, `reject`, `rolled_back_before`, `inconclusive`, `void`, `broken`, `bootstrap`, `registered`."""
    record = facts.record
    if facts.registered:
        return "registered"
    verdict = str(record.get("verdict"))
    if is_broken(record):
        return "broken"
    if verdict == "reject" and record.get("gate_verdict") == "promote":
        return "rolled_back_before"
    return verdict


def short_section(facts: VersionFacts) -> str:
    """Three to five sentences: whether it serves, what the test said, what persons did."""
    outcome = outcome_of_decision(facts)
    serving = next((one for one in facts.periods[-1:] if one.version == facts.version), None)
    served = any(one.version == facts.version for one in facts.periods)
    lines = [tell("short.serving", version=facts.version, since=day(serving.since))] if serving is not None else []
    if not served:
        lines.append(tell("short.never_served"))
    if f"short.{outcome}" in sentences():
        lines.append(tell(f"short.{outcome}", **({"actor": _actor(facts.record)} if outcome == "registered" else {})))
    else:
        lines.append(tell("short.other_verdict", verdict=outcome))
    lines += _in_order_of_time(facts)
    kind = "good" if serving is not None else "bad" if outcome in ("reject", "broken") or _left(facts) else "quiet"
    card = "".join(paragraph(line) for line in lines)
    return f'<div class="card verdict {kind}">{section("short", card)}</div>'


def _in_order_of_time(facts: VersionFacts) -> list[Both]:
    """The periods that are over, and what persons and rollbacks decided on it, or to go back to it."""
    decided = (one for one in (*facts.later, *facts.returned_to) if one.content.get("applied"))
    told = [(decided_at(one), _by_person(one, facts.version)) for one in decided]
    told += [
        (one.since, tell("short.served", version=facts.version, since=day(one.since), until=day(one.until)))
        for one in facts.periods
        if one.version == facts.version and one.until is not None
    ]
    return [line for _, line in sorted(told)]


def _left(facts: VersionFacts) -> bool:
    return any(one.content.get("verdict") == "rollback" for one in facts.later)


def _by_person(record: StoredRecord, version: str) -> Both:
    content = record.content
    reason = person_reason(content)
    told = as_it_is(reason) if reason else tell("short.no_reason")
    key = "by_hand" if content.get("verdict") == "operator" else "rolled_back" if content.get("version") == version else "brought_back"
    return tell(f"short.{key}", at=day(str(content.get("decided_at"))), actor=_actor(content), reason=told)


def _actor(content: Mapping[str, Any]) -> Both:
    actor = str(content.get("actor") or "?")
    return tell("short.watch") if actor == "stage2" else as_it_is(actor)


def decided_section(facts: VersionFacts) -> str:
    """The figures that decided, each in a sentence; the record's own sentences folded below."""
    outcome = outcome_of_decision(facts)
    record = facts.record
    reasons = [str(reason) for reason in record.get("reasons") or record.get("gate_reasons") or ()]
    own = english_details(tell("why.own_words"), reasons)
    if outcome == "registered":
        return section("decided", paragraph(tell("why.registered", actor=_actor(record))), _reason(str(record.get("reason") or "")))
    if outcome == "bootstrap":
        told = tell("why.bootstrap", actor=_actor(record), at=day(str(record.get("decided_at"))))
        return section("decided", paragraph(told), _reason(str(record.get("reason") or "")), own)
    lines: list[Both] = []
    if outcome == "void":
        lines.append(tell("why.void", baseline=str((record.get("baseline") or {}).get("version"))))
    elif outcome in ("rolled_back_before", "broken"):
        lines.append(tell(f"why.{outcome}"))
    gate: Mapping[str, Any] = record.get("gate") or {}
    if not gate:
        return section("decided", bullets([*lines, tell("why.no_gate")]), own)
    lines += _primary(gate, record)
    guards = guards_of(record)
    troubled = [guard for guard in guards if guard["state"] not in _KEPT]
    lines += [_guard_sentence(guard) for guard in troubled] or ([tell("why.all_kept")] if guards else [])
    lines += _evidence(gate, [str(guard["name"]) for guard in troubled]) if outcome != "promote" else []
    yearly = gate.get("false_promotions_a_year")
    note = tell("why.chance_note") if yearly is None else tell("why.chance_a_year", n=f"{float(yearly):.1f}")
    return section("decided", bullets(lines), *_guards(guards), paragraph(note, "quiet"), own)


def guards_of(record: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The record's guards. What a release before named rules called `missing` were too few items; now it is items that are gone."""
    guards: Sequence[Mapping[str, Any]] = (record.get("gate") or {}).get("guards") or ()
    if record.get("gate_rules") is not None:
        return list(guards)
    return [{**guard, "state": "too_few" if guard["state"] == "missing" else guard["state"]} for guard in guards]


def _reason(reason: str) -> str:
    return paragraph(tell("why.reason_given", reason=reason)) if reason else ""


def _primary(gate: Mapping[str, Any], record: Mapping[str, Any]) -> Iterator[Both]:
    primary: Mapping[str, Any] | None = gate.get("primary")
    if record.get("primary_of") in ("documents", "dataset"):
        yield tell(f"why.of_{record['primary_of']}")
    if primary is None:
        yield tell("why.no_primary")
        return
    figures: dict[str, Value] = {
        "items": int(primary["items"]), "before": points(float(primary["baseline"]), signed=False),
        "after": points(float(primary["candidate"]), signed=False), "gain": points(float(primary["gain"])),
    }  # fmt: skip
    p_value, alpha = float(primary["p_value"]), float((record.get("policy") or {}).get("alpha") or ALPHA)
    if primary["significant"]:
        yield tell("why.shown", **figures, chance=_chance(p_value))
    elif p_value <= alpha:
        yield tell("why.within_noise", **figures)
    else:
        yield tell("why.not_shown", **figures, chance=_chance(p_value), alpha=_chance(alpha))


def _chance(p_value: float) -> Both:
    if p_value <= 0.001:
        return tell("why.chance_thousand")
    return tell("why.chance_hundred") if p_value < 0.01 else tell("why.chance_of", n=points(p_value, signed=False, digits=p_value < 0.1))


def _evidence(gate: Mapping[str, Any], troubled: Collection[str]) -> Iterator[Both]:
    """What would have been found, what would settle it, and where the loss of a troubled guard lies; each where the record says it."""
    if gate.get("noise_floor"):
        yield tell("why.noise", points=points(float(gate["noise_floor"]), signed=False))
    if gate.get("detectable_effect") is not None and not (gate.get("primary") or {}).get("significant"):
        yield tell("why.detectable", points=points(float(gate["detectable_effect"]), signed=False))
    for name, count in (gate.get("items_needed_of") or {}).items():
        if count < MOST:
            yield tell("why.needed", name=named("set", name) if name == "repair" else guard_name(name), n=int(count))
    driver: Mapping[str, Any] = gate.get("driver") or {}
    found: Mapping[str, Any] | None = driver.get("slice")
    if found is not None and driver.get("guard") in troubled:
        yield tell(
            "why.driver", slice=_slice(str(found["dimension"]), str(found["value"])), worse=int(found["worse"]), items=int(found["items"]),
            elsewhere=points(float(found["share_worse_elsewhere"]), signed=False),
        )  # fmt: skip


def _slice(dimension: str, value: str) -> Both:
    told = named("language" if dimension == "language" else "value", value)
    return tell(f"slice.{dimension}", value=told) if f"slice.{dimension}" in sentences() else listed((as_it_is(dimension), told), " ")


def _guard_sentence(guard: Mapping[str, Any]) -> Both:
    state, name = str(guard["state"]), guard_name(str(guard["name"]))
    change, margin = _of_guard(guard, guard["change"], signed=True), _of_guard(guard, guard["margin"], signed=False)
    key = f"guard_{state}" if state in ("harmed", "below_margin", "too_few", "missing") else "guard_other"
    bound = guard.get("bound")
    if key == "guard_below_margin" and bound is not None:
        key = "guard_bounded"
    return tell(
        f"why.{key}", name=name, change=change, margin=margin, items=int(guard["items"]), state=named("guard", state),
        bound=_of_guard(guard, bound, signed=True),
    )  # fmt: skip


def _guards(guards: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if not guards:
        return
    yield subheading(tell("why.guards"))
    head = tuple(tell(f"why.{name}") for name in ("guard", "result", "change_of_100", "allowed", "asked"))
    rows = [
        (
            guard_name(str(guard["name"])),
            named("guard", str(guard["state"])),
            _in_the_table(guard, guard["change"], signed=True),
            _in_the_table(guard, guard["margin"], signed=False),
            as_it_is(f"{int(guard['items']):,}"),
        )
        for guard in guards
    ]
    yield table("decided", head, rows)


def _in_the_table(guard: Mapping[str, Any], value: float | None, *, signed: bool) -> Both:
    """The same without "of 100", which the heading says."""
    told = _of_guard(guard, value, signed=signed)
    return told if value is None or guard["name"] == "latency" else as_it_is(points(float(value), signed=signed))


def _of_guard(guard: Mapping[str, Any], value: float | None, *, signed: bool) -> Both:
    """A change or a margin in its unit: speed in per cent, everything else in questions of 100."""
    if value is None:
        return as_it_is("–")
    return tell("why.percent" if guard["name"] == "latency" else "why.of_100", points=points(float(value), signed=signed))


def since_section(facts: VersionFacts) -> str:
    """The last periods of the model, in order of time."""
    if not facts.periods:
        return section("since", paragraph(tell("since.none")))
    shown = facts.periods[-MOST_PERIODS:]
    notes = [tell("since.earlier", n=len(facts.periods) - len(shown))] if len(shown) < len(facts.periods) else []
    if not all(one.follows for one in facts.periods):
        notes.append(tell("since.missing"))
    return section("since", bullets(map(_period, shown)), *(paragraph(note, "quiet") for note in notes))


def _period(period: ServingPeriod) -> Both:
    actor = tell("short.watch") if period.actor == "stage2" else as_it_is(period.actor)
    reason = as_it_is(period.reason) if period.reason else tell("short.no_reason")
    how = tell(f"since.{period.way}", actor=actor, reason=reason)
    if period.until is None:
        return tell("since.period_now", version=period.version, since=day(period.since), how=how)
    return tell("since.period", version=period.version, since=day(period.since), until=day(period.until), how=how)
