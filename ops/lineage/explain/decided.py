"""In short, why it was decided so, and what served when, as parts of the page; from figures, never from the record's sentences. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from ops.lineage.explain.facts import VersionFacts
from ops.lineage.explain.html import bullets, english_details, paragraph, section, subheading, table
from ops.lineage.explain.said import guard_name
from ops.lineage.explain.words import Both, Value, as_it_is, day, listed, named, points, tell
from ops.lineage.records import StoredRecord, decided_at
from ops.lineage.timeline import ServingPeriod, is_broken, person_reason

MOST_PERIODS: Final = 12
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
    periods = [one for one in facts.periods if one.version == facts.version]
    lines = [_in_service(facts, one) for one in periods] or [tell("short.never_served")]
    outcome = outcome_of_decision(facts)
    known = ("promote", "reject", "rolled_back_before", "inconclusive", "void", "broken", "bootstrap", "registered")
    if outcome in known:
        lines.append(tell(f"short.{outcome}", **({"actor": _actor(facts.record)} if outcome == "registered" else {})))
    else:
        lines.append(tell("short.other_verdict", verdict=outcome))
    lines += [_by_person(one, facts.version) for one in _others(facts)]
    kind = "good" if facts.serving == facts.version else "bad" if outcome in ("reject", "broken") or _left(facts) else "quiet"
    card = "".join(paragraph(line) for line in lines)
    return f'<div class="card verdict {kind}">{section("short", card)}</div>'


def _in_service(facts: VersionFacts, period: ServingPeriod) -> Both:
    if period.until is None:
        return tell("short.serving", version=facts.version, since=day(period.since))
    return tell("short.served", version=facts.version, since=day(period.since), until=day(period.until))


def _others(facts: VersionFacts) -> list[StoredRecord]:
    """What persons and rollbacks decided on it, and the rollbacks of other versions that went back to it, in order of time."""
    return sorted((one for one in (*facts.later, *facts.returned_to) if one.content.get("applied")), key=decided_at)


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
        return section("decided", paragraph(told), own)
    lines: list[Both] = []
    if outcome == "void":
        lines.append(tell("why.void", baseline=str((record.get("baseline") or {}).get("version"))))
    elif outcome in ("rolled_back_before", "broken"):
        lines.append(tell(f"why.{outcome}"))
    gate: Mapping[str, Any] = record.get("gate") or {}
    if not gate:
        return section("decided", bullets([*lines, tell("why.no_gate")]), own)
    lines += _primary(gate, record)
    guards: Sequence[Mapping[str, Any]] = gate.get("guards") or ()
    troubled = [guard for guard in guards if guard["state"] not in _KEPT]
    lines += [_guard_sentence(guard) for guard in troubled] or ([tell("why.all_kept")] if guards else [])
    lines += _evidence(gate) if outcome != "promote" else []
    return section("decided", bullets(lines), *_guards(guards), paragraph(tell("why.chance_note"), "quiet"), own)


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
    if primary["significant"]:
        yield tell("why.shown", **figures, chance=_chance(float(primary["p_value"])))
    else:
        yield tell("why.not_shown", **figures, low=points(float(primary["low"])), high=points(float(primary["high"])))


def _chance(p_value: float) -> Both:
    if p_value <= 0.001:
        return tell("why.chance_thousand")
    return tell("why.chance_hundred") if p_value < 0.01 else tell("why.chance_of", n=round(100 * p_value))


def _evidence(gate: Mapping[str, Any]) -> Iterator[Both]:
    """What would have been found, what would settle it, and where a loss lies; each where the record says it."""
    if gate.get("detectable_effect") is not None and not (gate.get("primary") or {}).get("significant"):
        yield tell("why.detectable", points=points(float(gate["detectable_effect"]), signed=False))
    if isinstance(needed := gate.get("items_needed"), int):
        yield tell("why.needed", n=needed)


def _guard_sentence(guard: Mapping[str, Any]) -> Both:
    state, name = str(guard["state"]), guard_name(str(guard["name"]))
    change, margin = _of_guard(guard, guard["change"], signed=True), _of_guard(guard, guard["margin"], signed=False)
    key = f"guard_{state}" if state in ("harmed", "below_margin", "missing") else "guard_other"
    return tell(f"why.{key}", name=name, change=change, margin=margin, items=int(guard["items"]), state=named("guard", state))


def _guards(guards: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if not guards:
        return
    yield subheading(tell("why.guards"))
    head = tuple(tell(f"why.{name}") for name in ("guard", "result", "change", "allowed", "asked"))
    rows = [
        (
            guard_name(str(guard["name"])),
            named("guard", str(guard["state"])),
            _of_guard(guard, guard["change"], signed=True),
            _of_guard(guard, guard["margin"], signed=False),
            as_it_is(f"{int(guard['items']):,}"),
        )
        for guard in guards
    ]
    yield table("decided", head, rows)


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
    head = tuple(tell(f"since.{name}") for name in ("version", "from", "to", "how", "why"))
    rows = [
        (
            as_it_is(one.version),
            day(one.since),
            tell("since.now") if one.until is None else day(one.until),
            tell(f"since.{one.way}"),
            _who(one),
        )
        for one in shown
    ]
    notes = [tell("since.earlier", n=len(facts.periods) - len(shown))] if len(shown) < len(facts.periods) else []
    if not all(one.follows for one in facts.periods):
        notes.append(tell("since.missing"))
    return section("since", table("since", head, rows), *(paragraph(note, "quiet") for note in notes))


def _who(period: ServingPeriod) -> Both:
    """The gate's own reason is told above; a person's is in their words."""
    if period.way in ("gate", "bootstrap"):
        return tell("since.by_gate") if period.way == "gate" else as_it_is(period.actor)
    actor = tell("short.watch") if period.actor == "stage2" else as_it_is(period.actor)
    return listed((actor, as_it_is(period.reason)), ": ") if period.reason else actor
