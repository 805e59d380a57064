"""The page of a version in a browser: whole at a phone's and a desk's width, in both languages, offline, fit for readers of all kinds."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.explain_page.sample import MODEL, write_sample
from bench.report_page.chromium import Chromium
from bench.report_page.tools import ToolMissing, axe_script
from ops.commands.models.explain import write_page
from ops.lineage.records import read_model

pytestmark = pytest.mark.process
# Also hidden by nobody: what is wider than its box, but for tables that scroll in theirs.
CUT = """[...document.querySelectorAll('body *')].filter((one) => !one.closest('.scroll, .skip') && one.offsetParent
  && (one.getBoundingClientRect().right > innerWidth + 0.5 || one.getBoundingClientRect().left < -0.5))
  .map((one) => one.outerHTML.slice(0, 120))"""
VERSIONS = ("v0", "v2", "v3", "v4", "partner-1")


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of each kind of version: set up, refused, in service again, undecided, registered."""
    folder = tmp_path_factory.mktemp("explained")
    sample = write_sample(folder)
    records = read_model(sample.store, MODEL)
    for version in VERSIONS:
        write_page(sample.store, records, records.versions[version], folder / f"{version}.html", words=True, listed=False)
    return folder


def show(browser: Chromium, page: Path, language: str, *, width: int = 1280, dark: bool = False) -> None:
    """The page anew."""
    browser.look_at(width, 900, dark=dark)
    browser.open("about:blank")
    browser.open(f"{page.as_uri()}#lang={language}")


@pytest.mark.parametrize("language", ["en", "hi"])
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("version", VERSIONS)
def test_nothing_is_cut_and_no_request_leaves(browser: Chromium, pages: Path, version: str, language: str, width: int) -> None:
    """The page is as wide as its window, and so is everything in it; it asks nothing of the network."""
    show(browser, pages / f"{version}.html", language, width=width)
    browser.value("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    assert browser.value("document.documentElement.lang") == language
    assert browser.value("document.documentElement.scrollWidth") <= width
    assert browser.value(CUT) == []
    assert browser.asked == []


@pytest.mark.parametrize("version", VERSIONS)
def test_the_language_is_changed_in_place(browser: Chromium, pages: Path, version: str) -> None:
    """By a button, without a request; every heading, row and sentence is in the other language then, and nothing of ours in the former."""
    show(browser, pages / f"{version}.html", "en")
    seen = "[...document.querySelectorAll('h1, h2, h3, th, dt, p, main li')].filter((one) => one.offsetParent && !one.closest('details'))"
    english = browser.value(f"{seen}.map((one) => one.innerText)")
    browser.value("document.querySelector('[data-language=hi]').click()")
    assert browser.value("document.documentElement.lang") == "hi"
    assert browser.value("document.querySelector('[data-language=hi]').getAttribute('aria-pressed')") == "true"
    hindi = browser.value(f"{seen}.map((one) => one.innerText)")
    assert len(hindi) == len(english) > 15
    same = [one for one, other in zip(english, hindi, strict=True) if one == other and one.strip()]
    assert same == []
    assert browser.value("document.title") == f"{version} का क्या हुआ"
    browser.value("document.querySelector('[data-language=en]').click()")
    assert browser.value(f"{seen}.map((one) => one.innerText)") == english
    assert browser.asked == []


def test_without_its_script_both_languages_stand(browser: Chromium, pages: Path, tmp_path: Path) -> None:
    """A reader whose browser runs no script misses nothing."""
    page = (pages / "v3.html").read_text(encoding="utf-8")
    plain = tmp_path / "plain.html"
    plain.write_text(page[: page.index("<script>")] + "</body></html>", encoding="utf-8")
    browser.look_at(390, 900)
    browser.open(plain.as_uri())
    shown = browser.value("document.querySelector('#next').innerText")
    assert "What to do next" in shown
    assert "आगे क्या करें" in shown
    assert browser.value("document.documentElement.scrollWidth") <= 390


def test_keyboards_reach_the_buttons_and_the_tables(browser: Chromium, pages: Path) -> None:
    """Skip link, both buttons, then what scrolls; Enter chooses."""
    show(browser, pages / "v3.html", "en", width=390)
    reached = []
    for _ in range(6):
        browser.press("Tab")
        reached.append(
            browser.value("document.activeElement.className || document.activeElement.dataset.language || document.activeElement.tagName")
        )
    assert reached[:3] == ["skip", "en", "hi"]
    assert "scroll" in reached
    browser.value("document.querySelector('[data-language=hi]').focus()")
    browser.press("Enter")
    assert browser.value("document.documentElement.lang") == "hi"


@pytest.mark.parametrize("version", ["v2", "v3", "v0"])
@pytest.mark.parametrize("look", [("en", 1280, False), ("hi", 390, False), ("hi", 1280, True), ("en", 390, True)])
def test_axe_finds_nothing_serious(browser: Chromium, pages: Path, version: str, look: tuple[str, int, bool]) -> None:
    """Names, contrast, order, language: light and dark, with everything opened."""
    try:
        script = axe_script()
    except ToolMissing as missing:
        pytest.skip(str(missing))
    language, width, dark = look
    show(browser, pages / f"{version}.html", language, width=width, dark=dark)
    browser.value("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    browser.value(script + "; 1")
    found = browser.value(
        "axe.run().then((result) => result.violations.map((one) => [one.impact, one.id, one.nodes[0].html.slice(0, 200)]))"
    )
    assert [one for one in found if one[0] in ("serious", "critical")] == []


def test_it_prints(browser: Chromium, pages: Path) -> None:
    """A PDF of pages, not of one screen."""
    show(browser, pages / "v3.html", "hi")
    printed = browser.printed()
    assert printed.startswith(b"%PDF")
    assert printed.count(b"/Type /Page\n") + printed.count(b"/Type /Page ") + printed.count(b"/Type /Page/") > 1
