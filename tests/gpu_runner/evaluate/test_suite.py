"""The suite as a library."""

from __future__ import annotations

import json
import math
from pathlib import Path

import httpx
import pytest

from gpu_runner.dataset.fields import DataError
from gpu_runner.dataset.rows import Answer, EvaluationItem
from gpu_runner.evaluate.engine.endpoint import Endpoint, EndpointSettings
from gpu_runner.evaluate.judge.asking import JudgeClient
from gpu_runner.evaluate.suite import HALLUCINATION_METRICS, QA_METRICS, BenchmarkSuite, HallucinationDetector, HindiQAEval, ResponseQuality
from tests.openai_stub import completion

ITEMS = [
    EvaluationItem("1", "dataset", "कब?", ("सन् १८१४",), "hi", "g1", source="संग्रहालय की स्थापना सन् १८१४ में हुई।"),
    EvaluationItem("2", "dataset", "कहाँ?", ("कोलकाता",), "hi", "g2", source="संग्रहालय कोलकाता में है।"),
    EvaluationItem("3", "dataset", "When?", ("1814",), "en", "g1", source="The museum was founded in 1814."),
]
ANSWERS = [Answer("1", "candidate", "सन् १८१४।", 1.0, 3), Answer("2", "candidate", "", 1.0, 1), Answer("3", "candidate", "In 1841.", 1.0, 4)]


def test_the_suites_figures_are_those_of_its_parts() -> None:
    """One pass gives what Hindi QA and the detector give by themselves, and what the judge says stands beside it."""
    rated = json.dumps({"relevance": 4, "correctness": 4, "completeness": 4, "reason": "."})
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json=completion(rated)))
    quality = ResponseQuality(JudgeClient(Endpoint(EndpointSettings("http://judge/v1", "j"), transport=transport)))
    result = BenchmarkSuite((*QA_METRICS, *HALLUCINATION_METRICS), quality=quality).run(ITEMS, ANSWERS)
    hindi, detected = HindiQAEval().score(ITEMS, ANSWERS), HallucinationDetector().rate(ITEMS, ANSWERS)
    assert {name: result.scored.by_language["hi"][name] for name in hindi} == hindi
    assert {name: result.scored.metrics[name] for name in detected} == detected
    assert (hindi["exact_match"], hindi["items"], detected["hallucination_rate"], detected["abstention_rate"]) == (0.5, 2, 0.5, 0.333333)
    assert result.scores["judge"]["metrics"]["response_quality"] == 0.5  # twice 0.75, and an empty answer
    assert [item["candidate"]["judge"]["correctness"] for item in result.scores["items"]] == [0.75, 0.0, 0.75]
    assert not any(math.isnan(value) for value in result.scored.metrics.values())


def test_hindi_qa_gives_what_the_published_scripts_give(tmp_path: Path) -> None:
    """By texts, or against a SQuAD file; without an item of its language it says so."""
    texts, said = {"1": ["सन् १८१४"], "2": ["कोलकाता"]}, {"1": "सन् १८१४।", "2": "दिल्ली"}
    qas = [
        {"id": name, "question": "?", "answers": [{"text": text, "answer_start": 0} for text in answers]} for name, answers in texts.items()
    ]
    file = tmp_path / "squad.json"
    file.write_text(json.dumps({"data": [{"paragraphs": [{"context": "सन् १८१४ कोलकाता", "qas": qas}]}]}), encoding="utf-8")
    found = HindiQAEval().published_of_file(file, said)
    assert found == HindiQAEval().published(texts, said)
    assert (found["metrics"]["mlqa"]["exact_match"], found["metrics"]["squad"]["exact_match"]) == (50.0, 0.0)
    with pytest.raises(DataError, match="items is empty"):
        HindiQAEval("mr").score(ITEMS, ANSWERS)


def test_a_claim_that_is_not_in_its_source_is_found() -> None:
    """Another year is unsupported; without a source nothing is checkable."""
    detector = HallucinationDetector()
    assert detector.check("It was founded in 1841.", ITEMS[2].source).unsupported == 1
    assert detector.check("It was founded in 1814.", ITEMS[2].source).unsupported == 0
    assert detector.check("It was founded in 1841.", None).checkable == 0
