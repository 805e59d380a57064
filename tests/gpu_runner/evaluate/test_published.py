"""The published rules over files, against their definitions written here once more."""

from __future__ import annotations

import json
import random
import re
import string
import unicodedata
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sacrebleu.metrics import BLEU, CHRF

from gpu_runner.dataset.fields import DataError
from gpu_runner.evaluate.published import load_predictions, load_references, scores

XQUAD = Path(__file__).parents[4] / "shared" / "data" / "xquad"
PERTURBED: tuple[Callable[[str], str | None], ...] = (
    lambda text: text,
    lambda text: f"{text}।",
    lambda text: f"“{text}”",
    lambda text: text.translate({ord("0") + digit: ord("०") + digit for digit in range(10)}),
    lambda text: unicodedata.normalize("NFC", text),
    lambda text: unicodedata.normalize("NFD", text),
    lambda text: text.replace("\u094d", "\u094d\u200d"),
    lambda text: f"the {text.upper()} x",
    lambda text: "",
    lambda text: None,
)


def by_mlqa(text: str, language: str) -> str:
    """MLQA's `normalize_answer`."""
    kept = "".join(char for char in text.lower() if char not in string.punctuation and unicodedata.category(char)[0] != "P")
    return " ".join((re.sub(r"\b(a|an|the)\b", " ", kept) if language == "en" else kept).split())


def by_squad(text: str, _language: str) -> str:
    """SQuAD v1.1's `normalize_answer`."""
    kept = "".join(char for char in text.lower() if char not in string.punctuation)
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", kept).split())


def overlap(said: str, right: str) -> float:
    """Both scripts' `f1_score` of normalised texts."""
    same = sum((Counter(said.split()) & Counter(right.split())).values())
    return 2 * same / (len(said.split()) + len(right.split())) if same else 0.0


@pytest.mark.process
@pytest.mark.parametrize("language", ["hi", "en"])
def test_perturbed_answers_score_as_the_definitions_and_sacrebleu_have_it(language: str) -> None:
    """Dandas, quotes, digits, normal forms, joiners, articles, empty and missing answers; signatures are sacreBLEU's own."""
    path = XQUAD / f"xquad.{language}.json"
    if not path.is_file():
        pytest.skip(f"no development data at {path}")
    references = load_references(path)
    rng = random.Random(7)
    changed = {name: rng.choice(PERTURBED)(answers[0]) for name, answers in references.items()}
    predictions = {name: text for name, text in changed.items() if text is not None}
    found = scores(references, predictions, language)
    for name, rule in (("mlqa", by_mlqa), ("squad", by_squad)):
        pairs = [(rule(predictions[one], language), [rule(text, language) for text in references[one]]) for one in predictions]
        exact = 100 * sum(said in right for said, right in pairs) / len(references)
        f1 = 100 * sum(max(overlap(said, one) for one in right) for said, right in pairs) / len(references)
        assert found["metrics"][name] == {"exact_match": pytest.approx(exact, abs=1e-6), "f1": pytest.approx(f1, abs=1e-6)}
    texts = [predictions.get(name, "") for name in references]
    metrics = {"bleu_intl": BLEU(tokenize="intl"), "bleu_13a": BLEU(), "chrf": CHRF(), "chrf++": CHRF(word_order=2)}
    for name, metric in metrics.items():
        expected = metric.corpus_score(texts, [[answers[0] for answers in references.values()]])
        assert found["metrics"][name] == {"score": pytest.approx(expected.score, abs=1e-4), "signature": str(metric.get_signature())}
    assert (found["items"], found["missing"]) == (len(references), len(references) - len(predictions))


def test_normal_forms_count_as_published_and_are_folded_beside_it() -> None:
    """MLQA's script takes a decomposed nukta letter for another; in NFC it is one."""
    found = scores({"q": ("सब\u095bी मंडी",)}, {"q": "सब\u091c\u093cी मंडी"}, "hi")
    assert found["metrics"]["mlqa"]["exact_match"] == 0
    assert found["nfc"]["mlqa"]["exact_match"] == found["metrics"]["hi_lenient"]["exact_match"] == 100


@pytest.mark.parametrize(
    ("answer", "reference"),
    [("5%", "5"), ("1 / 4", "1 4"), ("५.५", "५५"), ("-5", "5"), ("1,00,000.5", "1000005"), (".५", "५"), ("१/२", "१२"), ("50 %", "50")],
)
def test_no_number_is_taken_for_another_by_the_lenient_rule(answer: str, reference: str) -> None:
    """Decimals, signs, fractions, lakh commas, percent."""
    assert scores({"q": (reference,)}, {"q": answer}, "hi")["metrics"]["hi_lenient"]["exact_match"] == 0


def test_an_impossible_question_is_right_where_nothing_is_answered(tmp_path: Path) -> None:
    """As SQuAD v2 has it: the empty answer, not a missing one."""
    path = squad_file(tmp_path, [{"id": "a", "is_impossible": True, "answers": []}, {"id": "b", "answers": [{"text": "Agra"}]}])
    references = load_references(path)
    assert scores(references, {"a": "", "b": "Agra"}, "en")["metrics"]["mlqa"]["exact_match"] == 100
    found = scores(references, {"a": "Delhi"}, "en")
    assert (found["metrics"]["mlqa"]["exact_match"], found["impossible"], found["missing"]) == (0, 1, 1)


@pytest.mark.parametrize(
    ("questions", "expected"),
    [
        ([{"answers": [{"text": "x"}]}], "field 'data[0].paragraphs[0].qas[0].id': expected a string or an integer, found nothing"),
        ([{"id": 1, "answers": [{"text": "x"}]}] * 2, "field 'data[0].paragraphs[0].qas[1].id': expected another id"),
        ([{"id": 1, "answers": "x"}], "field 'data[0].paragraphs[0].qas[0].answers': expected a list of answers, found a string"),
        ([{"id": 1, "answers": [{"text": 5}]}], "answers[0].text': expected a string, found a number"),
        ([], "expected at least one question"),
    ],
)
def test_references_that_no_prediction_could_name_are_refused(tmp_path: Path, questions: list[dict[str, Any]], expected: str) -> None:
    """The error names file and field."""
    path = squad_file(tmp_path, questions)
    with pytest.raises(DataError, match=re.escape(expected)) as refused:
        load_references(path)
    assert str(path) in str(refused.value)


def test_flattened_rows_are_read_too(tmp_path: Path) -> None:
    """One row a question, as the hub's SQuAD has them; repeats of an answer stay, for sacreBLEU counts references."""
    path = tmp_path / "rows.json"
    path.write_text(
        json.dumps({"data": [{"id": "a", "question": "?", "context": "c", "answers": {"text": ["x", "x"], "answer_start": [0, 0]}}]})
    )
    assert load_references(path) == {"a": ("x", "x")}


@pytest.mark.parametrize(
    ("text", "expected"), [("[]", "expected a JSON object"), ('{"a": 5}', "field 'a': expected a string"), ("{", "expected a JSON object")]
)
def test_predictions_of_another_form_are_refused(tmp_path: Path, text: str, expected: str) -> None:
    """File and id are named; null is a missing answer."""
    path = tmp_path / "predictions.json"
    path.write_text(text)
    with pytest.raises(DataError, match=re.escape(expected)):
        load_predictions(path)
    path.write_text('{"a": null, "b": "x"}')
    assert load_predictions(path) == {"b": "x"}


def squad_file(folder: Path, questions: list[dict[str, Any]]) -> Path:
    """A SQuAD file of one paragraph."""
    asked = [{"question": "Where?"} | question for question in questions]
    path = folder / "squad.json"
    path.write_text(json.dumps({"data": [{"title": "t", "paragraphs": [{"context": "c", "qas": asked}]}]}))
    return path
