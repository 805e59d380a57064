"""A judge on a server of this machine that is right, biased, broken or away."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gpu_runner.evaluate.engine.endpoint import Endpoint, EndpointSettings
from gpu_runner.evaluate.judge.asking import AWAY_AFTER, JudgeClient
from gpu_runner.evaluate.judge.prompts import JudgedCase
from gpu_runner.evaluate.judge.quality import NAMES, ResponseQuality
from gpu_runner.evaluate.judge.verdicts import JudgeFailed, read_rating, read_winner
from gpu_runner.evaluate.judge.win_rate import win_rate
from tests.openai_stub import OpenAIStub, completion, openai_stub

Judge = Callable[[dict[str, Any]], Any]

CASES = [
    *[JudgedCase(f"en-{number}", "en", f"When was fort {number} built?", (f"In {1500 + number}.",)) for number in range(6)],
    *[JudgedCase(f"hi-{number}", "hi", f"किला {number} कब बना?", (f"सन् {1600 + number} में।",)) for number in range(6)],
]
RIGHT = {case.id: case.references[0] for case in CASES}
WRONG = {case.id: "It was built by a king whose name many books about the forts of the whole province give." for case in CASES}


def quality_at(stub: OpenAIStub, *, samples: int = 1, path: Path | None = None, timeout_s: float = 5.0) -> ResponseQuality:
    """A judge that waits for nothing between attempts."""
    endpoint = Endpoint(EndpointSettings(stub.url, "judge", timeout_s, 4), attempts=2, sleep=lambda _: None)
    return ResponseQuality(JudgeClient(endpoint), samples=samples, path=path)


def judging(judge: Judge) -> Callable[[str, dict[str, Any]], Any]:
    """A server whose model is a function of the material that it is shown."""

    def answer(path: str, body: dict[str, Any]) -> Any:
        assert path == "/v1/chat/completions"
        found = judge(json.loads(body["messages"][1]["content"]) | {"seed": body["seed"]})
        return found if found is None or isinstance(found, tuple) else (200, completion(json.dumps(found)))

    return answer


def rates_right(material: dict[str, Any]) -> Any:
    """5 for a right answer, 1 or 2 for others."""
    right = material["answer"] in material["right_answers"]
    return {"relevance": 5 if right else 2, "correctness": 5 if right else 1, "completeness": 5 if right else 1, "reason": "."}


def prefers(which: Callable[[str, str, list[str]], str]) -> Judge:
    """A comparison by a rule over both answers and what is right."""
    return lambda material: {"winner": which(material["A"], material["B"], material["right_answers"]), "reason": "."}


RIGHT_JUDGE = prefers(lambda a, b, right: "A" if a in right else "B" if b in right else "tie")
LONGER = prefers(lambda a, b, right: "A" if len(a) > len(b) else "B" if len(b) > len(a) else "tie")


def test_answers_are_rated_from_0_to_1_by_language_and_an_empty_one_is_the_worst() -> None:
    """Three figures and their mean; Hindi is asked about in Hindi; the schema is strict; an empty answer costs no request."""
    answers = {**RIGHT, "en-0": "In 1999.", "hi-0": "  "}
    with openai_stub(judging(rates_right)) as stub:
        report = quality_at(stub).rate(CASES, answers)
    assert len(stub.asked) == 11
    assert dict(report.metrics)["items"] == 12
    assert report.rated["en-0"].scores == {"response_quality": 0.083333, "relevance": 0.25, "correctness": 0.0, "completeness": 0.0}
    assert report.rated["hi-0"].scores == dict.fromkeys(NAMES, 0.0)
    assert report.by_language["hi"]["correctness"] == pytest.approx(5 / 6, abs=1e-5)
    assert (report.unjudged, report.empty, sum(report.failures.values())) == (0, 1, 0)
    asked = {json.loads(body["messages"][1]["content"])["question"]: body for _, body, _ in stub.asked}
    assert "उत्तरों को अंक" in asked["किला 1 कब बना?"]["messages"][0]["content"]
    assert "You rate" in asked["When was fort 1 built?"]["messages"][0]["content"]
    assert asked["किला 1 कब बना?"]["response_format"]["json_schema"]["schema"]["additionalProperties"] is False


def test_failures_are_counted_by_kind_and_are_no_figure(tmp_path: Path) -> None:
    """Time-outs, errors, bad JSON, scores out of range: each apart, no NaN, the others judged as they are; none is asked twice."""
    broken: dict[str, Any] = {
        "en-0": None, "en-1": (500, {}), "en-2": (200, completion("Certainly! 5/5")), "en-3": (200, completion(None)),
        "en-4": {"relevance": 9, "correctness": 5, "completeness": 5, "reason": "."}, "en-5": {"relevance": 5, "correctness": True},
        "hi-0": {"relevance": 5.5, "correctness": 5, "completeness": 5}, "hi-1": (200, completion("<think>Hm")),
        "hi-2": (200, b'{"choices": ['), "hi-3": (200, {"choices": []}),
    }  # fmt: skip
    names = {case.question: case.id for case in CASES}
    with openai_stub(judging(lambda material: broken.get(names[material["question"]], rates_right(material)))) as stub:
        path = tmp_path / "judgements.jsonl"
        report = quality_at(stub, path=path, timeout_s=0.3).rate(CASES, RIGHT)
        first, asked = path.read_bytes(), len(stub.asked)
        assert quality_at(stub, path=path, timeout_s=0.3).rate(CASES, RIGHT) == report
        assert (path.read_bytes(), len(stub.asked)) == (first, asked)
    assert dict(report.failures) == {"timeout": 1, "unreachable": 0, "http_error": 1, "bad_json": 7, "out_of_range": 1}
    assert set(report.rated) == {"hi-4", "hi-5"}
    assert (report.unjudged, dict(report.metrics)["items"], dict(report.metrics)["correctness"]) == (10, 2, 1.0)
    assert not any(isinstance(value, float) and math.isnan(value) for value in report.as_dict()["metrics"].values())
    lines = [json.loads(line) for line in first.splitlines()]
    assert {line["item_id"]: line["raw"] for line in lines}["en-2"] == "Certainly! 5/5"


def test_a_judge_that_is_away_costs_figures_and_not_hours() -> None:
    """Nothing judged is no figure at all, and after a number of requests in a row without an answer no more are made."""
    cases = [JudgedCase(str(number), "en", "Where?") for number in range(AWAY_AFTER + 40)]
    with openai_stub(lambda path, body: (200, {})) as stub:
        pass
    report = quality_at(stub).rate(cases, {case.id: "Agra" for case in cases})
    assert (report.metrics, report.rated, report.unjudged) == ({}, {}, len(cases))
    assert report.failures["unreachable"] == len(cases)
    assert report.as_dict()["mean_spread"] == 0.0


def test_a_run_that_is_ended_asks_no_more(tmp_path: Path) -> None:
    """What is raised at a reply comes out at once; the replies so far are kept, and what waits is not asked."""

    class Ended(BaseException):
        """As at a SIGTERM."""

    def end(done: int) -> None:
        if done == 3:
            raise Ended

    path = tmp_path / "judgements.jsonl"
    with openai_stub(judging(rates_right)) as stub:
        endpoint = Endpoint(EndpointSettings(stub.url, "judge", 5.0, 1))
        with pytest.raises(Ended):
            ResponseQuality(JudgeClient(endpoint), samples=16, path=path, progress=end).rate(CASES, RIGHT)
        assert len(path.read_bytes().splitlines()) == 3
        assert len(stub.asked) <= 3 + 20


def test_a_server_that_takes_no_schema_is_asked_without(tmp_path: Path) -> None:
    """Once refused it is left out; the reader stays as strict."""

    def answer(path: str, body: dict[str, Any]) -> Any:
        if "response_format" in body:
            return 400, {"error": "unsupported"}
        return judging(rates_right)(path, body)

    with openai_stub(answer) as stub:
        report = quality_at(stub).rate(CASES, RIGHT)
    assert report.metrics["response_quality"] == 1.0
    assert sum("response_format" in body for _, body, _ in stub.asked) <= 4


def test_samples_have_a_spread() -> None:
    """Three samples of a judge that wavers: the mean, and the deviation between them; one that does not waver has none."""
    with openai_stub(
        judging(lambda material: dict.fromkeys(("relevance", "correctness", "completeness"), 1 + 2 * material["seed"]))
    ) as stub:
        report = quality_at(stub, samples=3).rate(CASES, RIGHT)
    assert report.metrics["response_quality"] == 0.5
    assert report.rated["en-0"].spread == pytest.approx(0.408248)
    assert report.rated["en-0"].samples == 3
    assert {body["temperature"] for _, body, _ in stub.asked} == {0.7}


def test_pairs_are_asked_in_both_orders_and_a_disagreement_is_a_tie() -> None:
    """A right judge wins all for the right answers, whatever their place; one that always prefers what comes first says nothing at all."""
    with openai_stub(judging(RIGHT_JUDGE)) as stub:
        report = quality_at(stub).compare(CASES, RIGHT, WRONG)
    assert (report.rate.raw, report.orders_agree, report.first_shown) == (1.0, 1.0, 0.5)
    assert {pair.winner for pair in report.compared.values()} == {"first"}
    with openai_stub(judging(prefers(lambda a, b, right: "A"))) as stub:
        biased = quality_at(stub).compare(CASES, RIGHT, WRONG)
    assert (biased.rate.raw, biased.orders_agree, biased.first_shown) == (0.5, 0.0, 1.0)
    assert {pair.winner for pair in biased.compared.values()} == {"tie"}


def test_half_a_comparison_is_none() -> None:
    """A pair of which one order failed is counted as not judged, and is no tie."""
    with openai_stub(judging(lambda material: (500, {}) if "king" in material["A"] else RIGHT_JUDGE(material))) as stub:
        report = quality_at(stub).compare(CASES, RIGHT, WRONG)
    assert (report.compared, report.unjudged, report.failures["http_error"]) == ({}, 12, 12)
    assert report.as_dict()["win_rate"]["pairs"] == 0


def test_a_judge_that_prefers_the_longer_is_seen_through_at_equal_length() -> None:
    """Half the pairs have the first side longer by much: it wins them all; the controlled rate of an even match stays at one half."""
    first = {case.id: "a" * (400 if number % 4 else 20) for number, case in enumerate(CASES)}
    second = dict.fromkeys(first, "b" * 100)
    with openai_stub(judging(LONGER)) as stub:
        report = quality_at(stub).compare(CASES, first, second)
    assert report.rate.raw == 0.75
    assert report.rate.longer == 1.0
    assert abs(report.rate.controlled - 0.5) < 0.2


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([0.0, 0.5, 1.0]), st.integers(-3000, 3000)), max_size=40))
def test_a_win_rate_is_a_share_and_turns_with_the_sides(pairs: list[tuple[float, int]]) -> None:
    """From 0 to 1, never NaN; with the sides exchanged it is the rest to one, but for how often the longer won."""
    scores, lengths = [score for score, _ in pairs], [length for _, length in pairs]
    found = win_rate(scores, lengths)
    turned = win_rate([1 - score for score in scores], [-length for length in lengths])
    assert all(0 <= value <= 1 for value in (found.raw, found.controlled, found.longer))
    assert found.raw + turned.raw == pytest.approx(1)
    assert found.controlled + turned.controlled == pytest.approx(1, abs=1e-6)
    assert found.longer == pytest.approx(turned.longer)


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=60) | st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists).map(json.dumps))
def test_a_reply_of_another_form_is_a_failure(reply: str) -> None:
    """Whatever a model says: a judgement or one of two kinds of failure."""
    for read in (read_rating, read_winner):
        with pytest.raises(JudgeFailed) as failed:
            read(reply)
        assert failed.value.kind in ("bad_json", "out_of_range")
    assert read_winner('```json\n{"winner": "tie", "reason": "x"}\n```') == "tie"
