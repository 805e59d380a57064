"""The three reports of an evaluation."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from gpu_runner.dataset.rows import Answer, EvaluationItem, Side, save_rows
from gpu_runner.evaluate.report import rendered, write_reports
from gpu_runner.evaluate.report_page.texts import samples_in, texts_of, without_texts
from gpu_runner.evaluate.score import score_answers
from gpu_runner.gate.decide import Policy, decide
from gpu_runner.gate.written_damage import compare_damage

SIDES: tuple[Side, ...] = ("baseline", "candidate")
VOID = {"meta", "line", "circle", "rect"}
OUR_SCRIPTS = 3  # two of them data


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
    """Nothing is loaded from elsewhere, by a policy of its own too; tags are closed, both colour schemes and a chart are there."""
    html = write_reports(scores, tmp_path, "job").html.read_text(encoding="utf-8")
    assert not re.search(r"https?://|<link|@import|url\(|\bsrc=|\bfetch\(|XMLHttpRequest|\son\w+=", html)
    assert "default-src 'none'" in html
    assert "prefers-color-scheme: dark" in html
    assert "<svg" in html
    balance = Balance()
    balance.feed(html)
    assert (balance.open, balance.wrong) == ([], [])


def test_texts_are_escaped(tmp_path: Path, scores: dict[str, Any]) -> None:
    """A name can't become markup."""
    html = write_reports(scores, tmp_path, "job", facts={"model": "<script>alert(1)</script>"}).html.read_text(encoding="utf-8")
    assert "<script>alert" not in html
    assert html.count("<script") == OUR_SCRIPTS


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
    html = paths.html.read_text(encoding="utf-8")
    assert html.index(">Warning<") < html.index(warning)
    for entry in scores["items"]:
        entry["candidate"]["cut"] = False
    assert "Warning" not in write_reports(scores, tmp_path, "whole").markdown.read_text(encoding="utf-8")


def test_what_became_of_the_corrections_is_in_all_three_reports(tmp_path: Path, scores: dict[str, Any]) -> None:
    """Counts by round, the ids of those that were lost, and versions of which nothing is known; nothing where there are none."""
    states = {"learnt": 0, "not_learnt": 1, "kept": 20, "lost": 2, "not_asked": 70, "withdrawn": 7}
    told = {
        "version": "v5", "rounds": [{"origin": "v<1>", "corrections": 100} | states],
        "lost": [{"id": "sample-1", "origin": "v1", "language": "hi"}, {"id": "<b>", "origin": "v1", "language": "en"}],
        "faults": {"v3": "scores.json is gone"},
    }  # fmt: skip
    paths = write_reports(scores, tmp_path, "job", corrections=told)
    assert json.loads(paths.results.read_text(encoding="utf-8"))["corrections"] == told
    markdown, html = (path.read_text(encoding="utf-8") for path in (paths.markdown, paths.html))
    assert "| 100 | 0 | 1 | 20 | 2 | 70 | 7 |" in markdown
    assert "- `sample-1` (v1, hi)" in markdown
    assert "v3 (scores.json is gone)" in markdown.replace("\\", "")
    assert ">100</td><td>0</td><td>1</td><td>20</td><td>2</td><td>70</td><td>7</td>" in html
    assert "<code>sample-1</code>" in html
    assert "<code>&lt;b&gt;</code>" in html
    assert "scores.json is gone" in html
    balance = Balance()
    balance.feed(html)
    assert (balance.open, balance.wrong) == ([], [])
    without = write_reports(scores, tmp_path, "none", corrections=told | {"rounds": [], "lost": [], "faults": {}})
    assert "corrections.title" not in without.html.read_text(encoding="utf-8").split('<script type="application/json"')[0]
    none_lost = write_reports(scores, tmp_path, "kept", corrections=told | {"lost": []}).markdown.read_text(encoding="utf-8")
    assert "This version lost none" in none_lost


def test_what_telling_would_have_done_is_in_all_three_reports(tmp_path: Path, scores: dict[str, Any]) -> None:
    """Shares and counts; a share that nobody could measure is left out."""
    told = {"most": 3, "items": 40, "baseline": 0.05, "baseline_told": 0.625, "candidate": 0.9, "found_by_likeness": 0.975}
    told |= {"not_asked": {"too_long_with_one": 2, "its_correction_cannot_be_told": 1}, "sha256": "a" * 64}
    paths = write_reports(scores, tmp_path, "job", told=told)
    markdown, html = (path.read_text(encoding="utf-8") for path in (paths.markdown, paths.html))
    assert json.loads(paths.results.read_text(encoding="utf-8"))["told_corrections"] == told
    for words in ("62.5 %", "90.0 %", "97.5 %", "| items not asked | 3 |"):
        assert words in markdown
    assert "<td>62.5 %</td>" in html
    assert 'data-t="told.baseline_told"' in html
    balance = Balance()
    balance.feed(html)
    assert (balance.open, balance.wrong) == ([], [])
    nobody = told | {"items": 0} | dict.fromkeys(("baseline", "baseline_told", "candidate", "found_by_likeness"))
    assert "| items asked | 0 |" in write_reports(scores, tmp_path, "none", told=nobody).markdown.read_text(encoding="utf-8")
    assert "telling" not in write_reports(scores, tmp_path, "off").markdown.read_text(encoding="utf-8")


def test_damaged_words_of_both_sides_are_in_all_three_reports(tmp_path: Path, scores: dict[str, Any]) -> None:
    """The comparison as it was given, in words of both languages; nothing of it where no answers were compared, or none is given."""
    for number, entry in enumerate(scores["items"]):
        for side, damaged in (("baseline", 0.1), ("candidate", 1.5 + number / 10)):
            entry[side] |= {"lexical_damaged": damaged, "lexical_words": 10}
    told = compare_damage(scores["items"], seed=0).as_dict()
    assert told["more"]
    paths = write_reports(scores, tmp_path, "damaged", written_damage=told)
    assert json.loads(paths.results.read_text(encoding="utf-8"))["written_damage"] == told
    shown = ["12", "0.0100", "0.2050", f"{told['p_value']:.4f}"]
    markdown = paths.markdown.read_text(encoding="utf-8")
    assert f"| {' | '.join(shown)} | yes |" in markdown
    assert "decides nothing" in markdown
    html = paths.html.read_text(encoding="utf-8")
    assert "".join(f"<td>{cell}</td>" for cell in shown) + '<td><span data-t="items.yes">yes</span></td>' in html
    assert "हिंदी के बिगड़े शब्द" in html
    for given in (None, compare_damage([], seed=0).as_dict()):
        without = write_reports(scores, tmp_path, "without", written_damage=given)
        assert "Damaged words of Hindi" not in without.markdown.read_text(encoding="utf-8")
        assert '<td><span data-t="items.yes">' not in without.html.read_text(encoding="utf-8")


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
            assert len(re.findall(r"(?<!\\)\|", line)) in {7, 8}, line
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
    assert html.count("<script") == OUR_SCRIPTS
    balance = Balance()
    balance.feed(html)
    assert (balance.open, balance.wrong) == ([], [])


def gains_of(html: str) -> dict[str, str]:
    """The labels of the chart of gains and the figures beside them."""
    chart = html.split('aria-label="Gains"')[1].split("</div></div>", maxsplit=1)[0]
    names = re.findall(r'<span class="name"><span[^>]*>(.*?)</span></span>', chart)
    return dict(zip(names, re.findall(r'<span class="value">(\S+?)[ <]', chart), strict=True))


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
    assert "Above zero (right) the candidate is better" in html
    shown = gains_of(html)
    assert (shown[guards[0]["name"]], shown[guards[1]["name"].replace("_", " ")]) == ("+0.0980", "-1.4000")


def figures_of(path: Path) -> list[str]:
    """Every figure with four decimals of a report, in order."""
    return re.findall(r"[-+]?\d+\.\d{4}(?!\d)", path.read_text(encoding="utf-8").split('<script type="application/json"')[0])


def test_the_three_reports_have_the_same_figures(tmp_path: Path, scores: dict[str, Any]) -> None:
    """Each figure, gain and interval of the JSON is in the Markdown and in the HTML, and these two have no other in their tables."""
    decision = decide(Policy(min_guard_items=2), scores, seed=0).as_dict()
    for entry in scores["items"][:3]:
        entry["candidate"] |= {"em": 0.0, "em_guarded": 0.0, "fixed": False}
    scores["aggregates"]["candidate"]["all"]["all"]["em_guarded"] = 0.75
    paths = write_reports(scores, tmp_path, "job", decision=decision)
    results = json.loads(paths.results.read_text(encoding="utf-8"))
    told = {
        f"{value:.4f}" for side in SIDES for value in results["aggregates"][side]["all"]["all"].values() if value != len(scores["items"])
    }
    for ends in results["intervals"]["all"]["all"].values():
        told |= {f"{end:.4f}" for pair in ends.values() for end in pair}
    assert results["intervals"]["all"]["all"]["em_guarded"]["gain"]
    shown = {path: {figure.removeprefix("+") for figure in figures_of(path)} for path in (paths.markdown, paths.html)}
    for path, figures in shown.items():
        assert told - {figure.removeprefix("-") for figure in figures} == set(), path
    charts = {f"{primary[end]:+.4f}".removeprefix("+") for end in ("gain", "low", "high")} if (primary := decision["primary"]) else set()
    assert shown[paths.html] - charts == shown[paths.markdown] - charts
    counts = results["outcomes"]["all"]["all"]
    assert (counts["items"], counts["fixed"], counts["wrong_on_both"]) == (12, 9, 3)
    assert f"| all, all | {' | '.join(str(count) for count in counts.values())} |" in paths.markdown.read_text(encoding="utf-8")


def test_a_figure_that_nobody_named_here_is_in_all_three(tmp_path: Path, scores: dict[str, Any]) -> None:
    """A metric and a field of a row that came later: in the tables with an interval, and in the data of the items."""
    for number, entry in enumerate(scores["items"]):
        for side in SIDES:
            entry[side] |= {"fact_recall": number % 2 / 2, "verdict": {"label": "supported", "evidence": "a span"}, "kind": "long"}
    for side in SIDES:
        scores["aggregates"][side]["all"]["all"]["fact_recall"] = 0.25
    paths = write_reports(scores, tmp_path, "job")
    assert json.loads(paths.results.read_text(encoding="utf-8"))["intervals"]["all"]["all"]["fact_recall"]["candidate"][0] < 0.25
    assert "| fact_recall | 0.2500 | 0.2500 | +0.0000 |" in paths.markdown.read_text(encoding="utf-8")
    html = paths.html.read_text(encoding="utf-8")
    assert "<code>fact_recall</code>" in html
    data = data_of(html)
    assert "fact_recall" in data["fields"]
    assert data["items"][0]["n"][1]["verdict"]["evidence"] == "a span"
    assert data["items"][0]["k"] == "long"


def data_of(html: str) -> dict[str, Any]:
    """The items as the page has them."""
    found: dict[str, Any] = json.loads(html.split('<script type="application/json" id="data">')[1].split("</script>", maxsplit=1)[0])
    return found


def test_texts_are_in_the_reports_and_stay_text(tmp_path: Path, scores: dict[str, Any]) -> None:
    """What would end a script, turn the line round or begin a table is data in the page and one plain line in the Markdown."""
    hostile = "</script><script>alert(1)</script><!-- \u202e ]]> \u2028 | # x\ud800"
    items = [EvaluationItem("1", "repair", hostile, (hostile,), "en", "g", f"{hostile} source", "s1")]
    texts = texts_of(items, [Answer("1", side, hostile, 1, 1) for side in SIDES], [])
    paths = write_reports(scores, tmp_path, "job", texts=texts)
    html = paths.html.read_text(encoding="utf-8")
    assert html.count("<script") == OUR_SCRIPTS
    assert "<!--" not in html.removeprefix("<!DOCTYPE html>")
    shown = data_of(html)["items"][1]
    assert shown["q"] == shown["r"][0] == shown["a"][1] == hostile.replace("\ud800", "?")
    markdown = paths.markdown.read_text(encoding="utf-8")
    assert "[U+202E]" in markdown.replace("\\", "")
    assert not set("\u202e\u2028") & set(markdown)
    assert json.loads((tmp_path / "job" / "samples.json").read_bytes()) == {"format": 1, "samples": ["s1"]}


def test_what_is_taken_back_leaves_the_reports_and_the_figures_stay(tmp_path: Path, scores: dict[str, Any]) -> None:
    """Words of the sample, what only it was asked with, and the answers to it go; nothing else does."""
    items = [EvaluationItem(f"{n}", "repair", f"asked {n}", (f"right {n}",), "en", "g", f"source {n % 2} x", f"s{n}") for n in range(3)]
    texts = texts_of(items, [Answer(item.id, "candidate", f"said {item.id}", 1, 1) for item in items], [])
    paths = write_reports(scores, tmp_path, "job", texts=texts)
    before = json.loads(paths.results.read_text(encoding="utf-8"))
    assert samples_in(before) == ["s0", "s1", "s2"]
    after = without_texts(before, {"s1"})
    assert samples_in(after) == ["s0", "s2"]
    for data in rendered(after).values():
        assert not re.search("asked 1|right 1|said 1|source 1", data.decode())
        assert "items" in data.decode()
    assert {name: after[name] for name in ("items", "aggregates", "intervals", "outcomes")} == {
        name: before[name] for name in ("items", "aggregates", "intervals", "outcomes")
    }
    assert data_of(rendered(after)["report.html"].decode())["items"][1]["t"] == 1
    assert without_texts(after, {"s1"}) == after
