"""A judge beside people and beside the longer answer."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import httpx
import pytest

from gpu_runner.dataset.fields import DataError
from gpu_runner.evaluate.engine.endpoint import Endpoint, EndpointSettings
from gpu_runner.evaluate.judge.agreement import cohens_kappa
from gpu_runner.evaluate.judge.asking import JudgeClient
from gpu_runner.evaluate.judge.calibration import LEAST_PAIRS, calibrate, calibrated_languages, read_pairs
from gpu_runner.evaluate.judge.quality import ResponseQuality
from gpu_runner.json_files import write_json
from tests.openai_stub import completion


def write_pairs(path: Path, rows: list[dict[str, Any]]) -> Path:
    """A file of people's verdicts."""
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def rows_of(language: str, count: int) -> list[dict[str, Any]]:
    """Pairs in which people prefer the answer that says RIGHT, which is the longer one in two of three."""
    draw = random.Random(language)
    rows = []
    for number in range(count):
        right, wrong = "RIGHT" + " so" * (20 if number % 3 else 1), "wrong" + " so" * 8
        first = draw.random() < 0.5
        rows.append(
            {
                "id": f"{language}-{number}", "language": language, "question": f"Q {number}?", "a": right if first else wrong,
                "b": wrong if first else right, "preferred": "a" if first else "b",
            }
        )  # fmt: skip
    return rows


def judged(rule: str, pairs: Path) -> dict[str, Any]:
    """The calibration report of a judge that follows a rule."""

    def answer(request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content)
        shown = json.loads(body["messages"][1]["content"])
        longer = "A" if len(shown["A"]) > len(shown["B"]) else "B"
        right = "A" if "RIGHT" in shown["A"] else "B"
        hindi = "तुलना" in body["messages"][0]["content"]
        winner = {"right": right, "first": "A", "right in English": longer if hindi else right}[rule]
        return httpx.Response(200, json=completion(json.dumps({"winner": winner, "reason": "."})))

    endpoint = Endpoint(EndpointSettings("http://judge/v1", "j", 5.0, 2), transport=httpx.MockTransport(answer))
    return calibrate(ResponseQuality(JudgeClient(endpoint)), read_pairs(pairs))


def test_a_judge_is_calibrated_where_it_beats_the_longer_answer(tmp_path: Path) -> None:
    """In each language by itself: a judge that is right is; one that prefers the longer, or the first, is not."""
    pairs = write_pairs(tmp_path / "pairs.jsonl", [*rows_of("en", LEAST_PAIRS), *rows_of("hi", LEAST_PAIRS)])
    first, half = (judged(rule, pairs) for rule in ("first", "right in English"))
    right, longer = half["languages"]["en"], half["languages"]["hi"]
    assert (right["agreement"], right["kappa"], right["longer_wins"]["agreement"]) == (1.0, 1.0, 0.66)
    assert longer["agreement"] == longer["longer_wins"]["agreement"] == 0.66
    assert (first["all"]["agreement"], first["all"]["kappa"], first["orders_agree"]) == (0.0, 0.0, 0.0)
    assert [half["languages"][name]["calibrated"] for name in ("en", "hi")] == [True, False]
    write_json(tmp_path / "calibration.json", half)
    assert calibrated_languages(tmp_path / "calibration.json", half["judge"]) == {"en"}
    assert calibrated_languages(tmp_path / "calibration.json", "another judge") == frozenset()
    assert calibrated_languages(None, half["judge"]) == frozenset()


def test_a_perfect_judge_of_too_few_pairs_is_not_calibrated(tmp_path: Path) -> None:
    """One pair fewer than are needed."""
    report = judged("right", write_pairs(tmp_path / "pairs.jsonl", rows_of("en", LEAST_PAIRS - 1)))
    assert (report["languages"]["en"]["agreement"], report["languages"]["en"]["calibrated"]) == (1.0, False)


def test_a_reviews_decision_is_a_verdict(tmp_path: Path) -> None:
    """Accepted, the correction is the better one; refused, the answer stands; rows of neither form are told by file and line."""
    review = {"question": "Where?", "response": "In Delhi.", "correction": "In Agra."}
    path = write_pairs(tmp_path / "pairs.jsonl", [review | {"decision": "accept"}, review | {"decision": "reject"}])
    assert [pair.preferred for pair in read_pairs(path)] == ["second", "first"]
    for row in (review, review | {"decision": "later"}, {"question": "?", "a": "x", "b": "y", "preferred": "c"}):
        with pytest.raises(DataError, match=r"pairs\.jsonl:1: "):
            read_pairs(write_pairs(path, [row]))


def test_kappa_is_cohens() -> None:
    """The example of 50 applications in the literature: 35 of 50 equal, kappa 0.4."""
    one = "Y" * 25 + "N" * 25
    other = "Y" * 20 + "N" * 5 + "Y" * 10 + "N" * 15
    assert cohens_kappa(one, other) == pytest.approx(0.4)
