"""The development data as short documents, in the order of their sources: four readers, one for each folder."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

SHORTEST: Final = 20  # characters; below it are headings, page furniture and single words
LONGEST: Final = 400
# Lines of one HDA file follow their stories, which are not marked: so many neighbouring lines are taken for one source.
STORY_LINES: Final = 24
LABELS: Final = ("0", "1", "2", "3", "4")
MODES: Final = ("argumentative", "descriptive", "dialogue", "informative", "narrative")  # HDA's labels in this order
WEB_PAGE: Final = "(meta data) TITLE:"  # how WiCE's evidence starts each page that it cites

# A danda always ends a sentence, ? and ! before a space; a full stop only after three characters without another stop or space
# (no initials, no "Dr.", no "6.5") and before what may start a sentence. Never `\w`: it splits Devanagari words at their vowel signs.
_SENTENCE_END: Final = re.compile(
    r"(?<=[।॥])(?![\s]*[\"”’)\]])\s*"
    r"|(?<=[?!])\s+"
    r"|(?<=[^\s.][^\s.][^\s.]\.)\s+(?=[A-Z\"“'(0-9\u0904-\u0939\u0958-\u0961])"
)
_SPACE: Final = re.compile(r"[\s\ufeff\u200b]+")


class Passage(NamedTuple):
    """A short document: its text, language (`hi`, `en`), corpus, source (what is published together) and group (what it is about)."""

    text: str
    language: str
    corpus: str
    source: str
    group: str


def sentences(text: str) -> list[str]:
    """The sentences of Hindi or English text; short ones join their neighbour, those over 400 characters are cut at a space.

    >>> sentences("यह पहला वाक्य है। क्या यह दूसरा वाक्य है? Dr. A. P. J. Abdul Kalam was here in 1998.5 or so.")
    ['यह पहला वाक्य है। क्या यह दूसरा वाक्य है?', 'Dr. A. P. J. Abdul Kalam was here in 1998.5 or so.']
    """
    found: list[str] = []
    for part in _SENTENCE_END.split(_SPACE.sub(" ", text).strip()):
        rest = part.strip()
        while len(rest) > LONGEST:
            cut = rest.rfind(" ", 0, LONGEST) if " " in rest[:LONGEST] else LONGEST
            found.append(rest[:cut])
            rest = rest[cut:].strip()
        if found and rest and min(len(rest), len(found[-1])) < SHORTEST and len(found[-1]) + len(rest) < LONGEST:
            found[-1] = f"{found[-1]} {rest}"
        elif rest:
            found.append(rest)
    return found


def passages(folder: Path) -> Iterator[Passage]:
    """Every passage of 20 to 400 characters below the data folder, source after source, in a source's own order; repeats included."""
    for passage in (*_xquad(folder / "xquad"), *_ewt(folder / "ewt"), *_hda(folder / "hda"), *_wice(folder / "wice")):
        if SHORTEST <= len(passage.text) <= LONGEST:
            yield passage


def _xquad(folder: Path) -> Iterator[Passage]:
    """Each article in Hindi and in English: a source each, one group for both; a paragraph's sentences, then its questions."""
    for language in ("hi", "en"):
        for article in json.loads((folder / f"xquad.{language}.json").read_text(encoding="utf-8"))["data"]:
            title = article["title"]
            for paragraph in article["paragraphs"]:
                questions = (text for asked in paragraph["qas"] for text in sentences(asked["question"]))
                for text in (*sentences(paragraph["context"]), *questions):
                    yield Passage(text, language, "xquad", f"xquad.{language}/{title}", f"article/{title}")


def _ewt(folder: Path) -> Iterator[Passage]:
    """Each document (a mail, a review, a post) a source, its genre the group."""
    with (folder / "sentences.jsonl").open(encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            for text in sentences(row["text"]):
                yield Passage(text, "en", f"ewt-{row['genre']}", f"ewt/{row['doc']}", f"genre/{row['genre']}")


def _hda(folder: Path) -> Iterator[Passage]:
    """Each run of 24 neighbouring lines a source, the discourse mode of a line its group."""
    for part in ("train", "dev", "test"):
        with (folder / f"HDA_{part}.tsv").open(encoding="utf-8", newline="") as lines:
            for number, row in enumerate(csv.reader(lines, delimiter="\t")):
                if len(row) == 2 and row[1] in LABELS:
                    for sentence in sentences(row[0]):
                        yield Passage(sentence, "hi", "hda", f"hda/{part}/{number // STORY_LINES}", f"mode/{MODES[LABELS.index(row[1])]}")


def _wice(folder: Path) -> Iterator[Passage]:
    """Each page that a claim cites a source, the article's own sentences another; the Wikipedia article is the group of all."""
    with (folder / "claim_dev.jsonl").open(encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            title = row["meta"]["claim_title"]
            source = article = f"wice/{title}"
            for text in (*sentences(row["meta"]["claim_context"]), *sentences(row["claim"])):
                yield Passage(text, "en", "wice", article, f"claim/{title}")
            for evidence in row["evidence"]:
                if evidence.startswith(WEB_PAGE):
                    source = f"{article}/{evidence.removeprefix(WEB_PAGE).strip()}"
                    continue
                for text in sentences(evidence.lstrip("#*-• ")):
                    yield Passage(text, "en", "wice", source, f"claim/{title}")
