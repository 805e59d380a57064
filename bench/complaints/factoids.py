"""Corrections that nobody thought of complaints for: the answers of XQuAD in English and Hindi, each to another answer of its paragraph."""

from __future__ import annotations

import hashlib
import json
from typing import Final

from bench.complaints.cases import LabelledCase
from bench.drift.streams.pools import DATA, DataAbsent
from bench.halves import Half

_SCRIPTS: Final = {"en": "Latn", "hi": "Deva"}


def factoids(half: Half) -> list[LabelledCase]:
    """The corrections of a half of the articles, some 600 a language; raises DataAbsent where the data is not beside the checkout."""
    return [
        LabelledCase(language, script, "correction", "factoid", question, other, answer)
        for language, script in _SCRIPTS.items()
        for title, question, other, answer in _answers(language)
        if half_of_article(title) == half
    ]


def half_of_article(title: str) -> Half:
    """The half of an article and of all its questions, alike in every language."""
    return "final" if hashlib.blake2b(title.encode(), digest_size=2).digest()[0] % 2 else "tuning"


def _answers(language: str) -> list[tuple[str, str, str, str]]:
    """Title, question, the answer to the question before it in its paragraph, and its own."""
    path = DATA / "xquad" / f"xquad.{language}.json"
    if not path.is_file():
        raise DataAbsent("no development data at ../shared/data beside this checkout")
    found = []
    for number, article in enumerate(json.loads(path.read_text(encoding="utf-8"))["data"]):
        for paragraph in article["paragraphs"]:
            asked = [(one["question"], one["answers"][0]["text"]) for one in paragraph["qas"]]
            for place, (question, answer) in enumerate(asked):
                if asked[place - 1][1] != answer:
                    found.append((str(number), question, asked[place - 1][1], answer))
    return found
