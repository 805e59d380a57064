"""The report in a browser: whole, offline, usable by keyboard and on a phone, in Hindi and English."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bench.report_page.chromium import Chromium
from bench.report_page.sample import write_sample
from bench.report_page.tools import ToolMissing, axe_script
from gpu_runner.dataset.rows import Answer, EvaluationItem
from gpu_runner.evaluate.report import write_reports
from gpu_runner.evaluate.report_page.texts import texts_of
from gpu_runner.evaluate.suite import BenchmarkSuite

pytestmark = pytest.mark.process
# Also hidden by nobody: what is wider than its box, but for tables that scroll in theirs.
CUT = """[...document.querySelectorAll('body *')].filter((one) => !one.closest('.scroll, .hidden-text, .skip') && one.offsetParent
  && (one.getBoundingClientRect().right > innerWidth + 0.5 || one.getBoundingClientRect().left < -0.5))
  .map((one) => one.outerHTML.slice(0, 120))"""
OPEN_THREE = "[...document.querySelectorAll('#list > li > details')].slice(0, 3).forEach((one) => { one.open = true; })"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample's report."""
    return write_sample(tmp_path_factory.mktemp("report")).html


def show(browser: Chromium, page: Path, language: str = "en", *, width: int = 1280, dark: bool = False) -> None:
    """The page anew, with three items opened."""
    browser.look_at(width, 900, dark=dark)
    browser.open("about:blank")
    browser.open(f"{page.as_uri()}#lang={language}")
    browser.value(f"{OPEN_THREE}; new Promise((done) => setTimeout(done, 50))")


def choose(browser: Chromium, control: str, value: str) -> list[dict[str, Any]]:
    """A control is set as a reader sets it; what the list shows then."""
    event = "input" if control == "search" else "change"
    browser.value(
        f"{{ const box = document.getElementById('by-{control}'); box.value = {json.dumps(value)}; "
        f"box.dispatchEvent(new Event('{event}', {{ bubbles: true }})); }} new Promise((done) => setTimeout(done, 200))"
    )
    found: list[dict[str, Any]] = browser.value(
        "[...document.querySelectorAll('#list > li')].map((one) => DATA.items.find((item) => item.id === one.dataset.id))"
    )
    return found


@pytest.mark.parametrize("language", ["en", "hi"])
@pytest.mark.parametrize("width", [390, 1280])
def test_k12_nothing_is_cut_and_no_request_leaves(browser: Chromium, page: Path, language: str, width: int) -> None:
    """At both widths, with items opened: the page is as wide as its window, and so is everything in it."""
    show(browser, page, language, width=width)
    assert browser.value("document.documentElement.lang") == language
    assert browser.value("document.documentElement.scrollWidth") <= width
    assert browser.value(CUT) == []
    assert browser.value("document.querySelectorAll('#list > li').length") == 50
    assert browser.asked == []


def test_filters_leave_what_they_say(browser: Chromium, page: Path) -> None:
    """Outcome, set, language, marks, search in Devanagari; together they narrow, and one button takes all back."""
    show(browser, page)
    assert {item["o"] for item in choose(browser, "outcome", "regressed")} == {"regressed"}
    assert {(item["o"], item["s"]) for item in choose(browser, "set", "old_facts")} == {("regressed", "old_facts")}
    assert {item["l"] for item in choose(browser, "itemLanguage", "en")} == {"en"}
    browser.value("[...document.querySelectorAll('.controls button')].at(-1).click()")
    found = choose(browser, "search", "मूसी नदी")
    assert found
    assert all("मूसी नदी" in json.dumps(item, ensure_ascii=False) for item in found)
    assert choose(browser, "search", "nowhere to be found") == []
    assert browser.value("document.getElementById('empty').textContent")
    choose(browser, "search", "")
    assert all(item["a"][0] != item["a"][1] for item in choose(browser, "outcome", "changed"))
    choose(browser, "outcome", "")
    assert {item["k"] for item in choose(browser, "kind", "long")} == {"long"}
    choose(browser, "kind", "")
    place = browser.value("DATA.fields.indexOf('unsupported')")
    assert all(item["v"][1][place] > 0 for item in choose(browser, "flag", "unsupported"))


def test_sorting_is_by_figure_in_both_directions(browser: Chromium, page: Path) -> None:
    """By the candidate's F1 and by its change; the smallest or the largest first."""
    show(browser, page)
    choose(browser, "perPage", "200")
    place = browser.value("DATA.fields.indexOf('f1')")
    for control, figure in (
        ("1:f1", lambda item: item["v"][1][place]),
        ("change:f1", lambda item: item["v"][1][place] - item["v"][0][place]),
    ):
        choose(browser, "sort", control)
        for ascending in ("true", "false"):
            shown = [figure(item) for item in choose(browser, "ascending", ascending)]
            assert shown == sorted(shown, reverse=ascending == "false")
            assert shown[0] != shown[-1]


def test_pages_turn_by_keyboard(browser: Chromium, page: Path) -> None:
    """Tab reaches the controls, Enter turns the page and opens an item."""
    show(browser, page)
    browser.value("document.querySelector('#turn button:last-child').focus()")
    browser.press("Enter")
    assert browser.value("state.page") == 1
    browser.value("document.querySelector('#list summary').focus()")
    browser.press("Enter")
    assert browser.value("document.querySelector('#list details').open")
    browser.value("new Promise((done) => setTimeout(done, 100))")
    assert browser.value("document.querySelector('#list .answers') !== null")
    browser.press("Tab")
    assert browser.value("document.activeElement.tagName") == "SELECT"


def test_the_language_is_changed_in_place(browser: Chromium, page: Path) -> None:
    """Every label is in the other language, the figures are the same, and what was open stays open."""
    show(browser, page, "en")
    figures = "[...document.querySelectorAll('td, .value')].map((one) => one.textContent.replace(/[^0-9.+-]/g, '')).join(' ')"
    before = browser.value(figures)
    browser.value("document.querySelector('[data-language=hi]').click()")
    assert browser.value("document.querySelector('#items-title').textContent") == "सवाल"
    assert browser.value("document.documentElement.lang") == "hi"
    browser.value("new Promise((done) => setTimeout(done, 50))")
    assert browser.value(figures) == before
    assert browser.value("document.querySelectorAll('#list > li > details[open] .answers').length") == 3
    browser.value("document.querySelector('[data-language=en]').click()")
    assert browser.value("document.querySelector('#items-title').textContent") == "Items"


@pytest.mark.parametrize(("language", "width", "dark"), [("en", 1280, False), ("hi", 390, False), ("hi", 1280, True), ("en", 390, True)])
def test_axe_finds_nothing_serious(browser: Chromium, page: Path, language: str, width: int, dark: bool) -> None:
    """Labels, names, contrast, order: with the items opened, light and dark."""
    try:
        script = axe_script()
    except ToolMissing as missing:
        pytest.skip(str(missing))
    show(browser, page, language, width=width, dark=dark)
    browser.value(script + "; 1")
    found = browser.value(
        "axe.run().then((result) => result.violations.map((one) => [one.impact, one.id, one.nodes[0].html.slice(0, 200)]))"
    )
    assert [one for one in found if one[0] in ("serious", "critical")] == []


def test_differences_are_by_word_and_cut_no_syllable(browser: Chromium, page: Path) -> None:
    """Joined again the parts are the two texts; no part begins inside a grapheme of Devanagari."""
    show(browser, page)
    pairs = [
        ("सालार जंग संग्रहालय हैदराबाद में है।", "सालार जंग संग्रहालय दिल्ली में था।"),
        ("क्षत्रिय ज्ञान श्रीकृष्ण र्‍य", "क्षत्रिय विज्ञान श्रीकृष्ण र्य"),
        ("५,००० रुपये, 3.5 %", "5,000 रुपये, 3.5 %"),
        ("", "कुछ"),
        ("same words", "same words"),
        ("किताब", "किताबें"),
    ]
    for text, other in pairs:
        parts = browser.value(f"difference({json.dumps(text)}, {json.dumps(other)})")
        assert "".join(part for kind, part in parts if kind != "lacking") == text
        assert "".join(part for kind, part in parts if kind != "added") == other
        cut = browser.value(
            f"(() => {{ const ends = new Set(); let at = 0; for (const token of tokens({json.dumps(text)})) ends.add(at += token.length);"
            "const whole = new Set([0]); at = 0;"
            f"for (const one of new Intl.Segmenter('hi').segment({json.dumps(text)})) whole.add(at += one.segment.length);"
            "return [...ends].filter((end) => !whole.has(end)); })()"
        )
        assert cut == []
    assert browser.value("difference('in 1875', 'in 1814')") == [["same", "in "], ["lacking", "1814"], ["added", "1875"]]
    long = " ".join(f"word{number}" for number in range(3000))
    assert len(browser.value(f"difference({json.dumps(long)}, {json.dumps(long[::-1])})")) > 1


def test_hostile_texts_stay_text(browser: Chromium, tmp_path: Path) -> None:
    """Scripts do not run, markup is shown, marks of direction are named, and no request leaves."""
    hostile = "</script><img src=http://x.invalid/y onerror='window.bitten=1'><script>window.bitten=1</script> \u202eabc\u2066 <b>"
    items = [EvaluationItem("1", "dataset", hostile, (hostile,), "en", "g", source=hostile)]
    answers = [Answer("1", "candidate", hostile, 1, 1)]
    scores = BenchmarkSuite().run(items, answers).scores
    paths = write_reports(
        scores, tmp_path, "job", title=hostile, facts={hostile: hostile}, texts=texts_of(items, answers, scores["items"])
    )  # fmt: skip
    show(browser, paths.html)
    browser.value(
        "document.querySelectorAll('details').forEach((one) => { one.open = true; }); new Promise((done) => setTimeout(done, 100))"
    )
    assert browser.value("window.bitten") is None
    assert browser.value("document.querySelectorAll('img, b, iframe').length") == 0
    assert browser.value("document.querySelector('.asked').textContent").replace("U+202E", "\u202e").replace("U+2066", "\u2066") == hostile
    assert browser.value("[...document.querySelectorAll('.answers .text .mark')].length") >= 4
    assert browser.asked == []


def test_it_prints(browser: Chromium, page: Path) -> None:
    """A PDF of pages, not of one screen."""
    show(browser, page)
    printed = browser.printed()
    assert printed.startswith(b"%PDF")
    assert printed.count(b"/Type /Page\n") + printed.count(b"/Type /Page ") + printed.count(b"/Type /Page/") > 2
