"""The three reports of an evaluation."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from gpu_runner.dataset.rows import Answer, EvaluationItem, Side, save_rows
from gpu_runner.evaluate.report import write_reports
from gpu_runner.evaluate.score import score_answers
from gpu_runner.gate import Policy, decide

SIDES: tuple[Side, ...] = ("baseline", "candidate")
VOID = {"meta", "line", "circle", "rect"}


@pytest.fixture
def scores(tmp_path: Path) -> dict[str, Any]:
    """Scores of a few items on both sides."""
    items = [EvaluationItem(f"{n}", "repair" if n % 2 else "old_facts", f"q {n}", (f"a{n}",), "en", f"g{n}") for n in range(12)]
    save_rows(tmp_path / "i.jsonl", items)
    save_rows(
        tmp_path / "a.jsonl",
        [Answer(item.id, side, item.answers[0] if side == "candidate" else "<b>", 1, 1) for item in items for side in SIDES],
    )
    score_answers(tmp_path / "i.jsonl", tmp_path / "a.jsonl", tmp_path / "s.json")
    content: dict[str, Any] = json.loads((tmp_path / "s.json").read_text(encoding="utf-8"))
    return content


class Balance(HTMLParser):
    """Notes tags that are not closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.wrong: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Opens a tag."""
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Closes the tag that was opened last."""
        if tag not in VOID and (not self.open or self.open.pop() != tag):
            self.wrong.append(tag)


def test_all_three_reports_tell_the_same(tmp_path: Path, scores: dict[str, Any]) -> None:
    """Figures, verdict and reasons are in the JSON, the Markdown and the HTML of the job's folder."""
    decision = decide(Policy(), scores, seed=0)
    paths = write_reports(scores, tmp_path / "reports", "job-7", decision=decision.as_dict(), facts={"model": "tiny"})
    assert paths.results.parent == tmp_path / "reports" / "job-7"
    results = json.loads(paths.results.read_text(encoding="utf-8"))
    assert results["aggregates"] == scores["aggregates"]
    assert results["decision"]["verdict"] == decision.verdict
    for path in (paths.markdown, paths.html):
        text = path.read_text(encoding="utf-8")
        assert decision.verdict in text
        assert decision.reasons[0] in text
        assert "tiny" in text
    assert "| exact_match | 0.0000 | 1.0000 | +1.0000 |" in paths.markdown.read_text(encoding="utf-8")


def test_the_html_is_one_offline_file(tmp_path: Path, scores: dict[str, Any]) -> None:
    """Nothing is loaded from elsewhere, tags are closed, both colour schemes and a chart are there."""
    html = write_reports(scores, tmp_path, "job").html.read_text(encoding="utf-8")
    assert not re.search(r"https?://|<script|<link|@import|url\(", html)
    assert "prefers-color-scheme: dark" in html
    assert "<svg" in html
    balance = Balance()
    balance.feed(html)
    assert (balance.open, balance.wrong) == ([], [])


def test_texts_are_escaped(tmp_path: Path, scores: dict[str, Any]) -> None:
    """A name can't become markup."""
    html = write_reports(scores, tmp_path, "job", facts={"model": "<script>alert(1)</script>"}).html.read_text(encoding="utf-8")
    assert "<script>" not in html


def test_the_same_scores_give_the_same_bytes(tmp_path: Path, scores: dict[str, Any]) -> None:
    """A report written again after a crash is the report that was there."""
    paths = write_reports(scores, tmp_path, "job")
    before = [path.read_bytes() for path in (paths.results, paths.markdown, paths.html)]
    again = write_reports(scores, tmp_path, "job")
    assert [path.read_bytes() for path in (again.results, again.markdown, again.html)] == before


def test_k4_cut_answers_are_in_all_three_reports(tmp_path: Path, scores: dict[str, Any]) -> None:
    """A warning with the share, and a row of the table; none where nothing was cut."""
    for entry in scores["items"]:
        entry["candidate"]["cut"] = True
    scores["aggregates"]["candidate"]["all"]["all"]["cut_rate"] = scores["aggregates"]["baseline"]["all"]["all"]["cut_rate"] = 1.0
    paths = write_reports(scores, tmp_path, "cut")
    warning = "12 of 12 answers of the candidate (100 %) were cut at EVALUATION_MAX_NEW_TOKENS"
    assert json.loads(paths.results.read_text(encoding="utf-8"))["warnings"][0].startswith(warning)
    assert f"**Warning:** {warning}" in paths.markdown.read_text(encoding="utf-8")
    assert "| cut_rate | 1.0000 | 1.0000 |" in paths.markdown.read_text(encoding="utf-8")
    assert f"Warning: {warning}" in paths.html.read_text(encoding="utf-8")
    for entry in scores["items"]:
        entry["candidate"]["cut"] = False
    assert "Warning" not in write_reports(scores, tmp_path, "whole").markdown.read_text(encoding="utf-8")
