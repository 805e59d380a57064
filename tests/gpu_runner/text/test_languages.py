"""Any language is taken, from a file to the gate's report: by the first part of its tag, with the general checks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpu_runner.dataset.formats.evaluation_file import read_evaluation_file
from gpu_runner.dataset.prepare import PrepareRequest, prepare
from gpu_runner.dataset.rows import Answer, EvaluationItem, Side, load_evaluation_items, load_training_rows, save_rows
from gpu_runner.evaluate.report import write_reports
from gpu_runner.evaluate.score import score_answers
from gpu_runner.gate.decide import decide
from gpu_runner.gate.policy import Policy, policy_text
from gpu_runner.text.languages import checks_sentence, primary_language
from gpu_runner.versions.gate_policy_file import parse_policy

SIDES: tuple[Side, ...] = ("baseline", "candidate")
WORDS = {
    "fr": ("Qui a fondé le musée {n} ?", "Léa Farrow {n}"),
    "mr": ("संग्रहालय {n} कोणी स्थापन केले?", "लीला {n}"),
    "ru": ("Кто основал музей {n}?", "Лилa {n}"),
    "ja": ("博物館{n}は誰が設立しましたか?", "リーラ{n}"),
    "ta": ("அருங்காட்சியகம் {n} யார்?", "லீலா {n}"),
}


@pytest.mark.parametrize(
    ("tag", "found"),
    [
        ("x-private", "und"),
        ("i-klingon", "und"),
        ("und-Latn", "und"),
        ("x", None),
        ("", None),
        ("h", None),
        ("हिन्दी", None),
        ("en" + "-a" * 20, None),
        ("sr-Latn-RS", "sr"),
    ],
)
def test_what_is_no_tag_is_told_from_one(tag: str, found: str | None) -> None:
    """By its form: any language that has a code of two or three letters."""
    assert primary_language(tag) == found


@given(st.from_regex(r"\A[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}\Z"))
def test_every_tag_of_the_events_has_a_first_part(tag: str) -> None:
    """What the topics carry, the files take."""
    if len(tag) <= 35:
        assert primary_language(tag) == tag.split("-", maxsplit=1)[0]


def test_rows_of_any_language_go_from_a_file_to_the_gates_report(tmp_path: Path) -> None:
    """They keep their language, train in wordings that are told apart, are scored and guarded by it, and the reports name their checks."""
    rows = [
        {"prompt": asked.format(n=n), "completion": right.format(n=n), "language": f"{language}-XX", "group": f"{language} {n}"}
        for language, (asked, right) in WORDS.items()
        for n in range(12)
    ]
    file = tmp_path / "rows.jsonl"
    file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    known = tuple(
        EvaluationItem(item.id, "old_facts", f"{item.question} {n}", item.answers, item.language, f"old {n}")
        for n, item in enumerate(read_evaluation_file(file).items)
    )
    prepared = prepare(
        PrepareRequest(tmp_path / "out", (), (), known, b"key", dataset_path=file, dataset_name="rows.jsonl", holdout_percent=1)
    )
    assert {row.language for row in load_training_rows(prepared.train)} == set(WORDS)
    items = load_evaluation_items(prepared.evaluation)
    assert {item.language for item in items} == set(WORDS)
    save_rows(tmp_path / "a.jsonl", [Answer(item.id, side, item.answers[0], 1, 1) for item in items for side in SIDES])
    score_answers(prepared.evaluation, tmp_path / "a.jsonl", tmp_path / "s.json")
    scores = json.loads((tmp_path / "s.json").read_text(encoding="utf-8"))
    policy = parse_policy(policy_text(Policy(languages=tuple(WORDS), min_guard_items=10)).encode(), languages=())
    decision = decide(policy, scores, seed=0)
    assert {guard.name for guard in decision.guards} >= {f"language {language}" for language in WORDS}
    assert not [guard for guard in decision.guards if guard.name.startswith("language ") and guard.state in ("missing", "too_few")]
    paths = write_reports(scores, tmp_path, "job", decision=decision.as_dict())
    assert "- checks: fr, ja, mr, ru, ta: the general ones" in paths.markdown.read_text(encoding="utf-8")
    figures = {row["language"]: row["candidate"]["script_violation"] for row in scores["items"]}
    assert not any(figures.values())


def test_reports_tell_which_checks_each_language_had() -> None:
    """Of its own, or the general ones."""
    assert checks_sentence(["hi", "en", "en"]) == "hi, en: their own"
    assert checks_sentence(["en"]) == "en: its own"
    assert checks_sentence([]) == ""
