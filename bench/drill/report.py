"""What the drill writes down, and whether the faults happened that were planned."""

from __future__ import annotations

import platform
from collections import Counter
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final

from bench.drill.launcher import HANDLER, RESTORE
from bench.drill.verdict import Verdict

if TYPE_CHECKING:
    from bench.drill.fleet import Fleet
    from bench.drill.run import Drill

# What each fault of the topics has to have done, as often as it was planned.
WANTED: Final[dict[str, tuple[str, ...]]] = {
    "delete": ("records deleted", "sigkill after a deletion"),
    "open": ("transaction of others",),
    "hold": ("end of a transaction held back",),
    "extend": ("added partitions told", "added partitions drained"),
    "make_anew": ("topic made anew told", "topic made anew"),
}


def check_faults(verdict: Verdict, drill: Drill, codes: list[int]) -> None:
    """A fault that did not happen, or an instance that did not stop in order at the end, is a violation too."""
    done, steps = drill.done, kills_by_step(drill.fleet)
    planned = {
        RESTORE if fault.kind == RESTORE else f"{fault.stage} {fault.step}" for fault in drill.plan if fault.kind in ("step", RESTORE)
    }
    verdict.must_be_none("faults", "steps_never_reached", planned - steps.keys())
    total = steps.total() + done["sigkill at any moment"] + done["sigkill in place of a step"] + done["broker"]
    verdict.must_be_none("faults", "kills_missing", range(drill.settings.kills - total))
    failures = sum(line["step"] == HANDLER for line in drill.fleet.told_lines())
    verdict.must_be_none("faults", "handler_failures_missing", range(drill.settings.handler_failures - failures))
    for kind, wanted in WANTED.items():
        planned_times = sum(fault.kind == kind for fault in drill.plan)
        for name in wanted:
            verdict.must_be_none("faults", f"missing: {name}", range(planned_times - done[name]))
    fenced = drill.fleet.exits.get("leaving: exit 1", 0)
    verdict.must_be_none("faults", "former_instances_not_fenced", [] if fenced else ["no former instance ended with exit code 1"])
    verdict.must_be_none("faults", "exit_codes_at_the_end", (code for code in codes if code != 0))


def kills_by_step(fleet: Fleet) -> Counter[str]:
    """What the children did to themselves, handler failures left out."""
    lines = [line for line in fleet.told_lines() if line["step"] != HANDLER]
    return Counter(f"{line['stage']} {line['step']}".strip() for line in lines)


def report(drill: Drill, verdict: Verdict, seconds: float) -> dict[str, Any]:
    settings, fleet = drill.settings, drill.fleet
    steps = kills_by_step(fleet)
    others = {name: count for name, count in drill.done.items() if "kill" in name or name == "broker"}
    counts = verdict.counts
    return {
        "events": settings.events,
        "seed": settings.seed,
        "input": counts["input"],
        "kills": {"total": steps.total() + sum(others.values()), **others, "by_step": dict(sorted(steps.items()))},
        "handler_failures": sum(line["step"] == HANDLER for line in fleet.told_lines()),
        "other_faults": {name: count for name, count in drill.done.items() if name not in others},
        "instances": drill.scaled,
        "exits": dict(sorted(fleet.exits.items())),
        "samples": counts["samples"],
        "turns": counts["turns"],
        "letters": counts["letters"],
        "commands": counts["commands"],
        "leases": counts["leases"],
        "day_counts": counts["day_counts"],
        "poison": counts["poison"],
        "journal": counts["journal"],
        "lost": sum(part.get("lost", 0) for part in counts.values()),
        "doubled": sum(part.get("doubled", 0) for part in counts.values()),
        "extra": sum(part.get("extra", 0) for part in counts.values()),
        "violations": verdict.violations,
        "seconds": round(seconds, 1),
        "faults_planned": len(drill.plan),
        "versions": {
            "python": platform.python_version(),
            "kafka": next((jar.name.split("-")[-1].removesuffix(".jar") for jar in settings.libs.glob("kafka_2.13-*.jar")), "?"),
            **{name: version(name) for name in ("aiokafka", "faststream", "msgspec", "pydantic")},
        },
    }
