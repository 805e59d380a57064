"""What the gate decides on, checked whole before a figure of it is used: every score in its range, both sides asked the same. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from gpu_runner.gate.latency import PairedTimings

SIDES: Final = ("baseline", "candidate")
# Eleven days in milliseconds, and more tokens than any answer: beyond it the clock or the file is broken.
_LONGEST_MS: Final = 1e9
_MOST: Final = 1e9


class UnusableScores(ValueError):
    """The scores (or the policy) can't carry a decision; the message is the reason."""


@dataclass(frozen=True)
class LineageStart:
    """Exact match (0 to 1) of the first version of the lineage by item id, as it was kept; empty where it can't be read."""

    version: str
    em: Mapping[str, float]


@dataclass(frozen=True)
class Evidence:
    """Checked scores: `items` of scores.json with both sides, the timings where they were taken, and the lineage's start.

    `start` is None where the baseline is the start itself. `repeat` is what the baseline scored when it was asked again, by item id.
    """

    items: Sequence[Mapping[str, Any]]
    items_sha256: str
    timings: PairedTimings | None
    start: LineageStart | None
    repeat: Mapping[str, float]


def checked(scores: Mapping[str, Any], start: LineageStart | None) -> Evidence:
    """The scores as evidence. Raises UnusableScores that names the field; KeyError and the like where the form is another."""
    hashes = scores["items_sha256"]
    if not hashes["items"] or not hashes["items"] == hashes["baseline"] == hashes["candidate"]:
        raise UnusableScores("the two sides were not asked the same items: their item hashes differ")
    items: Sequence[Mapping[str, Any]] = scores["items"]
    if not items:
        raise UnusableScores("there are no evaluation items")
    if len({item["item_id"] for item in items}) != len(items):
        raise UnusableScores("an evaluation item comes twice")
    for side in SIDES:
        missing = sum(bool(item[side]["missing"]) for item in items)
        if missing:
            raise UnusableScores(f"{missing} of {len(items)} answers of the {side} are missing")
    for item in items:
        for name in ("set", "language", "group"):
            if not isinstance(item[name], str):
                raise UnusableScores(f"item {item['item_id']!r}: {name} is {item[name]!r}, expected a text")
        for side in SIDES:
            _check_row(item[side], f"item {item['item_id']!r}, {side}")
    if start is not None:
        for item_id, value in start.em.items():
            number(value, f"item {item_id!r}, version {start.version} (the lineage's start): em", most=1)
    repeat = {
        str(item_id): number(value, f"item {item_id!r}, the baseline asked again: em", most=1)
        for item_id, value in (scores.get("repeat") or {}).items()
    }
    return Evidence(items, str(hashes["items"]), _timings(scores.get("timings")), start, repeat)


def number(value: Any, where: str, *, most: float, least: float = 0) -> float:
    """The value as a float from `least` to `most`. Raises UnusableScores naming it: a NaN or a 5.0 must never pass for a score."""
    plain = isinstance(value, int | float) and not isinstance(value, bool)
    # Compared before it is made a float: an int of 400 digits can't become one, and NaN is in no range.
    if not plain or not least <= value <= most:
        told = repr(value)
        raise UnusableScores(f"{where} is {told if len(told) <= 40 else told[:40] + '…'}, expected a number from {least:g} to {most:g}")
    return float(value)


def _check_row(row: Mapping[str, Any], where: str) -> None:
    number(row["em"], f"{where}: em", most=1)
    checkable = number(row["checkable"], f"{where}: checkable", most=_MOST)
    number(row["unsupported"], f"{where}: unsupported", most=checkable)
    number(row["latency_ms"], f"{where}: latency_ms", most=_LONGEST_MS)
    number(row["tokens"], f"{where}: tokens", most=_MOST)
    violation = row["script_violation"]
    if violation is not None and not isinstance(violation, bool):
        raise UnusableScores(f"{where}: script_violation is {violation!r}, expected true, false or null")


def _timings(value: Any) -> PairedTimings | None:
    """The passes over the timed batches; None where none were taken."""
    if value is None:
        return None
    passes: dict[str, tuple[tuple[float, ...], ...]] = {}
    for side in SIDES:
        found = value[side]
        if not isinstance(found, list | tuple) or not found:
            raise UnusableScores(f"timings.{side} is {found!r}, expected a list of passes")
        passes[side] = tuple(
            tuple(_positive(ms, f"timings.{side}[{at}][{place}]") for place, ms in enumerate(one)) for at, one in enumerate(found)
        )
    lengths = {len(one) for side in SIDES for one in passes[side]}
    if len(lengths) != 1 or lengths == {0}:
        raise UnusableScores("timings: the passes are not over the same batches")
    return PairedTimings(passes["baseline"], passes["candidate"])


def _positive(value: Any, where: str) -> float:
    found = number(value, where, most=_LONGEST_MS)
    if not found > 1e-9:
        raise UnusableScores(f"{where} is {value!r}, expected milliseconds above 0")
    return found
