"""The three reports of an evaluation."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from gpu_runner.dataset.rows import Answer, EvaluationItem, Side, save_rows
from gpu_runner.evaluate.report import write_reports
from gpu_runner.evaluate.score import score_answers
from gpu_runner.gate.decide import Policy, decide

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


HOSTILE = (
    "a | b `c` <img src=x onerror=alert(1)> [d](http://e.f) https://g.h **i** _j_ &lt; $k$ user@host\n# heading\n- item\n\n| t |\n|---|"
)


def test_k12_what_is_not_ours_is_plain_text_in_the_markdown(tmp_path: Path, scores: dict[str, Any]) -> None:
    """Names, reasons and signatures with pipes, backticks, brackets, line breaks and links: no markup of their own comes of any."""
    decision = decide(Policy(), scores, seed=0).as_dict()
    clean = write_reports(scores, tmp_path, "clean", decision=decision, facts={"model": "m"}).markdown.read_text(encoding="utf-8")
    guards = [dict(guard) | {"name": HOSTILE} for guard in decision["guards"]]
    hostile = dict(decision) | {"verdict": HOSTILE, "reasons": [HOSTILE] * len(decision["reasons"]), "guards": guards}
    changed = scores | {"signatures": dict.fromkeys(scores["signatures"], HOSTILE)}
    path = write_reports(changed, tmp_path, "hostile", decision=hostile, title=HOSTILE, facts={HOSTILE: HOSTILE}).markdown
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) == len(clean.splitlines())
    assert [line[:2] for line in text.splitlines()] == [line[:2] for line in clean.splitlines()]
    for line in text.splitlines():
        if line.startswith("|"):
            assert len(re.findall(r"(?<!\\)\|", line)) in {5, 7}, line
        bare = re.sub(r"(?P<fence>`+).*?(?P=fence)", "", line.replace("\\\\", "")) if not line.startswith(("|", "#")) else line
        assert not re.search(r"(?<!\\)[<`]|(?<!\\)\]\(|https?://|(?<!\\)\*\*i|(?<!\\)@", bare.replace("**Warning:**", "")), line


def test_k12_no_value_is_markup_in_the_html(tmp_path: Path, scores: dict[str, Any]) -> None:
    """Every text of facts, decision, guards, sets, languages and signatures is escaped; tags stay balanced."""
    decision = decide(Policy(), scores, seed=0).as_dict()
    guards = [dict(guard) | {"name": HOSTILE, "change": 0.1} for guard in decision["guards"]]
    hostile = dict(decision) | {"verdict": '"><script>', "reasons": [HOSTILE], "guards": guards}
    sides = {side: {HOSTILE: {HOSTILE: scores["aggregates"][side]["all"]["all"]}} for side in SIDES}
    changed = scores | {"signatures": {HOSTILE: HOSTILE}, "aggregates": sides}
    html = write_reports(changed, tmp_path, "j", decision=hostile, title=HOSTILE, facts={HOSTILE: HOSTILE}).html.read_text(encoding="utf-8")
    assert "<img" not in html
    assert "<script" not in html
    balance = Balance()
    balance.feed(html)
    assert (balance.open, balance.wrong) == ([], [])


def gains_of(html: str) -> dict[str, str]:
    """The labels of the chart of gains and the figures beside them."""
    chart = html.split('aria-label="Gains"')[1].split("</div>", maxsplit=1)[0]
    return dict(
        zip(re.findall(r'<span class="name">(.*?)</span>', chart), re.findall(r'<span class="value">(.*?)</span>', chart), strict=True)
    )


def test_k12_one_sign_in_tables_and_charts(tmp_path: Path, scores: dict[str, Any]) -> None:
    """Fewer hallucinations and a shorter latency are gains, in every place: above zero the candidate is better."""
    for side, rate, latency in (("baseline", 0.3, 50.0), ("candidate", 0.168, 120.0)):
        scores["aggregates"][side]["all"]["all"] |= {"hallucination_rate": rate, "latency_ms": latency, "abstention_rate": rate}
    decision = decide(Policy(), scores, seed=0).as_dict()
    guards = [dict(guard) for guard in decision["guards"]]
    for guard, change in zip(guards, (0.098, -1.4), strict=False):
        guard["change"] = change
    paths = write_reports(scores, tmp_path, "job", decision=dict(decision) | {"guards": guards})
    text, html = (path.read_text(encoding="utf-8") for path in (paths.markdown, paths.html))
    assert "| hallucination_rate | 0.3000 | 0.1680 | +0.1320 |" in text
    assert "| latency_ms | 50.0000 | 120.0000 | -70.0000 |" in text
    assert "| abstention_rate | 0.3000 | 0.1680 |  |" in text
    assert "above zero the candidate is better" in text
    assert "above zero (right) the candidate is better" in html
    shown = gains_of(html)
    assert (shown[guards[0]["name"]], shown[guards[1]["name"]]) == ("+0.098", "-1.400")


@pytest.mark.process
def test_k12_charts_are_whole_on_a_phone(tmp_path: Path, scores: dict[str, Any]) -> None:
    """In a frame of 360 pixels nothing but a table is wider than the page, as Chromium lays it out."""
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        pytest.skip("no Chromium on PATH")
    decision = decide(Policy(), scores, seed=0).as_dict()
    guards = [dict(guard) | {"change": 0.3} for guard in decision["guards"]]
    decision |= {"reasons": ["a" * 200], "guards": guards, "primary": {"gain": 0.2, "low": -0.1, "high": 1.0}}
    html = write_reports(scores, tmp_path, "job", decision=decision, facts={"model": "m" * 150}).html
    (tmp_path / "frame.html").write_text(
        f'''<iframe id="f" src="{html.as_uri()}" width="360" height="800" style="border:0" onload="
        const page = document.getElementById('f').contentDocument;
        const wide = [...page.querySelectorAll('.chart, .chart *, p, li')].filter((one) => one.getBoundingClientRect().right > 360);
        document.title = 'measured ' + page.querySelectorAll('.chart').length + ' ' + page.documentElement.scrollWidth + ' ' + wide.length;
        "></iframe>''',
        encoding="utf-8",
    )
    flags = (
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--no-first-run",
        "--disable-background-networking",
        "--allow-file-access-from-files",
    )
    command = [
        chromium,
        *flags,
        f"--user-data-dir={tmp_path / 'profile'}",
        "--timeout=5000",
        "--dump-dom",
        (tmp_path / "frame.html").as_uri(),
    ]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
    measured = re.search(r"<title>measured (\d+) (\d+) (\d+)</title>", shown)
    assert measured is not None, shown[:2000]
    charts, page_width, too_wide = map(int, measured.groups())
    assert (charts, too_wide) == (2, 0)
    assert page_width <= 360
