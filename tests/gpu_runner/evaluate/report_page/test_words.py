"""The report's own words."""

from __future__ import annotations

import re
from pathlib import Path

from gpu_runner.evaluate.aggregate import METRICS
from gpu_runner.evaluate.long_answers.kinds import RULES
from gpu_runner.evaluate.report_page import words
from gpu_runner.evaluate.report_page.intervals import LESS_IS_BETTER, NEITHER

HERE = Path(words.__file__).parent


def test_every_word_is_there_in_both_languages() -> None:
    """The Hindi has Devanagari, but for names that Hindi writes in Latin letters."""
    for key, (english, hindi) in words.both_languages().items():
        assert english.strip(), key
        assert re.search("[\u0900-\u097f]", hindi) or hindi == english, key


def test_every_metric_has_words() -> None:
    """What is computed here is named in both languages; what comes later is shown by its name."""
    assert {f"metrics.{name}" for name in METRICS} - words.both_languages().keys() == set()


def test_the_script_asks_only_for_words_that_are_there() -> None:
    """A key that is missing would stand in the page as it is."""
    script = (HERE / "page.js").read_text(encoding="utf-8")
    asked = set(re.findall(r'words\("((?:page|items)\.\w+)"', script))
    assert len(asked) > 25
    assert asked - words.both_languages().keys() == set()


def test_the_notes_say_what_the_code_does() -> None:
    """The rule of each kind word for word, and every metric of which less, or neither, is better."""
    notes = words.both_languages()
    assert all(rule in notes["notes.kinds"][0] for rule in RULES.values())
    for language in (0, 1):
        assert all(name in notes["notes.gain"][language] for name in LESS_IS_BETTER | NEITHER)
