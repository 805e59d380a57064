"""Runs inputs through an edge, counts what becomes of them, and makes what went wrong as small as it gets."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Final, Protocol

from bench.fuzz.answers import Answer, surprised
from bench.fuzz.mutations import Fault, broken, faults, garbled
from bench.fuzz.written import written

KEPT_FAILURES: Final = 20


class Edge(Protocol):
    """An edge: its name, fields that a valid input may lack, valid objects, and what it makes of bytes."""

    name: str
    known: tuple[str, ...]

    def objects(self, rng: random.Random) -> list[Any]: ...
    async def answer(self, raw: bytes, wrong: tuple[Fault, ...], rng: random.Random) -> Answer: ...


@dataclass(slots=True)
class Failure:
    """What went wrong, how often, and the smallest input that was found for it."""

    what: str
    times: int
    faults: list[str]
    smallest: bytes

    def as_dict(self) -> dict[str, Any]:
        """As the report has it; of a long input its beginning."""
        return {
            "what": self.what,
            "times": self.times,
            "faults": self.faults,
            "bytes": len(self.smallest),
            "input": repr(self.smallest[:600]),
        }


@dataclass(slots=True)
class Tally:
    """What became of the inputs of one edge."""

    edge: str
    inputs: int = 0
    valid: int = 0
    accepted: int = 0
    fields: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    failures: dict[str, Failure] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """As the report has it."""
        return {
            "edge": self.edge, "inputs": self.inputs, "valid": self.valid, "accepted": self.accepted,
            "faults_by_field": dict(sorted(self.fields.items())), "faults_by_kind": dict(sorted(self.kinds.items())),
            "failures": [found.as_dict() for found in sorted(self.failures.values(), key=lambda one: -one.times)],
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Case:
    """An input: its objects, what is wrong with them, whether an object is a line, and the seed of what else the edge draws."""

    objects: list[Any]
    wrong: tuple[Fault, ...]
    lines: bool
    seed: int

    def raw(self) -> bytes:
        """Its bytes."""
        made = broken(self.objects, self.wrong)
        return garbled(b"".join(written(one) + b"\n" for one in made) if self.lines else written(made[0]), self.wrong)

    async def answer(self, edge: Edge) -> Answer:
        """What the edge makes of it."""
        try:
            return await edge.answer(self.raw(), self.wrong, random.Random(self.seed))
        except Exception as error:  # what is looked for
            return surprised(error)


async def run(edge: Edge, inputs: int, seed: int, *, lines: bool) -> Tally:
    """Every second input is valid, the others have one to three faults; `lines` writes an object a line."""
    tally = Tally(edge.name)
    for number in range(inputs):
        rng = random.Random(f"{seed}:{edge.name}:{number}")
        objects = edge.objects(rng)
        wrong = faults(objects, rng, tally.fields, edge.known) if number % 2 else ()
        tally.kinds.update(fault.kind for fault in wrong)
        case = Case(objects, wrong, lines, number)
        answer = await case.answer(edge)
        tally.inputs += 1
        tally.valid += not wrong
        tally.accepted += answer.accepted
        what = answer.wrong
        if what is None and not wrong and not answer.accepted:
            what = f"refused although valid: {answer.refusals[0][:160]}"
        if what is not None:
            await _failed(edge, tally, what, case)
    return tally


async def _failed(edge: Edge, tally: Tally, what: str, case: Case) -> None:
    kind = _kind(what)
    known = tally.failures.get(kind)
    if known is not None:
        known.times += 1
    elif len(tally.failures) < KEPT_FAILURES:
        small = await _smaller(edge, kind, case)
        told = [f"{fault.kind} at {fault.field or 'the bytes'}" for fault in small.wrong]
        tally.failures[kind] = Failure(what, 1, told, small.raw())


def _kind(what: str) -> str:
    """Failures that are one: numbers differ from input to input, and so does what comes late in a message."""
    return "".join(character for character in what[:90] if not character.isdigit())


async def _smaller(edge: Edge, kind: str, case: Case) -> Case:
    """Without the faults, rows and fields that it fails without as well."""
    for smaller in _without_each(case):
        left = smaller(case)
        if _kind((await left.answer(edge)).wrong or "") == kind:
            case = left
    return case


def _without_each(case: Case) -> Iterator[Callable[[Case], Case]]:
    for fault in case.wrong:
        yield lambda now, fault=fault: replace(now, wrong=tuple(one for one in now.wrong if one is not fault))  # type: ignore[misc]
    for place in range(len(case.objects)):
        yield lambda now, place=place: _without_row(now, place)  # type: ignore[misc]
        for name in case.objects[place]:
            yield lambda now, place=place, name=name: _without_field(now, place, name)  # type: ignore[misc]


def _without_row(case: Case, place: int) -> Case:
    """With an empty object there: places of faults stay what they are."""
    return replace(case, objects=[{} if at == place else one for at, one in enumerate(case.objects)])


def _without_field(case: Case, place: int, name: str) -> Case:
    kept = [{key: held for key, held in one.items() if at != place or key != name} for at, one in enumerate(case.objects)]
    return replace(case, objects=kept)
