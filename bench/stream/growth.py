"""How cost and memory of stage 1 grow with events, with ids inside the deduplication window, and with users.

Three runs of the pure core and its encoding, each in a process of its own without Kafka: many events at a steady 12,500 a day, so that
the window (7 days, to whole days) fills and then stays full; a million events inside the window from 2,000 users, which gives the bytes
of an id; the same from a million users, where whatever is more is the users'.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from bench.stream.broker import Bench, run_child
from bench.stream.figures import Figure

EVENTS_A_DAY: Final = 12_500
USERS: Final = 2_000


@dataclass(frozen=True, slots=True)
class Growth:
    """The reports of the three runs."""

    over_events: tuple[dict[str, Any], ...]
    few_users: dict[str, Any]
    many_users: dict[str, Any]
    users: int


def measure_growth(bench: Bench, *, events: int, keys: int) -> Growth:
    """Up to `events` events, reported at each power of ten from 10,000 on; `keys` ids and users in the other two runs."""
    connection = bench.connection()
    marks = [10**power for power in range(4, 9) if 10**power <= events]
    window = {"events": keys, "days": 3.0, "report_at": [keys]}
    long = {"events": marks[-1], "days": marks[-1] / EVENTS_A_DAY, "users": USERS, "report_at": marks}
    over_events = run_child("bench.stream.growth_child", long, connection)["reports"]
    few = run_child("bench.stream.growth_child", window | {"users": USERS}, connection)["reports"][0]
    many = run_child("bench.stream.growth_child", window | {"users": keys}, connection)["reports"][0]
    return Growth(tuple(over_events), few, many, keys)


def figures(found: Growth) -> list[Figure]:
    """The lines of the table."""
    core = "the pure core, its encoding and its changelog records, without Kafka"
    lines = []
    for report in found.over_events:
        at = f"{report['events']:,} events"
        lines.append(Figure(f"stage 1 up to {at}: CPU an event", report["cpu_us_per_event"], "µs", f"{core}; since the line before"))
        lines.append(
            Figure(f"stage 1 at {at}: memory", report["rss_growth_mb"], "MB", f"growth of VmRSS; {report['ids']:,} ids remembered")
        )
    full = [report for report in found.over_events if report["events"] >= 10 * EVENTS_A_DAY] or list(found.over_events)
    last, first = full[-1], full[0]
    an_id = found.few_users["rss_growth_mb"] * 1e6 / found.few_users["ids"]
    a_user = (found.many_users["rss_growth_mb"] * 1e6 - found.many_users["ids"] * an_id) / found.users
    times = f"{last['events']:,} events over {first['events']:,}, the window full at both"
    return [
        *lines,
        Figure("memory, many events ÷ few", last["rss_growth_mb"] / first["rss_growth_mb"], "", times, at_most=1.2),
        Figure("CPU an event, many events ÷ few", last["cpu_us_per_event"] / first["cpu_us_per_event"], "", times, at_most=1.2),
        Figure("deduplication window: memory of an id", an_id, "B", f"{found.few_users['ids']:,} ids of {USERS:,} users"),
        Figure("memory of a user without the window", a_user, "B", f"{found.users:,} users against {USERS:,}, ids taken off", at_most=400),
    ]
