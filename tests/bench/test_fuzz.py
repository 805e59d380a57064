"""The fuzzer finds what is planted and makes it small, and a short run of it finds nothing in the product."""

from __future__ import annotations

import json
import random
from collections import Counter
from typing import Any

import pytest

from bench.fuzz.__main__ import BODIES, FILES, campaign, summary
from bench.fuzz.answers import Answer, answer
from bench.fuzz.campaign import run
from bench.fuzz.mutations import BYTES, FIELD, broken, faults, garbled
from bench.fuzz.written import Raw, Twice, written


class Planted:
    """An edge that falls over a field's value, refuses another without a word, and takes the rest."""

    name = "planted"
    known = ("missing",)

    def objects(self, rng: random.Random) -> list[Any]:
        return [{"a": rng.randint(1, 9), "b": "text", "c": [1, 2], "d": {"e": "x"}}]

    async def answer(self, raw: bytes, wrong: Any, rng: random.Random) -> Answer:
        try:
            found = json.loads(raw)
        except (ValueError, RecursionError):
            return answer(False, ("no JSON at byte 1",))
        if isinstance(found, dict) and found.get("b") is None:
            raise KeyError("b")
        if isinstance(found, dict) and found.get("a") is True:
            return answer(False, ("something is wrong",))
        return answer(True, ())


@pytest.mark.process
async def test_what_is_planted_is_found_and_made_small() -> None:
    """A traceback and a refusal that names nothing, each with one fault and no field that is not needed."""
    tally = await run(Planted(), 2_000, 1, lines=False)
    by_kind = {found.what.split(" ")[0]: found for found in tally.failures.values()}
    assert set(by_kind) == {"KeyError", "names"}
    assert json.loads(by_kind["names"].smallest) == {"a": True, "b": "text"} or b'"b"' in by_kind["names"].smallest
    assert all(len(found.faults) == 1 for found in tally.failures.values())
    assert all(len(found.smallest) < 60 for found in tally.failures.values())
    assert tally.inputs == 2_000
    assert tally.valid == 1_000
    assert min(tally.fields[name] for name in ("a", "b", "c", "d", "d.e", "missing")) >= 50
    assert set(tally.kinds) == {*FIELD, *BYTES}


@pytest.mark.process
def test_the_same_seed_makes_the_same_input() -> None:
    """So that a failure can be looked at again."""

    def made(seed: int) -> list[bytes]:
        rng, seen = random.Random(seed), Counter[str]()
        objects = [{"a": 1, "items": [{"b": "x"}]}]
        wrong = [faults(objects, rng, seen, ("c",)) for _ in range(200)]
        return [garbled(written(broken(objects, one)[0]), one) for one in wrong]

    assert made(1) == made(1) != made(2)
    assert len(set(made(1))) > 100


def test_what_no_json_writer_makes_is_written() -> None:
    """Raw fragments, a field twice, and halves of surrogate pairs as escapes."""
    assert written({"a": Raw("NaN"), "b": Twice(1, "क"), "\ud800": ["\udfff"]}) == '{"a":NaN,"b":1,"b":"क","\\ud800":["\\udfff"]}'.encode()
    assert json.loads(written({"a": [1, {"b": "\\\n"}]})) == {"a": [1, {"b": "\\\n"}]}


@pytest.mark.timeout(120)
@pytest.mark.process
async def test_k6_no_input_is_a_traceback_or_status_500() -> None:
    """600 bodies and 300 files, every second one wrong in one to three ways: nothing falls over, what is refused is named."""
    tallies = await campaign(600, 300, 7, fitted=False)
    assert {tally.edge for tally in tallies} == {*BODIES, *FILES} - {"drift run"}
    found = summary(tallies)
    assert [(tally["edge"], failure) for tally in found["edges"] for failure in tally["failures"]] == []
    assert found["accepted_share"] >= 0.4
