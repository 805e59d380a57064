"""The report's own words in English and Hindi, by `<section>.<key>`; what is not among them is shown as it is."""

from __future__ import annotations

import json
from functools import cache
from html import escape
from pathlib import Path
from typing import Any, Final

_FILE: Final = Path(__file__).with_name("words.json")
# Told where there is a decision, or a comparison of damage.
_AT_ITS_PLACE: Final = ("false_promotions", "written_damage")


@cache
def both_languages() -> dict[str, list[str]]:
    """Key to [English, Hindi]."""
    whole: dict[str, dict[str, Any]] = json.loads(_FILE.read_text(encoding="utf-8"))
    return {f"{section}.{key}": list(words) for section, keys in whole.items() for key, words in keys.items()}


def english(key: str) -> str:
    """The English words of a key of ours."""
    return both_languages()[key][0]


def notes() -> list[str]:
    """How the figures were computed, a sentence or two each, in English."""
    return [english(key) for key in note_keys()]


def note_keys() -> list[str]:
    """The keys of the notes."""
    return [key for key in both_languages() if key.startswith("notes.") and key.removeprefix("notes.") not in _AT_ITS_PLACE]


def label(key: str, *, tag: str = "span", attributes: str = "") -> str:
    """An element with the English words of a key of ours, which the page's script turns into Hindi."""
    return f'<{tag} data-t="{key}"{attributes}>{escape(english(key))}</{tag}>'


def name(section: str, text: str, *, tag: str = "span", attributes: str = "") -> str:
    """An element with a name that may not be ours (a metric, a set): in words where they are known, else as it is."""
    known = both_languages().get(f"{section}.{text}")
    mark = "" if known is None else f' data-t="{escape(section)}.{escape(text)}"'
    return f"<{tag}{mark}{attributes}>{escape(text if known is None else known[0])}</{tag}>"


def part(item_set: str, language: str) -> str:
    """A set and a language in words."""
    spoken = label("page.all_languages") if language == "all" else name("words", language)
    return f"{name('words', item_set)}, {spoken}"
