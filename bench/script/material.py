"""Real Hindi by its part: what the vocabulary is learnt from, what thresholds are chosen on, and what figures are taken on.

Split by story and by article: HDA comes in three splits of other stories (train: learnt, dev: chosen, test: measured); of XQuAD's 48
articles the even ones choose and the odd ones measure, and none is learnt from.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

DATA: Final = Path(__file__).parents[3] / "shared" / "data"
SENTENCE_END: Final = re.compile(r"(?<=[।?!])\s+")
LEAST_WORDS: Final = 50

Part = Literal["chosen", "measured"]


@dataclass(frozen=True)
class Paragraph:
    """A paragraph of an article with the gold answers to its questions."""

    article: int
    text: str
    answers: tuple[str, ...]


def stories(split: Literal["train", "dev", "test"]) -> list[str]:
    """The sentences of stories of one split, in order."""
    lines = (DATA / "hda" / f"HDA_{split}.tsv").read_text(encoding="utf-8").splitlines()[1:]
    return [line.rsplit("\t", 1)[0] for line in lines]


def paragraphs(part: Part) -> list[Paragraph]:
    """The paragraphs of one half of XQuAD's articles."""
    articles = json.loads((DATA / "xquad" / "xquad.hi.json").read_text(encoding="utf-8"))["data"]
    return [
        Paragraph(number, paragraph["context"], tuple(qa["answers"][0]["text"] for qa in paragraph["qas"]))
        for number, article in enumerate(articles)
        if number % 2 == (part == "measured")
        for paragraph in article["paragraphs"]
    ]


def texts(part: Part) -> dict[str, list[str]]:
    """Texts of at least 50 words by their source: consecutive sentences of stories, and paragraphs of one article."""
    split: Literal["dev", "test"] = "dev" if part == "chosen" else "test"
    found = {"stories": _joined(stories(split)), "articles": []}
    by_article: dict[int, list[str]] = {}
    for paragraph in paragraphs(part):
        by_article.setdefault(paragraph.article, []).extend(SENTENCE_END.split(paragraph.text))
    for sentences in by_article.values():
        found["articles"] += _joined(sentences)
    return found


def _joined(sentences: Sequence[str]) -> list[str]:
    out: list[str] = []
    current: list[str] = []
    for sentence in sentences:
        current.append(sentence)
        if sum(len(one.split()) for one in current) >= LEAST_WORDS:
            out.append(" ".join(current))
            current = []
    return out
